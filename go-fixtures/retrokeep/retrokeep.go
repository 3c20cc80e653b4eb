// Package retrokeep decides what is kept when it is known how it went. Ended spans wait in this process, by trace, in bounded memory.
// When a span of a trace errs, is slow, or somebody asks for the trace, all that waits of it is handed on, and what still ends of it
// at once. The rest is dropped when its time is over or its room is needed.
//
//	kept := retrokeep.New(sdktrace.NewBatchSpanProcessor(exporter), retrokeep.Options{Slow: time.Second})
//	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(kept))
//
// It is the idea of Hindsight (NSDI 2023), for one process: the services behind this one have to be told of a trace by their own means
// (Keep), or keep their part of it only if it errs there too.
package retrokeep

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Reason is why a span was dropped.
type Reason int

// Reasons.
const (
	Aged    Reason = iota // nobody asked for its trace within Wait
	Room                  // spans that came later needed its room
	Stopped               // it waited when the processor was shut down, or ended after that
	reasons
)

// String is the reason in a word.
func (r Reason) String() string { return [...]string{"aged", "room", "stopped"}[r] }

// Options say what is kept and how much may wait. The zero value keeps what errs.
type Options struct {
	// Slow keeps the trace of a span that took at least that long; 0: none for that.
	Slow time.Duration
	// Trigger keeps the trace of a span for which it is true, beside those that err or are slow. Nil: none.
	Trigger func(sdktrace.ReadOnlySpan) bool
	// Wait is how long a trace waits after its first span has ended. 0: ten seconds.
	Wait time.Duration
	// Spans is the most that may wait. 0: 65,536.
	Spans int
	// Remembered is how many traces are remembered as kept, so that spans of them that end later are handed on. 0: 4,096.
	Remembered int
	// Dropped hears of every span that is dropped, on the goroutine that made room or shut down. Nil: nobody.
	Dropped func(sdktrace.ReadOnlySpan, Reason)
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Stats are what the processor has done.
type Stats struct {
	Waiting int             // spans that wait now
	Kept    uint64          // spans that were handed on
	Dropped [reasons]uint64 // spans that were not, by reason
}

// Processor holds spans back.
type Processor struct {
	options Options
	next    sdktrace.SpanProcessor

	lock    sync.Mutex
	waiting map[trace.TraceID]*held
	ring    held // head of the traces that wait, oldest first
	kept    remembered
	stats   Stats
	stopped bool
	passing sync.WaitGroup // calls that hand on; none is added once stopped is set
}

// held is what waits of a trace.
type held struct {
	id             trace.TraceID
	spans          []sdktrace.ReadOnlySpan
	until          time.Time
	next, previous *held
}

// New makes a processor before another one, which it owns from then on.
func New(next sdktrace.SpanProcessor, options Options) *Processor {
	if options.Wait == 0 {
		options.Wait = 10 * time.Second
	}
	if options.Spans == 0 {
		options.Spans = 1 << 16
	}
	if options.Remembered == 0 {
		options.Remembered = 1 << 12
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	p := &Processor{options: options, next: next, waiting: make(map[trace.TraceID]*held)}
	p.ring.next, p.ring.previous = &p.ring, &p.ring
	p.kept.ids = make(map[trace.TraceID]bool)
	return p
}

// OnStart passes through.
func (p *Processor) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	p.next.OnStart(ctx, span)
}

// dropped is a span with the reason.
type dropped struct {
	span sdktrace.ReadOnlySpan
	why  Reason
}

// OnEnd lets the span wait, or hands it on with all that waits of its trace. Only spans that are sampled wait.
func (p *Processor) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		p.next.OnEnd(span)
		return
	}
	id := span.SpanContext().TraceID()
	asked := p.asks(span)
	p.lock.Lock()
	if p.stopped {
		gone := p.drop(nil, Stopped, span)
		p.lock.Unlock()
		p.tell(gone)
		return
	}
	var released []sdktrace.ReadOnlySpan
	if asked || p.kept.has(id) {
		released = append(p.take(id), span)
		p.keep(id, len(released))
	} else {
		p.hold(id, span)
	}
	gone := p.makeRoom()
	p.lock.Unlock()
	p.tell(gone)
	p.handOn(released)
}

// asks says whether a span is a reason to keep its trace.
func (p *Processor) asks(span sdktrace.ReadOnlySpan) bool {
	slow := p.options.Slow > 0 && span.EndTime().Sub(span.StartTime()) >= p.options.Slow
	return slow || span.Status().Code == codes.Error || p.options.Trigger != nil && p.options.Trigger(span)
}

