// Command twin makes traces of three spans and sends them by two exporters, each behind a batch processor of its own: over gRPC to its
// first argument, over HTTP to its second. The third says how many traces; the second exporter loses the spans of the name `lost`,
// which a fourth gives to so many of them. For the tests of `spanfate diff --live`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// losing loses the spans of one name.
type losing struct{ sdktrace.SpanExporter }

func (l losing) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	kept := spans[:0:0]
	for _, span := range spans {
		if span.Name() != "lost" {
			kept = append(kept, span)
		}
	}
	return l.SpanExporter.ExportSpans(ctx, kept)
}

func number(at int) int {
	number, err := strconv.Atoi(os.Args[at])
	must(err)
	return number
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	left, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(os.Args[1]))
	must(err)
	right, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(os.Args[2]))
	must(err)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(left), sdktrace.WithBatcher(losing{right}),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "twin"))),
	)
	tracer := provider.Tracer("twin", trace.WithInstrumentationVersion("1.2"))
	traces, lost := number(3), number(4)
	for at := range traces {
		rootCtx, root := tracer.Start(ctx, "root", trace.WithSpanKind(trace.SpanKindServer))
		innerCtx, inner := tracer.Start(rootCtx, "inner", trace.WithAttributes(attribute.Int("at", at),
			attribute.Float64Slice("ratios", []float64{0.5, 0.25}), attribute.String("text", "žluťoučký 🐎")))
		inner.RecordError(errors.New("planted"))
		inner.SetStatus(codes.Error, "bad")
		name := "leaf"
		if at < lost {
			name = "lost"
		}
		_, leaf := tracer.Start(innerCtx, name, trace.WithLinks(trace.LinkFromContext(rootCtx)))
		leaf.End()
		inner.End()
		root.End()
	}
	must(provider.Shutdown(ctx))
	fmt.Println("made", 3*traces)
}
