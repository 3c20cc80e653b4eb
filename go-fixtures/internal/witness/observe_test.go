package witness

import (
	"context"
	"testing"
)

// kept keeps the compiler from leaving an allocation out.
var kept []byte

func TestALookCountsAllocationsAndSpans(t *testing.T) {
	const objects, size, spans = 100, 64 << 10, 7
	r := newRig(t, rigOptions{exporter: newGated()})
	look := newRuntimeLook()
	before := look.sample(r.ledger)
	for range objects {
		kept = make([]byte, size)
	}
	for range spans {
		r.tracer.Start(context.Background(), "x")
	}
	after := look.sample(r.ledger)
	if made := after.AllocObjects - before.AllocObjects; before.AllocObjects == 0 || made < objects {
		t.Errorf("%d objects after %d; %d were made", made, before.AllocObjects, objects)
	}
	if bytes := after.AllocBytes - before.AllocBytes; bytes < objects*size {
		t.Errorf("%d bytes; %d were made", bytes, objects*size)
	}
	if before.Spans != 0 || after.Spans != spans {
		t.Errorf("spans %d, then %d; %d were made", before.Spans, after.Spans, spans)
	}
}

func TestALookMakesNoGarbage(t *testing.T) {
	r := newRig(t, rigOptions{exporter: newGated()})
	look := newRuntimeLook()
	if made := testing.AllocsPerRun(100, func() { look.sample(r.ledger) }); made != 0 {
		t.Errorf("%v allocations per look", made)
	}
}
