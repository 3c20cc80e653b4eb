package main

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// providerSetup describes a tracer provider.
type providerSetup struct {
	Processors []processorSetup
	// Drop and Record: every so many-th span is not sampled, or only recorded; 0 means none.
	Drop   uint64
	Record uint64
	// Open is how many spans of each producer, its first, are never ended.
	Open int
	// Twice gives the ids of each span to the next one, too.
	Twice bool
	// Times is how many spans a producer makes with it where it makes one with others; 0 means one, too.
	Times int
}

// processorSetup describes a span processor.
type processorSetup struct {
	// Kind is "batch", "simple", "filter", "async", "mask" or "leaf".
	Kind string
	// Exporter of a batch or simple processor: "grpc", "http", "swallow" (one of this program's own), "nil";
	// "half:grpc" and others are ones around it, see newExporter.
	Exporter string
	// Queue, Batch, Delay and Block are what the batch processor is set to, where they are not 0. Queue and Block are an async
	// processor's, too.
	Queue int
	Batch int
	Delay duration
	Block bool
	// Every so many-th span is handed on by a filter, from the first.
	Every uint64
	// Inner are the processors that a filter or an async processor hands spans on to.
	Inner []processorSetup
}

// provider is a tracer provider that this program made.
type provider struct {
	number     int
	sdk        *sdktrace.TracerProvider
	tracer     trace.Tracer
	sampler    *sampler
	processors []processor
	open       int
	times      int
}

func newProvider(number int, setup providerSetup) *provider {
	p := &provider{number: number, open: setup.Open, times: max(1, setup.Times)}
	var options []sdktrace.TracerProviderOption
	switch {
	case setup.Drop == 1:
		options = append(options, sdktrace.WithSampler(sdktrace.NeverSample()))
	case setup.Drop+setup.Record > 0:
		p.sampler = &sampler{drop: setup.Drop, record: setup.Record}
		options = append(options, sdktrace.WithSampler(p.sampler))
	}
	if setup.Twice {
		options = append(options, sdktrace.WithIDGenerator(new(twice)))
	}
	for _, one := range setup.Processors {
		made := newProcessor(one)
		p.processors = append(p.processors, made)
		options = append(options, sdktrace.WithSpanProcessor(made.SpanProcessor))
	}
	p.sdk = sdktrace.NewTracerProvider(options...)
	p.tracer = p.sdk.Tracer("target")
	return p
}

func (p *provider) register(setups []processorSetup) {
	for _, one := range setups {
		made := newProcessor(one)
		p.processors = append(p.processors, made)
		p.sdk.RegisterSpanProcessor(made.SpanProcessor)
	}
}

// processor is a span processor that this program made, and those that it made inside.
type processor struct {
	sdktrace.SpanProcessor
	setup processorSetup
	inner []processor
}

func newProcessor(setup processorSetup) processor {
	out := processor{setup: setup}
	var hands hands
	for _, one := range setup.Inner {
		made := newProcessor(one)
		out.inner = append(out.inner, made)
		hands = append(hands, made.SpanProcessor)
	}
	switch setup.Kind {
	case "batch":
		out.SpanProcessor = sdktrace.NewBatchSpanProcessor(newExporter(setup.Exporter), batchOptions(setup)...)
	case "simple":
		out.SpanProcessor = sdktrace.NewSimpleSpanProcessor(newExporter(setup.Exporter))
	case "filter":
		out.SpanProcessor = &filter{hands: hands, every: setup.Every}
	case "async":
		out.SpanProcessor = newAsync(hands, setup)
	case "mask":
		out.SpanProcessor = &mask{hands: hands}
	case "leaf":
		out.SpanProcessor = new(leaf)
	default:
		panic("unknown processor " + setup.Kind)
	}
	return out
}

func batchOptions(setup processorSetup) (options []sdktrace.BatchSpanProcessorOption) {
	if setup.Queue > 0 {
		options = append(options, sdktrace.WithMaxQueueSize(setup.Queue))
	}
	if setup.Batch > 0 {
		options = append(options, sdktrace.WithMaxExportBatchSize(setup.Batch))
	}
	if setup.Delay > 0 {
		options = append(options, sdktrace.WithBatchTimeout(time.Duration(setup.Delay)))
	}
	if setup.Block {
		options = append(options, sdktrace.WithBlocking())
	}
	return options
}

