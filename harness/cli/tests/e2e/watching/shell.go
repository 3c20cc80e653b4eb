// A program that takes its exporter from its environment, as many do.
package main

import (
	"context"
	"log"
	"os"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Takes spans and sends them nowhere.
type none struct{}

func (none) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (none) Shutdown(context.Context) error                             { return nil }

func exporter(ctx context.Context) sdktrace.SpanExporter {
	if os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return none{}
	}
	if protocol := os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		log.Fatalf("invalid OTLP protocol %q", protocol)
	}
	var options []otlptracehttp.Option
	if path := os.Getenv("URL_PATH"); path != "" {
		options = append(options, otlptracehttp.WithURLPath(path))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		log.Fatal(err)
	}
	return exporter
}

func main() {
	ctx := context.Background()
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter(ctx)))
	tracer := provider.Tracer("shell")
	for range 100 {
		_, span := tracer.Start(ctx, "work")
		span.End()
	}
	if err := provider.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
}
