package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const hang1 = `"hang": {"one_in": 1, "for_ms": 1}`

func TestOrdersSwitchFaults(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint,
		faults: `[` + kind(0, hang1) + `, ` + kind(31, `"hang": {"one_in": 3, "for_ms": 1}`) + `]`}.start(t)
	p.expect(0, http.StatusOK)
	if d := p.dose(0); d != [8]uint64{} {
		t.Errorf("dose before: %v", d)
	}
	on := p.turn(0, true)
	if again := p.turn(0, true); again != on {
		t.Errorf("applied twice: %d, then %d", on, again)
	}
	p.expect(1, http.StatusOK)
	p.get("/work") // without a number: never hit
	if d := p.dose(0); d[0] != 1 || d[1] != on || d[2] != 0 || d[3] != 1 || d[4] < 1e6 {
		t.Errorf("dose while on: %v", d)
	}
	off := p.turn(0, false)
	if again := p.turn(0, false); again != off || off < on {
		t.Errorf("cleared: %d, then %d; applied %d", off, again, on)
	}
	p.expect(2, http.StatusOK)
	if d := p.dose(0); d[0] != 1 || d[2] != off || d[3] != 1 {
		t.Errorf("dose after: %v", d)
	}
	p.turn(31, true)
	want := uint64(0)
	for request := range uint32(60) {
		p.expect(request, http.StatusOK)
		if hit(31, 3, request) {
			want++
		}
	}
	p.turn(31, false)
	p.stop()
	if d := p.dose(31); d[3] != want || want < 10 {
		t.Errorf("%d hits, want %d", d[3], want)
	}
	for _, s := range p.slots(0) {
		if s.fault != 0 && s.fault != 1 && s.fault != 32 {
			t.Errorf("fault mark %d", s.fault)
		}
	}
	marked := 0
	for _, s := range p.children(0, 7) { // one request of the second round only
		if s.fault == 32 {
			marked++
		}
	}
	if (marked == 1) != hit(31, 3, 7) || marked > 1 {
		t.Errorf("%d children of request 7 are marked, hit %v", marked, hit(31, 3, 7))
	}
}

func TestBadOrdersAreAnswered(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 2, endpoint: endpoint, faults: `[` + kind(0, hang1) + `]`}.start(t)
	for text, want := range map[string]struct {
		fault bool
		say   string
	}{
		`{"fault":5,"apply":true}`:          {true, "there is no fault 5"},
		`{"fault":-1,"apply":true}`:         {true, "there is no fault -1"},
		`{"fault":0}`:                       {true, "say {"},
		`{"apply":true}`:                    {false, "say {"},
		`{"fault":0,"apply":true,"more":1}`: {true, "unknown field"},
		`{"fault":0,"apply":true} {}`:       {true, "say {"},
		`nonsense`:                          {false, "say {"},
	} {
		a := p.order(text)
		if a.Applied != nil || (a.Fault != nil) != want.fault || !strings.Contains(a.Error, want.say) {
			t.Errorf("%s: %+v", text, a)
		}
	}
	p.turn(0, true)
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	p.expect(1, http.StatusOK) // the end of stdin changes nothing
	p.stop()
	if d := p.dose(0); d[3] != 1 || d[2] != 0 {
		t.Errorf("dose: %v", d)
	}
}

func TestFaultsWorkWithoutALedger(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 2, endpoint: endpoint, noLedger: true,
		faults: `[` + kind(3, `"exit": {"how": "os_exit", "one_in": 1}`) + `, ` + kind(1, `"gc": {"gogc": 10}`) + `]`}.start(t)
	p.expect(1, http.StatusOK)
	p.turn(1, true)
	p.turn(1, false)
	p.turn(3, true)
	p.dies(2, 3)
}

func TestAStoreAcceptsNoFaults(t *testing.T) {
	p := &process{t: t}
	text := fmt.Sprintf(configuration, "null", "local", "", "", 1)
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(`{"serve": "store", "faults": [`+kind(0, hang1)+`], `+text[1:]), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(path)
	var no notReady
	if err := json.Unmarshal([]byte(p.line()), &no); err != nil || no.Ready || !strings.Contains(no.Error, "accepts no faults") {
		t.Errorf("answer %+v, %v", no, err)
	}
}

// TestHangHoldsTheRequest: the sleep is inside the first child.
func TestHangHoldsTheRequest(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint,
		faults: `[` + kind(2, `"hang": {"one_in": 1, "for_ms": 50}`) + `]`}.start(t)
	p.turn(2, true)
	begin := time.Now()
	p.expect(9, http.StatusOK)
	if took := time.Since(begin); took < 50*time.Millisecond {
		t.Errorf("the request took %v", took)
	}
	p.stop()
	spans := p.children(0, 9)
	if len(spans) != 2 || spans[0].fault != 3 || spans[1].fault != 0 {
		t.Errorf("children: %+v", spans)
	}
	if d := p.dose(2); d[3] != 1 || d[4] < 50e6 {
		t.Errorf("dose: %v", d)
	}
}

// TestNextIncarnationTakesTheAddress: the predecessor was killed with a connection open, and its successor listens at once.
func TestNextIncarnationTakesTheAddress(t *testing.T) {
	endpoint, _ := receiver(t)
	address := ""
	for incarnation := range 5 {
		p := node{name: "front", root: "local", spans: 2, endpoint: endpoint, listen: address, incarnation: incarnation}.start(t)
		if address != "" && p.ready.Address != address {
			t.Fatalf("incarnation %d listens on %s, want %s", incarnation, p.ready.Address, address)
		}
		address = p.ready.Address
		response, err := http.Get(p.address + "/work") // and keep its connection
		if err != nil {
			t.Fatal(err)
		}
		if err := p.command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.command.Wait() // reports the kill
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		data, err := os.ReadFile(p.ledger)
		if err != nil || data[24] != byte(incarnation) {
			t.Errorf("incarnation %d in the ledger, %v", data[24], err)
		}
	}
}
