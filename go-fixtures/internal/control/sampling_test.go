package control

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"spanfate.dev/fixtures/samplingctl"
)

const (
	keyNames = `, "names": ["cart.Load", "payment.Charge"], "key": ["payment.Charge"]`
	isKey    = 32
)

// Spans wait until it is known how their trace went. The one that fails arrives whole, and of the others it is known that they were
// let go.
func TestSpansWaitAndAreLetGo(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint, faults: "[" + kind(0, spanError("failed", 0)) + "]",
		design: `{"retrokeep": {}}`}.start(t)
	p.expect(1, http.StatusOK)
	p.turn(0, true)
	p.expect(2, http.StatusInternalServerError)
	p.turn(0, false)
	p.expect(3, http.StatusOK)
	if s := p.stop(); s.ShutdownError != nil {
		t.Errorf("shutdown: %s", *s.ShutdownError)
	}
	spans := p.anySlots(0)
	if len(spans) != 9 {
		t.Fatalf("%d spans, want 9", len(spans))
	}
	for _, s := range spans {
		kept := s.trace == chainIDs.ForRequest(2)
		if s.held == 0 || (s.exportedAt != 0) != kept || (s.hidden != 0) == kept || s.name == "" || !s.closed {
			t.Errorf("kept should be %v: %+v", kept, s)
		}
	}
}

// A trace is kept or not, as a whole but for its key spans, which are kept always.
func TestAHybridSamplerKeepsKeySpans(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 4, endpoint: endpoint, samples: true, more: keyNames,
		design: `{"hybrid": {"busy_per_s": 1e9, "every_ms": 60000, "bare": false}}`}.start(t)
	if used := p.ready.Effective; !strings.HasPrefix(used.Sampler, "ParentBased{hybrid") {
		t.Errorf("sampler: %s", used.Sampler)
	}
	const requests = 100
	for request := range uint32(requests) {
		p.expect(request, http.StatusOK)
	}
	p.stop()
	spans := p.anySlots(0)
	if len(spans) != 4*requests {
		t.Fatalf("%d spans, want %d", len(spans), 4*requests)
	}
	sampled := make(map[[16]byte]byte) // by the root, of which nothing but the start is known if it is not sampled
	roots, keys := 0, 0
	for _, s := range spans {
		if s.parent == 0 {
			sampled[s.trace] = s.flags & 1
			roots += int(s.flags & 1)
		}
	}
	for _, s := range spans {
		want := sampled[s.trace]
		if s.flags&isKey != 0 {
			keys, want = keys+1, 1
		}
		if s.flags&1 != want || (s.exportedAt != 0) != (want == 1) {
			t.Errorf("trace sampled %d: %+v", sampled[s.trace], s)
		}
	}
	if keys != requests {
		t.Errorf("%d key spans, want %d", keys, requests)
	}
	if roots < requests/4 || roots > requests*3/4 {
		t.Errorf("%d of %d traces are kept, want about half", roots, requests)
	}
}

// The contrib's sampler asks for its rate, and keeps each operation by its own: key spans always, none of the others here.
func TestTheSamplerOfTheContribAsksForItsRate(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 4, endpoint: endpoint, samples: true, more: keyNames,
		design: `{"jaeger_remote": {"ratio": 0}}`}.start(t)
	if used := p.ready.Effective; used.Sampler != "JaegerRemoteSampler{}" {
		t.Errorf("sampler: %s", used.Sampler)
	}
	const requests = 20
	for request := range uint32(requests) {
		p.expect(request, http.StatusOK)
	}
	if s := p.stop(); s.ShutdownError != nil {
		t.Errorf("shutdown: %s", *s.ShutdownError)
	}
	others := 0
	for _, s := range p.anySlots(0) {
		key, sampled := s.flags&isKey != 0, s.flags&1 != 0
		if key && !sampled {
			t.Errorf("a key span was not kept: %+v", s)
		}
		if !key && sampled {
			others++
		}
	}
	// Of each operation it lets one through at the start, whatever the rate.
	if others > 2 {
		t.Errorf("%d other spans were kept", others)
	}
}

func TestTheEndpointTakesRulesAndTheWitnessKnowsWhatTheyLeaveOut(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint, more: keyNames,
		design: `{"endpoint": {"token": "secret"}}`}.start(t)
	post := func(token, rule string) int {
		request, err := http.NewRequest(http.MethodPost, p.address+samplingctl.Path, strings.NewReader(rule))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := fresh.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	const rule = `{"span_name": "cart.Load", "rate": 0, "condition": "error"}`
	p.expect(1, http.StatusOK)
	if status := post("guess", rule); status != http.StatusUnauthorized {
		t.Errorf("a wrong token: status %d", status)
	}
	if status := post("secret", rule); status != http.StatusOK {
		t.Errorf("a rule: status %d", status)
	}
	p.expect(2, http.StatusOK)
	p.stop()
	for _, s := range p.anySlots(0) {
		left := s.trace == chainIDs.ForRequest(2) && s.name == "cart.Load"
		if (s.hidden != 0) != left || (s.exportedAt == 0) != left {
			t.Errorf("left out should be %v: %+v", left, s)
		}
	}
	if spans := p.anySlots(0); len(spans) != 6 {
		t.Errorf("the endpoint makes spans: %s", fmt.Sprint(spans))
	}
}
