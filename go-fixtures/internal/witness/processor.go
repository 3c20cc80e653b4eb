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

// dropSpot is how a processor tells the meter which span is inside a batch processor's OnEnd, and on which path. Only the
// goroutine that holds the lock touches passage: the SDK counts a drop inside that very call. All paths that drop share the
// lock: the meter does not hear which processor counts.
type dropSpot struct {
	lock    sync.Mutex
	passage *ledger.Passage
}

// Processor contains a path's processor of the SDK and stamps both sides of its OnEnd.
type Processor struct {
	w         *Witness
	inner     sdktrace.SpanProcessor
	path      uint32
	describes bool
	waits     bool
	stopped   atomic.Bool
}

// Processor wraps the SDK's processor of a path. The path must say whether End may wait in it: then nothing is dropped and
// holding a lock across OnEnd would make one blocked span block the process.
func (w *Witness) Processor(inner sdktrace.SpanProcessor, path Path) *Processor {
	return &Processor{
		w: w, inner: inner, path: path.Number, describes: !w.apart, waits: path.Blocking || path.Simple,
	}
}

// OnStart notes the kind.
func (p *Processor) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	if p.describes {
		p.w.begin(s)
	}
	p.inner.OnStart(ctx, s)
}

// OnEnd notes the span's final name and gives it to the SDK's processor.
func (p *Processor) OnEnd(s sdktrace.ReadOnlySpan) {
	if p.stopped.Load() {
		return // see Shutdown
	}
	passage := p.enter(s)
	if p.waits {
		p.pass(s, passage)
		return
	}
	p.w.drops.lock.Lock()
	defer p.w.drops.lock.Unlock()
	if p.stopped.Load() {
		return // Shutdown began while we waited for the lock
	}
	p.w.drops.passage = passage
	p.pass(s, passage)
	p.w.drops.passage = nil
}

func (p *Processor) enter(s sdktrace.ReadOnlySpan) *ledger.Passage {
	if !p.describes {
		return p.w.passage(p.path, s.SpanContext().SpanID())
	}
	slot := p.w.describe(s)
	if slot == nil {
		return nil
	}
	return &slot.Passage
}

// pass stamps both times inside the lock (if there is one): after a SIGKILL at most one span is between them.
func (p *Processor) pass(s sdktrace.ReadOnlySpan, passage *ledger.Passage) {
	if passage == nil {
		p.inner.OnEnd(s)
		return
	}
	passage.MarkEnding(p.w.clock)
	p.inner.OnEnd(s)
	passage.MarkEnded(p.w.clock)
}

// Shutdown stops the SDK's processor. It stops passing spans on a moment before: the SDK would ignore them without a trace,
// and `ended` must mean "it took the span or counted it as dropped". Such a span has `closed` and no `ending`, like any span
// that ends after Shutdown. In drop mode taking the lock makes this exact; where End may wait, a span that is already past
// the check may still be ignored.
func (p *Processor) Shutdown(ctx context.Context) error {
	p.w.ledger.PathShutdown(p.path)
	if p.waits {
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

// MarshalLog shows the SDK's processor and not its wrapper.
func (p *Processor) MarshalLog() any {
	if m, ok := p.inner.(interface{ MarshalLog() any }); ok {
		return m.MarshalLog()
	}
	return nil
}
