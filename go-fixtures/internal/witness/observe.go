package witness

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"spanfate.dev/fixtures/internal/ledger"
)

// How often what is looked at, in ticks of the queue length.
const (
	tick         = 10 * time.Millisecond
	runtimeTicks = 10
	clockTicks   = 100
)

// HandleError is the SDK's error handler: it records the error and still prints it, as the SDK's default does.
func (w *Witness) HandleError(err error) {
	w.ledger.HandledError(err)
	fmt.Fprintln(os.Stderr, "opentelemetry:", err)
}

// Observe samples the queue length, the runtime and the clocks until ctx ends. One goroutine does it all: fewer wakeups
// disturb the measured process less.
func (w *Witness) Observe(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	look := newRuntimeLook()
	for n := 0; ; n++ {
		if err := w.SampleQueue(ctx); err != nil {
			w.HandleError(err)
		}
		if n%runtimeTicks == 0 {
			w.ledger.Runtime(look.sample(w.ledger))
		}
		if n%clockTicks == 0 {
			w.ledger.ClockPair()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// runtimeLook keeps its buffers, so that looking makes no garbage.
type runtimeLook struct {
	values []metrics.Sample
	gc     debug.GCStats
}

func newRuntimeLook() *runtimeLook {
	return &runtimeLook{
		values: []metrics.Sample{
			{Name: "/memory/classes/heap/objects:bytes"},
			{Name: "/gc/cycles/total:gc-cycles"},
			{Name: "/sched/goroutines:goroutines"},
			{Name: "/gc/heap/allocs:objects"},
			{Name: "/gc/heap/allocs:bytes"},
		},
		gc: debug.GCStats{Pause: make([]time.Duration, 0, 3*256+3)},
	}
}

// sample reads the pauses from debug.GCStats: runtime/metrics has them only as a histogram, which has no exact sum.
func (r *runtimeLook) sample(l *ledger.Ledger) ledger.RuntimeSample {
	metrics.Read(r.values)
	debug.ReadGCStats(&r.gc)
	return ledger.RuntimeSample{
		HeapBytes:       number(r.values[0]),
		GCCycles:        number(r.values[1]),
		PauseNS:         uint64(r.gc.PauseTotal),
		Goroutines:      number(r.values[2]),
		QueueLength:     l.QueueLength.Load(),
		ExportsInFlight: l.ExportsInFlight.Load(),
		AllocObjects:    number(r.values[3]),
		AllocBytes:      number(r.values[4]),
		Spans:           l.NextSlot.Load() + l.Overflow.Load(),
	}
}

// number tolerates a metric that a later Go no longer has.
func number(s metrics.Sample) uint64 {
	if s.Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s.Value.Uint64()
}
