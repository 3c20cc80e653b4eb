package witness

import (
	"context"
	"sync"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/ledger"
)

// exceptionEvent is the event that End records when it runs in a panic.
const exceptionEvent = "exception"

// dropSpot is how the processor tells the meter which span is inside the batch processor's OnEnd. Only the goroutine that
// holds the lock touches slot: the SDK counts a drop inside that very call.
type dropSpot struct {
	lock sync.Mutex
	slot *ledger.Slot
}

// Processor contains the batch processor and stamps both sides of its OnEnd.
type Processor struct {
	w        *Witness
	inner    sdktrace.SpanProcessor
	blocking bool
	stopped  atomic.Bool
}

// Processor wraps the batch processor. blocking must say whether inner blocks on a full queue: then nothing is dropped and
// holding a lock across OnEnd would make one blocked span block the process.
func (w *Witness) Processor(inner sdktrace.SpanProcessor, blocking bool) *Processor {
	return &Processor{w: w, inner: inner, blocking: blocking}
}

// OnStart notes the kind.
func (p *Processor) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	if slot := p.w.slot(s.SpanContext().SpanID(), false); slot != nil {
		slot.Kind = uint8(s.SpanKind()) // trace.SpanKind numbers its kinds as OTLP does
	}
	p.inner.OnStart(ctx, s)
}

// OnEnd notes the span's final name and gives it to the batch processor.
func (p *Processor) OnEnd(s sdktrace.ReadOnlySpan) {
	if p.stopped.Load() {
		return // see Shutdown
	}
	slot := p.w.slot(s.SpanContext().SpanID(), true)
	if slot != nil {
		slot.Name = p.w.names.id(s.Name())
		for _, event := range s.Events() {
			if event.Name == exceptionEvent {
				slot.Flags |= ledger.PanicRecorded
				break
			}
		}
	}
	if p.blocking {
		p.pass(s, slot)
		return
	}
	p.w.drops.lock.Lock()
	defer p.w.drops.lock.Unlock()
	if p.stopped.Load() {
		return // Shutdown began while we waited for the lock
	}
	p.w.drops.slot = slot
	p.pass(s, slot)
	p.w.drops.slot = nil
}

// pass stamps both times inside the lock (if there is one): after a SIGKILL at most one span is between them.
func (p *Processor) pass(s sdktrace.ReadOnlySpan, slot *ledger.Slot) {
	if slot == nil {
		p.inner.OnEnd(s)
		return
	}
	slot.MarkEnding(p.w.clock)
	p.inner.OnEnd(s)
	slot.MarkEnded(p.w.clock)
}

// Shutdown stops the batch processor. It stops passing spans on a moment before: the batch processor would ignore them
// without a trace, and `ended` must mean "it took the span or counted it as dropped". Such a span has `closed` and no
// `ending`, like any span that ends after Shutdown. In drop mode taking the lock makes this exact; in blocking mode a
// span that is already past the check may still be ignored.
func (p *Processor) Shutdown(ctx context.Context) error {
	if p.blocking {
		p.stopped.Store(true)
	} else {
		p.w.drops.lock.Lock()
		p.stopped.Store(true)
		p.w.drops.lock.Unlock()
	}
	return p.inner.Shutdown(ctx)
}

// flushKey marks a context that comes through ForceFlush.
type flushKey struct{}

// ForceFlush passes through. The SDK counts a flush that could not enter a full queue as queue_full too; the mark in the
// context keeps the meter from taking that for a drop of the span that is in OnEnd just then.
func (p *Processor) ForceFlush(ctx context.Context) error {
	return p.inner.ForceFlush(context.WithValue(ctx, flushKey{}, true))
}

// MarshalLog shows the batch processor and not its wrapper.
func (p *Processor) MarshalLog() any {
	if m, ok := p.inner.(interface{ MarshalLog() any }); ok {
		return m.MarshalLog()
	}
	return nil
}