// sampler leaves out every so many-th span, and only records some.
type sampler struct {
	drop, record             uint64
	asked, dropped, recorded atomic.Uint64
}

func (s *sampler) ShouldSample(sdktrace.SamplingParameters) (result sdktrace.SamplingResult) {
	number := s.asked.Add(1)
	switch {
	case s.drop > 0 && number%s.drop == 0:
		s.dropped.Add(1)
		result.Decision = sdktrace.Drop
	case s.record > 0 && number%s.record == 0:
		s.recorded.Add(1)
		result.Decision = sdktrace.RecordOnly
	default:
		result.Decision = sdktrace.RecordAndSample
	}
	return result
}

func (*sampler) Description() string { return "sampler" }

// twice is an id generator that gives all ids two times.
type twice struct {
	mu    sync.Mutex
	again bool
	trace trace.TraceID
	span  trace.SpanID
}

func (t *twice) NewIDs(context.Context) (trace.TraceID, trace.SpanID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.again {
		_, _ = rand.Read(t.trace[:])
		_, _ = rand.Read(t.span[:])
	}
	t.again = !t.again
	return t.trace, t.span
}

func (t *twice) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	_, span := t.NewIDs(ctx)
	return span
}

// hands are the processors that one of this program's own hands spans on to.
type hands []sdktrace.SpanProcessor

func (h hands) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	for _, inner := range h {
		inner.OnStart(ctx, span)
	}
}

func (h hands) hand(span sdktrace.ReadOnlySpan) {
	for _, inner := range h {
		inner.OnEnd(span)
	}
}

func (h hands) Shutdown(ctx context.Context) (err error) {
	for _, inner := range h {
		if one := inner.Shutdown(ctx); one != nil {
			err = one
		}
	}
	return err
}

func (h hands) ForceFlush(ctx context.Context) (err error) {
	for _, inner := range h {
		if one := inner.ForceFlush(ctx); one != nil {
			err = one
		}
	}
	return err
}

// filter hands on every so many-th span, in the goroutine that ends it.
type filter struct {
	hands
	every        uint64
	seen, handed atomic.Uint64
}

func (f *filter) OnEnd(span sdktrace.ReadOnlySpan) {
	if (f.seen.Add(1)-1)%f.every != 0 {
		return
	}
	f.hand(span)
	f.handed.Add(1)
}

// async hands spans on in a goroutine of its own. Where its queue is full it waits, or forgets the span.
type async struct {
	hands
	queue        chan sdktrace.ReadOnlySpan
	block        bool
	seen, handed atomic.Uint64
	once         sync.Once
	stop, done   chan struct{}
}

func newAsync(hands hands, setup processorSetup) *async {
	a := &async{
		hands: hands,
		queue: make(chan sdktrace.ReadOnlySpan, setup.Queue),
		block: setup.Block,
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	go a.work()
	return a
}

func (a *async) OnEnd(span sdktrace.ReadOnlySpan) {
	a.seen.Add(1)
	if a.block {
		a.queue <- span
		return
	}
	select {
	case a.queue <- span:
	default:
	}
}

func (a *async) work() {
	defer close(a.done)
	for {
		select {
		case span := <-a.queue:
			a.hand(span)
			a.handed.Add(1)
		case <-a.stop:
			for { // what is queued by then
				select {
				case span := <-a.queue:
					a.hand(span)
					a.handed.Add(1)
				default:
					return
				}
			}
		}
	}
}

// Shutdown empties the queue and shuts down what is behind it.
func (a *async) Shutdown(ctx context.Context) error {
	a.once.Do(func() { close(a.stop) })
	<-a.done
	return a.hands.Shutdown(ctx)
}

// leaf counts spans and hands none on.
type leaf struct{ seen atomic.Uint64 }

func (*leaf) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (l *leaf) OnEnd(sdktrace.ReadOnlySpan) { l.seen.Add(1) }

func (*leaf) Shutdown(context.Context) error { return nil }

func (*leaf) ForceFlush(context.Context) error { return nil }
