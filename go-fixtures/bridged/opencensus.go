package main

import (
	"context"

	octrace "go.opencensus.io/trace"
	"go.opentelemetry.io/otel/attribute"
	bridge "go.opentelemetry.io/otel/bridge/opencensus"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"spanfate.dev/fixtures/internal/api"
)

// openCensus is set up as the bridge's own page has it. The tracer that it installs is the program's one; where there are several
// providers each keeps the one that was installed for it. The SDK gets the context that the service gave, so nobody is told.
func openCensus(provider trace.TracerProvider, _ api.Started) api.Providers {
	bridge.InstallTraceBridge(bridge.WithTracerProvider(provider))
	return api.Providers{Library: provider, Own: censusProvider{made: censusTracer{opencensus: octrace.DefaultTracer}}}
}

// censusProvider lets the fixture's code, which is written once, make its spans as code that is written for OpenCensus does.
type censusProvider struct {
	embedded.TracerProvider
	made censusTracer
}

// Tracer is the same for all: OpenCensus has one tracer.
func (p censusProvider) Tracer(string, ...trace.TracerOption) trace.Tracer { return p.made }

type censusTracer struct {
	embedded.Tracer
	opencensus octrace.Tracer
}

// Start begins a child of the span in the context. It begins now: OpenCensus takes no other time.
func (t censusTracer) Start(given context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	config := trace.NewSpanStartConfig(options...)
	var kind []octrace.StartOption
	if config.SpanKind() == trace.SpanKindClient {
		kind = append(kind, octrace.WithSpanKind(octrace.SpanKindClient))
	}
	ctx, made := t.opencensus.StartSpan(given, name, kind...)
	span := censusSpan{trace.SpanFromContext(ctx), made} // the bridge has put it there
	span.SetAttributes(config.Attributes()...)
	return ctx, span
}

// censusSpan is a span of OpenCensus. What that API has no word for goes to the span behind the bridge.
type censusSpan struct {
	trace.Span
	made *octrace.Span
}

// End is End, now.
func (s censusSpan) End(...trace.SpanEndOption) { s.made.End() }

// SetAttributes adds them. Lists become text.
func (s censusSpan) SetAttributes(list ...attribute.KeyValue) {
	for _, one := range list {
		s.made.AddAttributes(censusAttribute(string(one.Key), one.Value))
	}
}

func censusAttribute(key string, value attribute.Value) octrace.Attribute {
	switch value.Type() {
	case attribute.BOOL:
		return octrace.BoolAttribute(key, value.AsBool())
	case attribute.INT64:
		return octrace.Int64Attribute(key, value.AsInt64())
	case attribute.FLOAT64:
		return octrace.Float64Attribute(key, value.AsFloat64())
	default:
		return octrace.StringAttribute(key, value.Emit())
	}
}

// SetStatus says that there is an error as services with OpenCensus do, where they know of no code that is nearer.
func (s censusSpan) SetStatus(code codes.Code, description string) {
	if code == codes.Error {
		s.made.SetStatus(octrace.Status{Code: octrace.StatusCodeUnknown, Message: description})
	}
}
