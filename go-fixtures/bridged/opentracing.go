package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
	"go.opentelemetry.io/otel/attribute"
	bridge "go.opentelemetry.io/otel/bridge/opentracing"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"spanfate.dev/fixtures/internal/api"
)

// openTracing is set up as the bridge's own page has it. What instruments the service gets the bridge's provider, so that a
// server span is the parent of what is made by OpenTracing.
func openTracing(provider trace.TracerProvider, started api.Started) api.Providers {
	tracer := bridge.NewBridgeTracer()
	tracer.SetWarningHandler(func(text string) { _, _ = io.WriteString(os.Stderr, text) })
	library := bridge.NewTracerProvider(tracer, provider)
	tracer.SetOpenTelemetryTracer(library.Tracer("spanfate.dev/fixtures/bridged"))
	return api.Providers{Library: library, Own: ownProvider{made: ownTracer{opentracing: tracer, started: started}}}
}

// ownProvider lets the fixture's code, which is written once, make its spans as code that is written for OpenTracing does.
type ownProvider struct {
	embedded.TracerProvider
	made ownTracer
}

// Tracer is the same for all: OpenTracing has one tracer for a service.
func (p ownProvider) Tracer(string, ...trace.TracerOption) trace.Tracer { return p.made }

type ownTracer struct {
	embedded.Tracer
	opentracing opentracing.Tracer
	started     api.Started
}

// Start begins a child of the span that OpenTracing finds in the context.
func (t ownTracer) Start(
	given context.Context, name string, options ...trace.SpanStartOption,
) (context.Context, trace.Span) {
	made, ctx := opentracing.StartSpanFromContextWithTracer(given, t.opentracing, name, starting(options)...)
	inner := trace.SpanFromContext(ctx) // the bridge has put it there
	t.started(given, inner.SpanContext())
	return ctx, ownSpan{inner, made}
}

func starting(options []trace.SpanStartOption) (list []opentracing.StartSpanOption) {
	if len(options) == 0 {
		return nil
	}
	config := trace.NewSpanStartConfig(options...)
	if config.SpanKind() == trace.SpanKindClient {
		list = append(list, ext.SpanKindRPCClient)
	}
	if at := config.Timestamp(); !at.IsZero() {
		list = append(list, opentracing.StartTime(at))
	}
	for _, one := range config.Attributes() {
		list = append(list, opentracing.Tag{Key: string(one.Key), Value: one.Value.AsInterface()})
	}
	return list
}

// ownSpan is a span of OpenTracing. What that API has no word for goes to the span behind the bridge.
type ownSpan struct {
	trace.Span
	made opentracing.Span
}

// End is Finish.
func (s ownSpan) End(options ...trace.SpanEndOption) {
	if len(options) > 0 {
		config := trace.NewSpanEndConfig(options...)
		s.made.FinishWithOptions(opentracing.FinishOptions{FinishTime: config.Timestamp()})
		return
	}
	s.made.Finish()
}

// SetAttributes sets tags.
func (s ownSpan) SetAttributes(list ...attribute.KeyValue) {
	for _, one := range list {
		s.made.SetTag(string(one.Key), one.Value.AsInterface())
	}
}

// SetStatus says that there is an error, and logs which.
func (s ownSpan) SetStatus(code codes.Code, description string) {
	if code == codes.Error {
		ext.LogError(s.made, errors.New(description))
	}
}
