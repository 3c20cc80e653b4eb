package spanguard_test

import (
	"context"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/spanguard"
)

// What a guarded span costs beside one that is not: go test -run - -bench . -benchmem ./spanguard
func BenchmarkSpan(b *testing.B) {
	tracer := sdktrace.NewTracerProvider().Tracer("bench")
	guarded := func(net spanguard.Net) func() trace.Span {
		keeper := spanguard.New(spanguard.Options{Net: net})
		return func() trace.Span {
			_, span := keeper.Start(context.Background(), tracer, "work")
			return span
		}
	}
	for _, c := range []struct {
		name  string
		start func() trace.Span
	}{
		{"plain", func() trace.Span { _, span := tracer.Start(context.Background(), "work"); return span }},
		{"guarded without a net", guarded(spanguard.NoNet)},
		{"guarded by a cleanup", guarded(spanguard.Cleanup)},
		{"guarded by a finalizer", guarded(spanguard.Finalizer)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.start().End()
			}
		})
		b.Run(c.name+" on every core", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.start().End()
				}
			})
		})
	}
}

// What a stop is held up by for each thousand spans that are still held.
func BenchmarkClose(b *testing.B) {
	tracer := sdktrace.NewTracerProvider().Tracer("bench")
	held := make([]*spanguard.Span, 1000)
	for b.Loop() {
		b.StopTimer()
		keeper := spanguard.New(spanguard.Options{})
		for i := range held {
			_, held[i] = keeper.Start(context.Background(), tracer, "work")
		}
		b.StartTimer()
		if err := keeper.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
