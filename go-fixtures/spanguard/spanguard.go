// Package spanguard ends spans that nobody would end.
//
// A guarded span is held by one or more handles. It ends when the last handle gives it up: by End, because it was dropped and the
// garbage collector found it, or because the service stops. So a span that a panic leaves open, that a goroutine forgets, or
// that is still out when the service stops reaches the exporter, marked for what it is.
//
// It cannot help where no code runs any more: os.Exit, log.Fatal, a panic in a goroutine without a guarded span, SIGKILL.
package spanguard

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// EndedBy is the attribute of spans that were not ended by their holders. Their end is later than what they measure.
const EndedBy = attribute.Key("spanguard.ended_by")

// Values of EndedBy.
const (
	ByCollector = "collector" // a handle was dropped without End, and the garbage collector found it
	ByStop      = "stop"      // the service stopped while it was held
	ByForce     = "force"     // ForceEnd
)

// Net is what catches a handle that is dropped without End.
type Net int

// Nets.
const (
	Cleanup   Net = iota // runtime.AddCleanup
	Finalizer            // runtime.SetFinalizer, as programs before Go 1.24 have it
	NoNet                // nothing before Close
)

// Options say how a Keeper guards; the zero value is a good one.
type Options struct {
	// Flush is called while a panic passes through End, so that it finds the span exported even if it ends the process:
	// usually ForceFlush of the tracer provider. Nil: nothing is flushed.
	Flush func(context.Context) error
	// FlushWithin bounds each flush: that is what a panic may be delayed by. 0: one second.
	FlushWithin time.Duration
	// Net catches handles that are dropped.
	Net Net
}

// flushPause is how many bounds long no further flush is tried after one that did not return in time: a receiver that is
// gone must not cost every panic a bound.
const flushPause = 10

// Keeper guards the spans of a service.
type Keeper struct {
	options Options

	lock   sync.Mutex
	live   life          // head of the ring of spans that are not finished
	open   int           // their number
	closed bool          // no more are taken
	empty  chan struct{} // closed when the last is finished after Close

	flushAgain atomic.Int64 // no flush before this time, nanoseconds
}

// New makes a keeper.
func New(options Options) *Keeper {
	if options.FlushWithin == 0 {
		options.FlushWithin = time.Second
	}
	k := &Keeper{options: options, empty: make(chan struct{})}
	k.live.next, k.live.previous = &k.live, &k.live
	return k
}

// life is what the handles of a span share. It must not reach a handle, or none would ever be collected.
type life struct {
	word           atomic.Uint64
	span           trace.Span
	keeper         *Keeper
	next, previous *life
	first          hold // that of the first handle, so that it needs no room of its own
}

// hold is one handle's claim.
type hold struct {
	life *life
	gone atomic.Bool
}

// Span is a handle of a guarded span, and a span itself: it goes into a context, and keeps the span from being collected as
// long as the context is there. Do not ask it for the SDK's own types (trace.ReadOnlySpan).
type Span struct {
	trace.Span
	hold    *hold // nil: it is not guarded
	cleanup runtime.Cleanup
}

// Start begins a span as tracer.Start does, guarded.
func (k *Keeper) Start(
	ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption,
) (context.Context, *Span) {
	ctx, span := tracer.Start(ctx, name, options...)
	guarded := k.Guard(span)
	return trace.ContextWithSpan(ctx, guarded), guarded
}

// Guard guards a span that was just begun. From then on only the handle may end it. Spans that are not recorded need no
// guard, and get none.
func (k *Keeper) Guard(span trace.Span) *Span {
	if !span.IsRecording() {
		return &Span{Span: span}
	}
	l := &life{span: span, keeper: k}
	l.word.Store(active + 1)
	l.first.life = l
	if !k.add(l) {
		return &Span{Span: span} // the service stops: whoever comes now ends their span alone
	}
	return l.handle(&l.first)
}

func (l *life) handle(h *hold) *Span {
	s := &Span{Span: l.span, hold: h}
	switch l.keeper.options.Net {
	case Cleanup:
		s.cleanup = runtime.AddCleanup(s, dropped, h)
	case Finalizer:
		runtime.SetFinalizer(s, func(s *Span) { dropped(s.hold) })
	case NoNet:
	}
	return s
}

// dropped runs on the runtime's own goroutine, which End must not hold up: it may wait for a full queue.
func dropped(h *hold) {
	if h.life.word.Load()&states == active {
		go h.giveUp(endedBy(ByCollector))
	}
}

