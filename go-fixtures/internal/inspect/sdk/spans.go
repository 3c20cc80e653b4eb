package sdk

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	api "go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// Unsampled starts spans that a sampler leaves out. Figures: made, with_ids, recording, exported.
func Unsampled(string) (answer.Answer, error) {
	exporter := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter), trace.WithSampler(trace.NeverSample()))
	tracer := provider.Tracer("look")
	figures := map[string]float64{"made": 0, "with_ids": 0, "recording": 0}
	for range 100 {
		_, span := tracer.Start(context.Background(), "one")
		figures["made"]++
		figures["with_ids"] += answer.Bit(span.SpanContext().IsValid())
		figures["recording"] += answer.Bit(span.IsRecording())
		span.End()
	}
	figures["exported"] = float64(len(exporter.GetSpans()))
	return answer.Answer{Figures: figures}, nil
}

// Panics has a function panic below two ways to defer End, and recovers. Figures, for direct and closure: ended, with_exception,
// as_error.
func Panics(string) (answer.Answer, error) {
	exporter := tracetest.NewInMemoryExporter()
	tracer := trace.NewTracerProvider(trace.WithSyncer(exporter)).Tracer("look")
	ways := map[string]func(){
		"direct": func() {
			_, span := tracer.Start(context.Background(), "direct")
			defer span.End()
			panic("boom")
		},
		"closure": func() {
			_, span := tracer.Start(context.Background(), "closure")
			defer func() { span.End() }()
			panic("boom")
		},
	}
	figures := map[string]float64{}
	for name, way := range ways {
		recovered(way)
		for _, what := range []string{"ended", "with_exception", "as_error"} {
			figures[name+"_"+what] = 0
		}
	}
	for _, span := range exporter.GetSpans() {
		figures[span.Name+"_ended"]++
		figures[span.Name+"_as_error"] += answer.Bit(span.Status.Code == codes.Error)
		for _, event := range span.Events {
			figures[span.Name+"_with_exception"] += answer.Bit(event.Name == "exception")
		}
	}
	return answer.Answer{Figures: figures}, nil
}

func recovered(way func()) {
	defer func() { _ = recover() }()
	way()
}

// The attribute that a rule on errors asks for. It is known when a handler ends, not when its span starts.
const status = "http.response.status_code"

// onError samples what has the status of an error when it starts.
type onError struct{}

func (onError) ShouldSample(given trace.SamplingParameters) trace.SamplingResult {
	decision := trace.Drop
	for _, one := range given.Attributes {
		if string(one.Key) == status && one.Value.AsInt64() == 500 {
			decision = trace.RecordAndSample
		}
	}
	return trace.SamplingResult{Decision: decision}
}

func (onError) Description() string { return "onError" }

// errorsOnly hands on ended spans that have the status of an error.
type errorsOnly struct{ trace.SpanProcessor }

func (e errorsOnly) OnEnd(span trace.ReadOnlySpan) {
	for _, one := range span.Attributes() {
		if string(one.Key) == status && one.Value.AsInt64() == 500 {
			e.SpanProcessor.OnEnd(span)
		}
	}
}

// ByStatus keeps errors by their status in two ways: a sampler, and a filter of ended spans. Of 1,000 traces of three spans every
// tenth has an error in its middle span. Figures: errors, kept_by_sampler, kept_by_filter (error spans), whole_by_filter (traces
// with an error that are whole), spans_by_filter (share of all spans).
func ByStatus(string) (answer.Answer, error) {
	const traces, every = 1000, 10
	sampled, filtered := tracetest.NewInMemoryExporter(), tracetest.NewInMemoryExporter()
	requests(trace.NewTracerProvider(trace.WithSyncer(sampled), trace.WithSampler(onError{})), traces, every)
	behind := trace.NewSimpleSpanProcessor(filtered)
	requests(trace.NewTracerProvider(trace.WithSpanProcessor(errorsOnly{behind})), traces, every)
	kept := filtered.GetSpans()
	byTrace := map[api.TraceID]int{}
	for _, span := range kept {
		byTrace[span.SpanContext.TraceID()]++
	}
	whole := 0
	for _, spans := range byTrace {
		if spans == 3 {
			whole++
		}
	}
	return answer.Answer{Figures: map[string]float64{
		"errors":          traces / every,
		"kept_by_sampler": float64(len(sampled.GetSpans())),
		"kept_by_filter":  float64(len(kept)),
		"whole_by_filter": float64(whole),
		"spans_by_filter": float64(len(kept)) / (3 * traces),
	}}, nil
}

func requests(provider *trace.TracerProvider, traces, every int) {
	tracer := provider.Tracer("look")
	for request := range traces {
		ctx, root := tracer.Start(context.Background(), "request")
		ctx, middle := tracer.Start(ctx, "charge")
		_, leaf := tracer.Start(ctx, "query")
		leaf.End()
		if request%every == 0 {
			middle.SetAttributes(attribute.Int(status, 500))
		}
		middle.End()
		root.End()
	}
}
