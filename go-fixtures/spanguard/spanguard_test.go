package spanguard_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"spanfate.dev/fixtures/spanguard"
)

func TestMain(m *testing.M) {
	if asked() {
		childMain()
		return
	}
	goleak.VerifyTestMain(m)
}

// rig is a real SDK whose spans go into memory.
type rig struct {
	keeper   *spanguard.Keeper
	tracer   trace.Tracer
	exporter *tracetest.InMemoryExporter
	ended    chan struct{} // one for each span that was exported
}

func newRig(t *testing.T, options spanguard.Options, sampler sdktrace.Sampler) *rig {
	t.Helper()
	r := &rig{exporter: tracetest.NewInMemoryExporter(), ended: make(chan struct{}, 1<<16)}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sampler), sdktrace.WithSyncer(r.exporter), sdktrace.WithSpanProcessor(signal{r.ended}),
	)
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	r.keeper, r.tracer = spanguard.New(options), provider.Tracer("test")
	return r
}

// signal says when a span has ended.
type signal struct{ ended chan struct{} }

func (signal) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (s signal) OnEnd(sdktrace.ReadOnlySpan)                   { s.ended <- struct{}{} }
func (signal) Shutdown(context.Context) error                  { return nil }
func (signal) ForceFlush(context.Context) error                { return nil }

func (r *rig) start(name string) *spanguard.Span {
	_, span := r.keeper.Start(context.Background(), r.tracer, name)
	return span
}

// only is the one span that was exported, with what ended it.
func (r *rig) only(t *testing.T) (span tracetest.SpanStub, by string) {
	t.Helper()
	spans := r.exporter.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans were exported, not one", len(spans))
	}
	for _, attribute := range spans[0].Attributes {
		if attribute.Key == spanguard.EndedBy {
			by = attribute.Value.AsString()
		}
	}
	return spans[0], by
}

func (r *rig) none(t *testing.T) {
	t.Helper()
	if n := len(r.exporter.GetSpans()); n != 0 {
		t.Fatalf("%d spans were exported, and none has ended yet", n)
	}
}

// collected collects garbage until a span ends by it.
func (r *rig) collected(t *testing.T) bool {
	t.Helper()
	for range 1000 {
		runtime.GC()
		select {
		case <-r.ended:
			return true
		case <-time.After(time.Millisecond): // cleanups run on a goroutine of their own
		}
	}
	return false
}

func TestTheLastHandleEndsTheSpan(t *testing.T) {
	r := newRig(t, spanguard.Options{}, sdktrace.AlwaysSample())
	first := r.start("work")
	second := first.Hold()
	first.End()
	first.End() // twice is once
	r.none(t)
	first.Hold().End() // holds nothing
	r.none(t)
	second.End()
	if _, by := r.only(t); by != "" || r.keeper.Open() != 0 {
		t.Errorf("ended by %q, %d open", by, r.keeper.Open())
	}
	late := second.Hold()
	if late.End(); late.IsRecording() {
		t.Error("a span that has ended can be held")
	}
	r.only(t)
}

func TestAnEndCanBeForced(t *testing.T) {
	r := newRig(t, spanguard.Options{}, sdktrace.AlwaysSample())
	span := r.start("work")
	other := span.Hold()
	span.ForceEnd()
	if _, by := r.only(t); by != spanguard.ByForce {
		t.Errorf("ended by %q", by)
	}
	span.End()
	other.End()
	r.only(t)
}

//go:noinline
func forget(r *rig) { r.start("forgotten").SetName("dropped") }

func TestADroppedHandleIsFoundByTheCollector(t *testing.T) {
	for _, net := range []spanguard.Net{spanguard.Cleanup, spanguard.Finalizer} {
		r := newRig(t, spanguard.Options{Net: net}, sdktrace.AlwaysSample())
		forget(r)
		if !r.collected(t) {
			t.Fatalf("net %d: a dropped handle was not found", net)
		}
		if err := r.keeper.Close(t.Context()); err != nil { // waits for the end that goes on
			t.Fatal(err)
		}
		if span, by := r.only(t); by != spanguard.ByCollector || span.Name != "dropped" {
			t.Errorf("net %d: %s, ended by %q", net, span.Name, by)
		}
	}
}

func TestAContextKeepsItsSpan(t *testing.T) {
	r := newRig(t, spanguard.Options{}, sdktrace.AlwaysSample())
	ctx, _ := r.keeper.Start(context.Background(), r.tracer, "work")
	for range 10 {
		runtime.GC()
	}
	r.none(t)
	trace.SpanFromContext(ctx).End()
	if _, by := r.only(t); by != "" {
		t.Errorf("ended by %q", by)
	}
}

