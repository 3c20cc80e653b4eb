package control

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// together asks for requests at the same time and returns when all are answered.
func (p *process) together(first, count uint32) (wait func()) {
	var group sync.WaitGroup
	for request := first; request < first+count; request++ {
		group.Go(func() { p.expect(request, http.StatusOK) })
	}
	return group.Wait
}

func TestExhaustedPoolMakesRequestsWait(t *testing.T) {
	endpoint, _ := receiver(t)
	store := startStore(t)
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint, cache: cacheOf(store, 1<<40),
		faults: "[" + kind(0, `"pool_exhausted": {"hold": 0}`) + "," + kind(1, `"pool_exhausted": {"hold": 1}`) + "]"}.start(t)
	p.turn(1, true) // one of two: a request alone does not wait
	p.expect(1, http.StatusOK)
	p.expectDose(1, 0, 0)
	p.turn(1, false)
	p.turn(0, true)
	wait := p.together(10, 3)
	until(t, "three requests wait", func() bool { return p.dose(0)[3] == 3 })
	p.turn(0, false)
	wait()
	p.expect(20, http.StatusOK)
	p.stop()
	store.stop()
	if d := p.dose(0); d[3] != 3 || d[4] == 0 {
		t.Errorf("dose: %v", d)
	}
	waited := 0
	for _, s := range p.slots(0) {
		if s.fault != 0 {
			waited++
			if s.fault != 1 || s.name != "pool.wait" {
				t.Errorf("touched: %+v", s)
			}
		}
	}
	if waited != 3 {
		t.Errorf("%d spans are marked", waited)
	}
}

// TestExhaustedPoolNeedsTheStore: what cannot take effect is answered and leaves nothing.
func TestExhaustedPoolNeedsTheStore(t *testing.T) {
	endpoint, _ := receiver(t)
	store := startStore(t)
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint, cache: cacheOf(store, 1<<40),
		faults: "[" + kind(0, `"pool_exhausted": {"hold": 0}`) + "]"}.start(t)
	store.stop()
	if a := p.order(`{"fault":0,"apply":true}`); a.Applied != nil || a.Error == "" || a.Fault == nil {
		t.Errorf("answer %+v", a)
	}
	if d := p.dose(0); d != [8]uint64{} {
		t.Errorf("dose: %v", d)
	}
	p.stop()
}

func TestLockedLRUMakesLookUpsWait(t *testing.T) {
	endpoint, _ := receiver(t)
	store := startStore(t)
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint, cache: cacheOf(store, 1<<40),
		faults: "[" + kind(6, `"lru_locked": {"hold_ms": 60, "every_ms": 70}`) + "]"}.start(t)
	p.turn(6, true)
	request := uint32(0)
	for ; p.dose(6)[3] < 3; request++ {
		p.expect(request, http.StatusOK)
	}
	p.turn(6, false)
	before := p.dose(6)
	p.expect(request, http.StatusOK)
	p.stop()
	store.stop()
	if d := p.dose(6); d[3] != before[3] || d[4] < 3e6 {
		t.Errorf("dose: %v, when cleared %v", d, before)
	}
	marked := uint64(0)
	for _, s := range p.slots(0) {
		if s.fault == 7 && s.name == "cache.lru" {
			marked++
		}
	}
	if marked != before[3] {
		t.Errorf("%d spans are marked, %d look-ups waited", marked, before[3])
	}
}

func TestSlowSerialisationIsPartOfTheExport(t *testing.T) {
	endpoint, _ := receiver(t)
	const spans, perSpan = 100, 1_000_000 // ns
	p := node{name: "front", root: "local", spans: spans, endpoint: endpoint,
		faults: "[" + kind(0, `"slow_serialisation": {"per_span_us": 1000}`) + "]"}.start(t)
	if e := p.ready.Effective.ExporterType; e != "otlptrace(*otlptracehttp.client)" {
		t.Errorf("exporter %s", e)
	}
	p.turn(0, true)
	p.expect(1, http.StatusOK)
	p.stop()
	if d := p.dose(0); d[3] != 1 || d[4] < spans*perSpan {
		t.Errorf("dose: %v", d)
	}
	if took := p.exportTook(); took < spans*perSpan {
		t.Errorf("the export took %d ns", took)
	}
}