// Hold makes a further handle, for another goroutine: the span ends when that is given up, too. If this handle was given up
// before, or the span has no guard, the new one holds nothing, and its End does nothing.
func (s *Span) Hold() *Span {
	l := s.life()
	if l == nil || s.hold.gone.Load() || !retain(&l.word) {
		spent := &hold{life: l}
		spent.gone.Store(true)
		return &Span{Span: s.Span, hold: spent}
	}
	return l.handle(&hold{life: l})
}

func (s *Span) life() *life {
	if s.hold == nil {
		return nil
	}
	return s.hold.life
}

// End gives the span up; the last handle to do so ends it. A second End does nothing. A panic that passes goes on; a span that
// ends in one says so, as with the SDK's own End.
func (s *Span) End(options ...trace.SpanEndOption) {
	if value := recover(); value != nil { // sees it only here, in the deferred call itself
		s.giveUp(func(span trace.Span) { endInPanic(span, value, options) })
		s.flush()
		panic(value)
	}
	s.giveUp(func(span trace.Span) { span.End(options...) })
}

// ForceEnd ends the span whoever holds it.
func (s *Span) ForceEnd() {
	if l := s.life(); l != nil {
		l.force(ByForce)
	}
}

func (s *Span) giveUp(end func(trace.Span)) {
	if s.hold == nil {
		end(s.Span)
		return
	}
	if s.hold.gone.Load() {
		return
	}
	switch s.hold.life.keeper.options.Net { // take it away
	case Cleanup:
		s.cleanup.Stop()
	case Finalizer:
		runtime.SetFinalizer(s, nil)
	case NoNet:
	}
	s.hold.giveUp(end)
	runtime.KeepAlive(s) // or the collector could find it in the middle of this
}

func (s *Span) flush() {
	if l := s.life(); l != nil {
		l.keeper.flush()
	}
}

// giveUp releases the hold, once, and lets end the span if it was the last.
func (h *hold) giveUp(end func(trace.Span)) {
	if h.gone.CompareAndSwap(false, true) && release(&h.life.word) {
		h.life.finish(end)
	}
}

func (l *life) force(by string) {
	if force(&l.word) {
		l.finish(endedBy(by))
	}
}

// finish is called once in a life, by whoever was told to.
func (l *life) finish(end func(trace.Span)) {
	defer l.keeper.remove(l) // End may panic: a span processor is somebody's code
	end(l.span)
}

func endedBy(by string) func(trace.Span) {
	return func(span trace.Span) {
		span.SetAttributes(EndedBy.String(by))
		span.End()
	}
}

// endInPanic lets the SDK's End see the panic: it looks for one that it is itself deferred in.
func endInPanic(span trace.Span, value any, options []trace.SpanEndOption) {
	defer func() { _ = recover() }() // the panic goes on from the handle's End
	defer span.End(options...)
	panic(value)
}

func (k *Keeper) add(l *life) bool {
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.closed {
		return false
	}
	l.next, l.previous = &k.live, k.live.previous
	l.previous.next, k.live.previous = l, l
	k.open++
	return true
}

func (k *Keeper) remove(l *life) {
	k.lock.Lock()
	defer k.lock.Unlock()
	finish(&l.word)
	l.previous.next, l.next.previous = l.next, l.previous
	k.open--
	if k.closed && k.open == 0 {
		close(k.empty)
	}
}

// Open is how many spans are not finished.
func (k *Keeper) Open() int {
	k.lock.Lock()
	defer k.lock.Unlock()
	return k.open
}

// Close ends every span that is still held, waits for those that are being ended just now, and guards no more. It comes
// before the provider's Shutdown. ctx bounds the waiting: an End may wait for a full queue.
func (k *Keeper) Close(ctx context.Context) error {
	held := k.close()
	go func() {
		for _, l := range held {
			l.force(ByStop)
		}
	}()
	select {
	case <-k.empty:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d spans were not ended in time: %w; give Close more time", k.Open(), context.Cause(ctx))
	}
}

func (k *Keeper) close() (held []*life) {
	k.lock.Lock()
	defer k.lock.Unlock()
	if !k.closed && k.open == 0 {
		close(k.empty)
	}
	k.closed = true
	for l := k.live.next; l != &k.live; l = l.next {
		held = append(held, l)
	}
	return held
}

// flush is bounded, and pauses where the receiver does not answer.
func (k *Keeper) flush() {
	if k.options.Flush == nil || time.Now().UnixNano() < k.flushAgain.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.options.FlushWithin)
	defer cancel()
	if err := k.options.Flush(ctx); err != nil {
		if ctx.Err() != nil {
			k.flushAgain.Store(time.Now().Add(flushPause * k.options.FlushWithin).UnixNano())
		}
		otel.Handle(fmt.Errorf("spanguard: the flush in a panic failed: %w", err))
	}
}
