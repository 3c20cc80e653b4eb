// Package fault is what goes wrong inside a fixture when the harness wants it to: panics, lost contexts, a busy garbage
// collector and more. Each fault is switched on and off at run time and proves in the ledger's header what it has done.
//
// The other packages ask a *Set at the places where something can go wrong. A nil *Set is none: asking it costs a
// comparison.
package fault

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
)

// Fault is one fault of a service.
type Fault struct {
	number int
	kind   config.Kind
	oneIn  uint64 // 0: not per request
	salt   uint64
	on     atomic.Bool
	dose   *ledger.Dose
	effect effect // nil: the fault acts only where it is asked
}

// effect is a fault that acts by itself while it is on.
type effect interface {
	// apply returns when the effect is there. After an error nothing is left of it.
	apply() error
	// clear returns when the effect is gone.
	clear()
}

// mark is what the slot of a touched span holds.
func (f *Fault) mark() uint8 { return uint8(f.number) + 1 }

// hits decides by the number of the request alone, so that the harness can compute which requests are hit.
func (f *Fault) hits(ctx context.Context) bool {
	if !f.on.Load() {
		return false
	}
	request, ok := ids.Request(ctx)
	return ok && ids.Mix(uint64(request)^f.salt)%f.oneIn == 0
}

// Set is the faults of a service.
type Set struct {
	clock    *ledger.Clock
	traceIDs ids.TraceIDs
	touch    func(trace.SpanID, uint8)
	shutdown func()
	byServer bool // the HTTP server recovers panics by itself

	switching sync.Mutex
	numbered  [config.MaxFaults]*Fault

	// By the place where they act, in the order of their numbers.
	children, lost, unread, pool, lru, slow, step []*Fault

	keptLock sync.Mutex
	kept     []trace.Span
}

// Host is what a set needs from the process that it disturbs.
type Host struct {
	Ledger   *ledger.Ledger            // nil: the doses go nowhere
	TraceIDs ids.TraceIDs              //
	Touch    func(trace.SpanID, uint8) // marks the slot of a span that exists; nil: there are no slots
}

// New makes the faults of a configuration; nil when there are none. All are off.
func New(c *config.Config, host Host) (*Set, error) {
	if len(c.Faults) == 0 {
		return nil, nil
	}
	s := &Set{traceIDs: host.TraceIDs, touch: host.Touch, byServer: c.Serve != "grpc", shutdown: func() {}}
	if s.touch == nil {
		s.touch = func(trace.SpanID, uint8) {}
	}
	if host.Ledger != nil {
		s.clock = host.Ledger.Clock
	} else {
		clock, err := ledger.NewClock()
		if err != nil {
			return nil, err
		}
		s.clock = clock
	}
	for _, configured := range c.Faults {
		f := &Fault{number: configured.Number, kind: configured.Kind, dose: new(ledger.Dose)}
		f.salt = ids.Mix(uint64(f.number) + 1)
		if host.Ledger != nil {
			f.dose = &host.Ledger.Doses[f.number]
		}
		s.numbered[f.number] = f
	}
	settings := new(gcSettings)
	for _, f := range s.numbered { // by number: that is the order in which faults act
		if f != nil {
			s.place(f, settings)
		}
	}
	return s, nil
}

// place says where a fault acts. The effects of cache faults are made by UseCache.
func (s *Set) place(f *Fault, settings *gcSettings) {
	perRequest := func(list *[]*Fault, oneIn int64) {
		f.oneIn = uint64(oneIn)
		*list = append(*list, f)
	}
	switch k := f.kind; {
	case k.GC != nil:
		f.effect = &gcPressure{fault: f, kind: *k.GC, settings: settings}
	case k.Panic != nil:
		perRequest(&s.children, k.Panic.OneIn)
	case k.Exit != nil:
		perRequest(&s.children, k.Exit.OneIn)
	case k.ContextLost != nil && k.ContextLost.How == "background":
		perRequest(&s.children, k.ContextLost.OneIn)
	case k.ContextLost != nil:
		perRequest(&s.lost, k.ContextLost.OneIn)
	case k.Deep != nil:
		perRequest(&s.children, k.Deep.OneIn)
	case k.SpanError != nil && k.SpanError.What == "body_unread":
		perRequest(&s.unread, k.SpanError.OneIn)
	case k.SpanError != nil:
		perRequest(&s.children, k.SpanError.OneIn)
	case k.Hang != nil:
		perRequest(&s.children, k.Hang.OneIn)
	case k.PoolExhausted != nil:
		s.pool = append(s.pool, f)
	case k.LRULocked != nil:
		s.lru = append(s.lru, f)
	case k.SlowSerialisation != nil:
		s.slow = append(s.slow, f)
	case k.ClockStep != nil:
		s.step = append(s.step, f)
	}
}

// OnShutdown says how the provider is shut down by a panicking goroutine that has deferred it. Several may do so at the
// same time: all wait for the one shutdown, or the first to be back would kill the process in the middle of it.
func (s *Set) OnShutdown(shutdown func()) {
	if s != nil {
		s.shutdown = sync.OnceFunc(shutdown)
	}
}

// AfterShutdown ends the spans that were kept for this moment: the provider's Shutdown has returned.
func (s *Set) AfterShutdown() {
	if s == nil {
		return
	}
	s.keptLock.Lock()
	defer s.keptLock.Unlock()
	for _, span := range s.kept {
		span.End()
	}
	s.kept = nil
}

func (s *Set) keep(span trace.Span) {
	s.keptLock.Lock()
	defer s.keptLock.Unlock()
	s.kept = append(s.kept, span)
}

// Switch brings a fault into a state and says since when it is in it (CLOCK_MONOTONIC ns). A fault that is in that state
// already stays as it is.
func (s *Set) Switch(number int, apply bool) (at uint64, err error) {
	if number < 0 || number >= len(s.numbered) || s.numbered[number] == nil {
		return 0, fmt.Errorf("there is no fault %d; name one of the configuration's faults", number)
	}
	s.switching.Lock()
	defer s.switching.Unlock()
	f := s.numbered[number]
	if apply {
		return f.apply(s.clock)
	}
	return f.clear(s.clock), nil
}

// apply takes the time before the first request can be hit.
func (f *Fault) apply(clock *ledger.Clock) (uint64, error) {
	if f.on.Load() {
		return f.dose.LastApplied.Load(), nil
	}
	if f.effect != nil {
		if err := f.effect.apply(); err != nil {
			return 0, fmt.Errorf("fault %d: %w", f.number, err)
		}
	}
	at := clock.Now()
	f.dose.LastApplied.Store(at)
	f.dose.LastCleared.Store(0)
	f.dose.Applied.Add(1)
	f.on.Store(true)
	return at, nil
}

// clear takes the time after the last request that can be hit has been decided on.
func (f *Fault) clear(clock *ledger.Clock) uint64 {
	if !f.on.Load() {
		if at := f.dose.LastCleared.Load(); at != 0 {
			return at
		}
		return clock.Now() // it was never on
	}
	f.on.Store(false)
	if f.effect != nil {
		f.effect.clear()
	}
	at := clock.Now()
	f.dose.LastCleared.Store(at)
	return at
}

// isOn is the first of the faults that is on, or nil.
func isOn(faults []*Fault) *Fault {
	for _, f := range faults {
		if f.on.Load() {
			return f
		}
	}
	return nil
}

// Exporter puts slow serialisation in front of the real exporter.
func (s *Set) Exporter(inner sdktrace.SpanExporter) sdktrace.SpanExporter {
	if s == nil || len(s.slow) == 0 {
		return inner
	}
	return slowExporter{inner, s.slow}
}