// exportTook is the time between the first export begin and the first export end.
func (p *process) exportTook() uint64 {
	p.t.Helper()
	data, err := os.ReadFile(p.ledger)
	if err != nil {
		p.t.Fatal(err)
	}
	const begin, end = 2, 3 // kinds of log records
	first := make(map[uint16]uint64)
	log := data[4096+chainSlots*128:][:binary.LittleEndian.Uint64(data[640:])]
	for len(log) > 0 {
		if kind := binary.LittleEndian.Uint16(log[4:]); first[kind] == 0 {
			first[kind] = binary.LittleEndian.Uint64(log[8:])
		}
		log = log[binary.LittleEndian.Uint32(log):]
	}
	return first[end] - first[begin]
}

// decoding is a receiver that keeps the spans.
func decoding(t *testing.T) (endpoint string, spans func() []*traces.Span) {
	t.Helper()
	var lock sync.Mutex
	var got []*traces.Span
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := new(collector.ExportTraceServiceRequest)
		if err != nil || proto.Unmarshal(body, request) != nil {
			t.Errorf("an export that cannot be read: %v", err)
		}
		lock.Lock()
		defer lock.Unlock()
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				got = append(got, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []*traces.Span {
		lock.Lock()
		defer lock.Unlock()
		return got
	}
}

func TestClockStepShiftsChildren(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, 90 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			endpoint, received := decoding(t)
			p := node{name: "front", root: "local", spans: 4, endpoint: endpoint,
				faults: "[" + kind(0, fmt.Sprintf(`"clock_step": {"by_ms": %d}`, by.Milliseconds())) + "]"}.start(t)
			p.turn(0, true)
			p.expect(1, http.StatusOK)
			p.turn(0, false)
			p.expect(2, http.StatusOK)
			p.stop()
			p.expectDose(0, 3, uint64(by.Abs()))
			shifted := 0
			for _, s := range received() {
				start := time.Unix(0, int64(s.GetStartTimeUnixNano()))
				end := time.Unix(0, int64(s.GetEndTimeUnixNano()))
				if end.Before(start) || end.Sub(start) > 10*time.Second {
					t.Errorf("%s lasts from %v to %v", s.GetName(), start, end)
				}
				if off := time.Since(start) + by; off.Abs() < 20*time.Second {
					shifted++
				}
			}
			if shifted != 3 || len(received()) != 8 {
				t.Errorf("%d of %d spans are shifted", shifted, len(received()))
			}
			for _, s := range p.slots(0) {
				if want := s.kind == internal && s.trace == chainIDs.ForRequest(1); s.fault != 0 != want {
					t.Errorf("mark: %+v", s)
				}
			}
		})
	}
}

func TestGCPressure(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 2, endpoint: endpoint, faults: "[" + kind(0,
		`"gc": {"allocate_bytes_per_s": 200000000, "object_bytes": 4096, "live_bytes": 16000000, "gogc": 50,
		  "memory_limit_bytes": 256000000, "force_every_ms": 20}`) + "," + kind(1, `"gc": {"gogc": -1}`) + "]"}.start(t)
	p.turn(0, true)
	until(t, "some cycles", func() bool { return p.dose(0)[3] >= 5 })
	off := p.turn(0, false)
	d := p.dose(0)
	if d[0] != 1 || d[2] != off || d[4] == 0 || d[6] < 16_000_000+1_000_000 || d[7] == 0 {
		t.Errorf("dose: %v", d)
	}
	rate := float64(d[6]-16_000_000) / (float64(d[2]-d[1]) / 1e9)
	if rate > 250e6 {
		t.Errorf("%.0f bytes a second", rate)
	}
	if again := p.dose(0); again != d {
		t.Errorf("the dose moves after clear: %v, then %v", d, again)
	}
	p.turn(0, true)
	until(t, "more cycles", func() bool { return p.dose(0)[3] >= d[3]+2 })
	p.turn(0, false)
	if twice := p.dose(0); twice[0] != 2 || twice[4] < d[4] || twice[6] < d[6]+16_000_000 || twice[7] < d[7] {
		t.Errorf("dose of two applications: %v, of the first %v", twice, d)
	}
	p.turn(1, true)
	p.expect(1, http.StatusOK)
	p.turn(1, false)
	p.stop()
	p.slots(0)
}
