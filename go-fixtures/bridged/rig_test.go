package main

import (
	"context"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/api"
)

// recorded is a service with a bridge and what it made, in the span of a request that a library made.
type recorded struct {
	api.Providers
	recorder *tracetest.SpanRecorder
	ctx      context.Context
	server   trace.Span
}

func record(bridge api.Bridge, started api.Started, options ...sdktrace.TracerProviderOption) recorded {
	r := recorded{recorder: tracetest.NewSpanRecorder()}
	r.Providers = bridge(sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(r.recorder))...), started)
	r.ctx, r.server = r.Library.Tracer("server").Start(context.Background(), "GET /work", trace.WithSpanKind(trace.SpanKindServer))
	return r
}

// only is the one span that has ended.
func (r recorded) only(t *testing.T) sdktrace.ReadOnlySpan {
	t.Helper()
	ended := r.recorder.Ended()
	if len(ended) != 1 {
		t.Fatalf("%d spans have ended", len(ended))
	}
	return ended[0]
}