func TestCloseEndsWhatIsHeldAndTakesNoMore(t *testing.T) {
	for _, net := range []spanguard.Net{spanguard.Cleanup, spanguard.NoNet} {
		r := newRig(t, spanguard.Options{Net: net}, sdktrace.AlwaysSample())
		held := r.start("held")
		for range 2 {
			if err := r.keeper.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, by := r.only(t); by != spanguard.ByStop {
			t.Errorf("ended by %q", by)
		}
		held.End()
		r.only(t)
		late := r.start("late")
		late.End()
		if n := len(r.exporter.GetSpans()); n != 2 {
			t.Errorf("%d spans, with the late one that ends alone", n)
		}
	}
}

func TestCloseIsBounded(t *testing.T) {
	let := make(chan struct{})
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(full{let}))
	keeper := spanguard.New(spanguard.Options{})
	_, span := keeper.Start(context.Background(), provider.Tracer("test"), "work")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := keeper.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "1 spans") {
		t.Errorf("%v", err)
	}
	close(let)
	if err := keeper.Close(t.Context()); err != nil {
		t.Error(err)
	}
	runtime.KeepAlive(span)
}

// full is a queue that takes nothing until it is let.
type full struct{ let chan struct{} }

func (full) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (f full) OnEnd(sdktrace.ReadOnlySpan)                   { <-f.let }
func (full) Shutdown(context.Context) error                  { return nil }
func (full) ForceFlush(context.Context) error                { return nil }

func TestAPanicIsRecordedAndGoesOn(t *testing.T) {
	for _, sampler := range []sdktrace.Sampler{sdktrace.AlwaysSample(), sdktrace.NeverSample()} {
		flushes := 0
		flush := func(context.Context) error { flushes++; return nil }
		r := newRig(t, spanguard.Options{Flush: flush}, sampler)
		value := func() (value any) {
			defer func() { value = recover() }()
			defer r.start("work").End()
			panic("boom")
		}()
		if value != "boom" {
			t.Errorf("the panic went on as %v", value)
		}
		if sampler.Description() == "AlwaysOffSampler" {
			r.none(t)
			continue
		}
		span, _ := r.only(t)
		if len(span.Events) != 1 || span.Events[0].Name != "exception" || flushes != 1 {
			t.Errorf("%d flushes, events %v", flushes, span.Events)
		}
	}
}

func TestAFlushThatDoesNotReturnIsNotTriedAgainAtOnce(t *testing.T) {
	var flushes int
	silent := func(ctx context.Context) error { flushes++; <-ctx.Done(); return ctx.Err() }
	r := newRig(t, spanguard.Options{Flush: silent, FlushWithin: 100 * time.Millisecond}, sdktrace.AlwaysSample())
	began := time.Now()
	for range 5 {
		func() {
			defer func() { _ = recover() }()
			defer r.start("work").End()
			panic("boom")
		}()
	}
	if took := time.Since(began); flushes != 1 || took < 100*time.Millisecond {
		t.Errorf("%d flushes in %v", flushes, took)
	}
	if n := len(r.exporter.GetSpans()); n != 5 {
		t.Errorf("%d spans", n)
	}
}

// Goroutines hand spans over, drop them and end them while the keeper closes: each span is exported once.
func TestEverySpanEndsOnceWhateverHappensAtOnce(t *testing.T) {
	r := newRig(t, spanguard.Options{}, sdktrace.AlwaysSample())
	const workers, each = 8, 250
	var started atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := range each {
				span := r.start("work")
				started.Add(1)
				other := span.Hold()
				group.Go(func() {
					if i%5 != 0 { // else it is dropped
						other.End()
					}
				})
				if (i+worker)%7 == 0 {
					go span.ForceEnd()
				}
				span.End()
			}
			if worker == 0 {
				if err := r.keeper.Close(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := r.keeper.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range started.Load() { // spans that came after the first Close end alone
		<-r.ended
	}
	seen := map[trace.SpanID]int{}
	for _, span := range r.exporter.GetSpans() {
		seen[span.SpanContext.SpanID()]++
	}
	if len(seen) != workers*each {
		t.Errorf("%d spans of %d", len(seen), workers*each)
	}
	for id, copies := range seen {
		if copies != 1 {
			t.Errorf("%s was exported %d times", id, copies)
		}
	}
	if len(r.ended) != 0 {
		t.Errorf("%d ends too many", len(r.ended))
	}
}
