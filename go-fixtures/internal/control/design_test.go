package control

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever is done to a guarded span, it has ended and was exported before the provider was shut down.
func TestAGuardSavesWhatFaultsDoToSpans(t *testing.T) {
	endpoint, _ := receiver(t)
	faults := []string{
		spanError("never_ended", 0), spanError("ended_twice", 0), spanError("ended_after_shutdown", 0),
		spanError("handed_over", 600_000), panics("before_defer", "recovered"), panics("nested", "recovered"),
	}
	for number, text := range faults {
		faults[number] = kind(number, text)
	}
	p := node{name: "front", root: "local", spans: 4, endpoint: endpoint, faults: "[" + strings.Join(faults, ", ") + "]",
		design: `{"guard": {"flush_ms": 5000}}`}.start(t)
	for number := range faults {
		p.turn(number, true)
		status := http.StatusOK
		if strings.Contains(faults[number], "panic") {
			status = 0 // the connection is cut
		}
		p.expect(uint32(number), status)
		p.turn(number, false)
	}
	if s := p.stop(); s.ShutdownError != nil {
		t.Errorf("shutdown: %s", *s.ShutdownError)
	}
	for _, s := range p.slots(0) { // checks that each has ended
		if s.exportedAt == 0 {
			t.Errorf("not exported: %+v", s)
		}
	}
	for number, children := range []int{3, 3, 3, 3, 1, 3} { // a panic cuts off what would come after it
		if s := p.first(0, uint32(number), children); s.fault != byte(number+1) {
			t.Errorf("fault %d: %+v", number, s)
		}
	}
	for _, s := range p.children(0, 5) {
		if s.flags&panicRecorded == 0 {
			t.Errorf("the guard hides a panic: %+v", s)
		}
	}
}

// The panic ends the process. A guard that flushes saves the span that it passes; one that does not lets it die in the queue.
func TestAGuardFlushesInAPanicThatEndsTheProcess(t *testing.T) {
	for design, saved := range map[string]bool{`{"guard": {"flush_ms": 5000}}`: true, `{"guard": {}}`: false} {
		endpoint, _ := receiver(t)
		p := node{name: "front", root: "local", spans: 2, endpoint: endpoint, design: design,
			faults: "[" + kind(0, panics("under_defer", "fatal")) + "]"}.start(t)
		p.turn(0, true)
		p.dies(7, 2)
		s := p.first(0, 7, 1)
		if !s.ended || s.flags&panicRecorded == 0 || (s.exportedAt != 0) != saved {
			t.Errorf("%s: %+v, saved should be %v", design, s, saved)
		}
	}
}

func TestASimpleProcessorOnTheMainPathExportsEachSpan(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint, processor: `"simple"`}.start(t)
	if used := p.ready.Effective; used.Batch != 1 || used.Queue != 0 || !used.Block || used.Sampler != "AlwaysOnSampler" {
		t.Errorf("effective: %+v", used)
	}
	p.expect(0, http.StatusOK)
	until(t, "every span is exported before the service stops", func() bool {
		exported := 0
		for _, s := range p.anySlots(0) {
			if s.ended && s.exportedAt >= s.ending {
				exported++
			}
		}
		return exported == 3
	})
	p.stop()
}