// Keep hands on what waits of a trace, and what still ends of it. It says how many spans waited.
func (p *Processor) Keep(id trace.TraceID) int {
	p.lock.Lock()
	if p.stopped {
		p.lock.Unlock()
		return 0
	}
	released := p.take(id)
	p.keep(id, len(released))
	p.lock.Unlock()
	p.handOn(released)
	return len(released)
}

// Stats are what was done so far.
func (p *Processor) Stats() Stats {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.stats
}

// ForceFlush flushes the processor behind. What waits goes on waiting.
func (p *Processor) ForceFlush(ctx context.Context) error { return p.next.ForceFlush(ctx) }

// Shutdown drops what waits and shuts down the processor behind, when those that hand on just now are done, or ctx has ended.
func (p *Processor) Shutdown(ctx context.Context) error {
	p.lock.Lock()
	p.stopped = true
	var gone []dropped
	for p.ring.next != &p.ring {
		gone = p.drop(gone, Stopped, p.take(p.ring.next.id)...)
	}
	p.lock.Unlock()
	p.tell(gone)
	passed := make(chan struct{})
	go func() {
		p.passing.Wait()
		close(passed)
	}()
	select {
	case <-passed:
	case <-ctx.Done():
	}
	return p.next.Shutdown(ctx)
}

// hold lets a span wait.
func (p *Processor) hold(id trace.TraceID, span sdktrace.ReadOnlySpan) {
	h := p.waiting[id]
	if h == nil {
		h = &held{id: id, until: p.options.Now().Add(p.options.Wait), next: &p.ring, previous: p.ring.previous}
		h.previous.next, p.ring.previous = h, h
		p.waiting[id] = h
	}
	h.spans = append(h.spans, span)
	p.stats.Waiting++
}

// take takes all that waits of a trace out.
func (p *Processor) take(id trace.TraceID) []sdktrace.ReadOnlySpan {
	h := p.waiting[id]
	if h == nil {
		return nil
	}
	delete(p.waiting, id)
	h.previous.next, h.next.previous = h.next, h.previous
	p.stats.Waiting -= len(h.spans)
	return h.spans
}

// makeRoom drops the traces whose time is over, and as many of the oldest as it takes. Nothing but this makes room, so what waits when
// no span ends any more stays until Shutdown; it is bounded all the same.
func (p *Processor) makeRoom() (gone []dropped) {
	if p.ring.next == &p.ring {
		return nil
	}
	now := p.options.Now()
	for oldest := p.ring.next; oldest != &p.ring; oldest = p.ring.next {
		switch {
		case !now.Before(oldest.until):
			gone = p.drop(gone, Aged, p.take(oldest.id)...)
		case p.stats.Waiting > p.options.Spans:
			gone = p.drop(gone, Room, p.take(oldest.id)...)
		default:
			return gone
		}
	}
	return gone
}

func (p *Processor) drop(gone []dropped, why Reason, spans ...sdktrace.ReadOnlySpan) []dropped {
	p.stats.Dropped[why] += uint64(len(spans))
	for _, span := range spans {
		gone = append(gone, dropped{span, why})
	}
	return gone
}

// keep remembers a trace, and that so many of its spans are about to be handed on, which handOn does.
func (p *Processor) keep(id trace.TraceID, spans int) {
	p.kept.add(id, p.options.Remembered)
	p.stats.Kept += uint64(spans)
	if spans > 0 {
		p.passing.Add(1)
	}
}

// handOn works without the lock: End may wait in the processor behind.
func (p *Processor) handOn(spans []sdktrace.ReadOnlySpan) {
	if len(spans) == 0 {
		return
	}
	defer p.passing.Done()
	for _, span := range spans {
		p.next.OnEnd(span)
	}
}

func (p *Processor) tell(gone []dropped) {
	if p.options.Dropped == nil {
		return
	}
	for _, one := range gone {
		p.options.Dropped(one.span, one.why)
	}
}

// remembered are the traces that were kept last.
type remembered struct {
	ids    map[trace.TraceID]bool
	order  []trace.TraceID
	oldest int
}

func (r *remembered) has(id trace.TraceID) bool { return r.ids[id] }

func (r *remembered) add(id trace.TraceID, most int) {
	if r.ids[id] {
		return
	}
	r.ids[id] = true
	if len(r.order) < most {
		r.order = append(r.order, id)
		return
	}
	delete(r.ids, r.order[r.oldest])
	r.order[r.oldest] = id
	r.oldest = (r.oldest + 1) % most
}
