package witness

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ids"
)

type discard struct{}

func (discard) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (discard) Shutdown(context.Context) error                             { return nil }

// The pair prices the whole witness, hooks and the SDK's own counting together, as the harness's "off" arm does.

func BenchmarkWitnessFull(b *testing.B) {
	r := newRig(b, rigOptions{exporter: discard{}, slots: 4 << 20})
	spans(b, r.tracer)
	stop(b, r.provider)
	if r.ledger.Overflow.Load() > 0 {
		b.Fatal("the ledger was full: the figure is too good; use -benchtime with fewer iterations")
	}
}

func BenchmarkWitnessOff(b *testing.B) {
	for _, name := range Switches {
		b.Setenv(name, "")
	}
	otel.SetMeterProvider(metricnoop.NewMeterProvider())
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(discard{}), sdktrace.WithIDGenerator(PlainGenerator{IDs: ids.TraceIDs{}}),
	)
	spans(b, provider.Tracer("test"))
	stop(b, provider)
}

func spans(b *testing.B, tracer trace.Tracer) {
	b.Helper()
	b.ReportAllocs()
	ctx := context.Background()
	for b.Loop() {
		_, span := tracer.Start(ctx, "x")
		span.End()
	}
}

func stop(b *testing.B, provider *sdktrace.TracerProvider) {
	b.Helper()
	if err := provider.Shutdown(context.Background()); err != nil {
		b.Fatal(err)
	}
}
