// Package sdk looks at what the OpenTelemetry SDK does: with a full queue, a failed export, a panic, a sampler.
package sdk

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// made is how many spans a look makes: far more than a queue holds.
const made = 10_000

// gated is an exporter whose first call waits until it is released.
type gated struct {
	entered chan struct{}
	release chan struct{}
	once    sync.Once

	mu    sync.Mutex
	sizes []int
}

func newGated() *gated {
	return &gated{entered: make(chan struct{}), release: make(chan struct{})}
}

func (g *gated) ExportSpans(_ context.Context, spans []trace.ReadOnlySpan) error {
	g.once.Do(func() { close(g.entered) })
	<-g.release
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sizes = append(g.sizes, len(spans))
	return nil
}

func (g *gated) Shutdown(context.Context) error { return nil }

// sum is how many spans were exported, and how many at once.
func (g *gated) sum() (exported, largest int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, size := range g.sizes {
		exported += size
		largest = max(largest, size)
	}
	return exported, largest
}

// patience is how long ends of spans may take while the exporter waits. An end that waits for room never returns, so this is no
// bound that a slow machine meets.
const patience = 30 * time.Second

// Capacity makes more spans than the default processor holds while its exporter waits. Figures: made, accepted, dropped, queue,
// largest_batch, waiting_ends (ends that did not return before the exporter was released), handler_calls.
func Capacity(string) (answer.Answer, error) {
	calls := countErrors()
	exporter := newGated()
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	tracer := provider.Tracer("look")
	var ended atomic.Int64
	end := func(count int) {
		for range count {
			_, span := tracer.Start(context.Background(), "one")
			span.End()
			ended.Add(1)
		}
	}
	// The worker takes a batch and waits in the exporter: from there on all that comes stays in the queue.
	first := trace.DefaultMaxExportBatchSize
	end(first)
	<-exporter.entered
	done := make(chan struct{})
	go func() {
		defer close(done)
		end(made - first)
	}()
	select {
	case <-done:
	case <-time.After(patience):
	}
	waiting := made - ended.Load()
	close(exporter.release)
	<-done
	if err := provider.Shutdown(context.Background()); err != nil {
		return answer.Answer{}, err
	}
	accepted, largest := exporter.sum()
	return answer.Answer{Figures: map[string]float64{
		"made":          made,
		"accepted":      float64(accepted),
		"dropped":       float64(made - accepted),
		"queue":         float64(accepted - first),
		"largest_batch": float64(largest),
		"waiting_ends":  float64(waiting),
		"handler_calls": float64(calls.Load()),
	}}, nil
}

// Blocking does the same with WithBlocking, and releases the exporter once an end waits. Figures: made, accepted, dropped,
// waited (1: an end did not return before the exporter was released).
func Blocking(string) (answer.Answer, error) {
	exporter := newGated()
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter, trace.WithBlocking()))
	tracer := provider.Tracer("look")
	var ended atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range made {
			_, span := tracer.Start(context.Background(), "one")
			span.End()
			ended.Add(1)
		}
	}()
	<-exporter.entered
	// With its exporter at work the processor has room for these; the next end must wait or drop.
	const room = trace.DefaultMaxQueueSize + trace.DefaultMaxExportBatchSize
	for ended.Load() < room {
		runtime.Gosched()
	}
	select {
	case <-done:
	case <-time.After(200 * time.Millisecond):
	}
	waited := ended.Load() == room
	close(exporter.release)
	<-done
	if err := provider.Shutdown(context.Background()); err != nil {
		return answer.Answer{}, err
	}
	accepted, _ := exporter.sum()
	return answer.Answer{Figures: map[string]float64{
		"made":     made,
		"accepted": float64(accepted),
		"dropped":  float64(made - accepted),
		"waited":   answer.Bit(waited),
	}}, nil
}

type failing struct{ calls atomic.Int64 }

func (f *failing) ExportSpans(context.Context, []trace.ReadOnlySpan) error {
	f.calls.Add(1)
	return errors.New("the look has this export fail")
}

func (f *failing) Shutdown(context.Context) error { return nil }

// Failing has every export fail. Figures: failed (exports), handler_calls.
func Failing(string) (answer.Answer, error) {
	calls := countErrors()
	exporter := &failing{}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	tracer := provider.Tracer("look")
	for range 2 * trace.DefaultMaxExportBatchSize {
		_, span := tracer.Start(context.Background(), "one")
		span.End()
	}
	// What the last export of a shutdown says may come by its result or by the handler; both tell an operator.
	err := provider.Shutdown(context.Background())
	told := calls.Load() + int64(answer.Bit(err != nil))
	return answer.Answer{Figures: map[string]float64{
		"failed":        float64(exporter.calls.Load()),
		"handler_calls": float64(told),
	}}, nil
}

// countErrors counts what the SDK tells its error handler from now on.
func countErrors() *atomic.Int64 {
	var calls atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { calls.Add(1) }))
	return &calls
}
