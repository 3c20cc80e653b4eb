package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	octrace "go.opencensus.io/trace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// censusRig is a service with OpenCensus beside OpenTelemetry.
type censusRig struct {
	recorded
	tracer octrace.Tracer
}

func newCensusRig(options ...sdktrace.TracerProviderOption) *censusRig {
	r := &censusRig{recorded: record(openCensus, nil, options...)}
	r.tracer = r.Own.(censusProvider).made.opencensus
	return r
}

// begin begins a span as code for OpenCensus does.
func (r *censusRig) begin(name string, options ...octrace.StartOption) *octrace.Span {
	_, span := r.tracer.StartSpan(r.ctx, name, options...)
	return span
}

func TestSpansOfOpenCensusAreInTheTraceAndTheirParentsAreLocal(t *testing.T) {
	r := newCensusRig()
	ctx, child := r.Own.Tracer("").Start(r.ctx, "work.child")
	_, grandchild := r.Own.Tracer("").Start(ctx, "grandchild")
	_, client := r.Library.Tracer("client").Start(ctx, "HTTP GET")
	client.End()
	grandchild.End()
	child.End()
	ended := r.recorder.Ended()
	if len(ended) != 3 {
		t.Fatalf("%d spans ended", len(ended))
	}
	for at, parent := range []trace.SpanContext{child.SpanContext(), child.SpanContext(), r.server.SpanContext()} {
		got := ended[at].Parent()
		if got.SpanID() != parent.SpanID() || got.TraceID() != parent.TraceID() || got.IsRemote() {
			t.Errorf("%s has the parent %+v", ended[at].Name(), got)
		}
	}
}

func TestEachProviderKeepsItsTracerOfOpenCensus(t *testing.T) {
	first, second := newCensusRig(), newCensusRig()
	_, span := first.Own.Tracer("").Start(first.ctx, "of the first")
	span.End()
	if len(first.recorder.Ended()) != 1 || len(second.recorder.Ended()) != 0 {
		t.Errorf("%d and %d spans", len(first.recorder.Ended()), len(second.recorder.Ended()))
	}
}

func TestASpanThatIsOnlyInTheContextIsTheParentOfOneOfOpenCensus(t *testing.T) {
	r := newCensusRig()
	_, inner := r.Library.Tracer("").Start(r.ctx, "inner")
	r.ctx = trace.ContextWithSpan(r.ctx, inner)
	r.begin("child").End()
	if got := r.only(t).Parent().SpanID(); got != inner.SpanContext().SpanID() {
		t.Errorf("the parent is %v", got)
	}
}

func TestTheContextOfAServiceWithOpenCensusComesToTheSDK(t *testing.T) {
	type key struct{}
	sampler := &seen{key: key{}}
	r := newCensusRig(sdktrace.WithSampler(sampler))
	r.ctx = context.WithValue(r.ctx, key{}, "value")
	r.begin("child").End()
	if want := []any{nil, "value"}; !slices.Equal(sampler.found, want) {
		t.Errorf("found %v", sampler.found)
	}
}

func TestASamplerOfOpenCensusDecidesNothing(t *testing.T) {
	r := newCensusRig()
	r.begin("never", octrace.WithSampler(octrace.NeverSample())).End()
	if span := r.only(t); !span.SpanContext().IsSampled() {
		t.Error("a span was left out by a sampler that the bridge does not know")
	}
	r = newCensusRig(sdktrace.WithSampler(sdktrace.NeverSample()))
	r.begin("always", octrace.WithSampler(octrace.AlwaysSample())).End()
	if len(r.recorder.Ended()) != 0 {
		t.Error("a span was sampled by a sampler that the bridge does not know")
	}
}

func TestAPanicIsNotRecordedBehindEndOfOpenCensus(t *testing.T) {
	events := map[string]int{}
	for name, body := range map[string]func(*censusRig){
		"OpenCensus": func(r *censusRig) {
			defer r.begin("child").End()
			panic("boom")
		},
		"the fixture's own": func(r *censusRig) {
			_, span := r.Own.Tracer("").Start(r.ctx, "child")
			defer span.End()
			panic("boom")
		},
	} {
		r := newCensusRig()
		func() {
			defer func() { _ = recover() }()
			body(r)
		}()
		events[name] = len(r.only(t).Events())
	}
	if events["OpenCensus"] != 0 || events["the fixture's own"] != 0 {
		t.Errorf("events: %v", events)
	}
}

func TestASpanOfOpenCensusThatIsEndedTwiceEndsOnce(t *testing.T) {
	r := newCensusRig()
	child := r.begin("child")
	child.End()
	child.End()
	child.AddAttributes(octrace.BoolAttribute("late", true))
	if span := r.only(t); len(span.Attributes()) != 0 {
		t.Errorf("%v", span.Attributes())
	}
}

func TestWhatOpenCensusSaysOfASpan(t *testing.T) {
	r := newCensusRig()
	_, own := r.Own.Tracer("").Start(r.ctx, "own", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.Int("n", 3)))
	own.SetAttributes(attribute.String("text", "x"), attribute.Bool("yes", true), attribute.Float64("half", 0.5),
		attribute.StringSlice("list", []string{"a", "b"}))
	own.End()
	want := []attribute.KeyValue{
		attribute.Int64("n", 3), attribute.String("text", "x"), attribute.Bool("yes", true), attribute.Float64("half", 0.5),
		attribute.String("list", `["a","b"]`),
	}
	if span := r.only(t); span.SpanKind() != trace.SpanKindClient || !slices.Equal(span.Attributes(), want) {
		t.Errorf("kind %v, attributes %v", span.SpanKind(), span.Attributes())
	}
	said := r.begin("said", octrace.WithSpanKind(octrace.SpanKindServer))
	said.Annotate([]octrace.Attribute{octrace.Int64Attribute("n", 1)}, "looked up")
	said.AddMessageSendEvent(7, 100, 50)
	said.AddLink(octrace.Link{TraceID: octrace.TraceID{1}, SpanID: octrace.SpanID{2}, Type: octrace.LinkTypeChild})
	said.End()
	span := r.recorder.Ended()[1]
	events := span.Events()
	if len(events) != 2 || events[0].Name != "looked up" || events[1].Name != "message send" || len(events[1].Attributes) != 2 {
		t.Errorf("events %+v", events)
	}
	if links := span.Links(); span.SpanKind() != trace.SpanKindServer || len(links) != 1 || !links[0].SpanContext.IsSampled() {
		t.Errorf("kind %v, links %+v", span.SpanKind(), links)
	}
}

// OpenCensus has the codes of gRPC. The bridge hands the number on, and in OpenTelemetry 1 is an error, 2 is "ok", and there are no others.
func TestMostErrorsOfOpenCensusArriveAsNone(t *testing.T) {
	arrived := make(chan *wire.Span, 8)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil {
			t.Error(err)
			return
		}
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					arrived <- span
				}
			}
		}
	}))
	defer server.Close()
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	r := newCensusRig(sdktrace.WithSyncer(exporter))
	for _, one := range []struct {
		code    int32
		sdk     codes.Code
		message string
		otlp    wire.Status_StatusCode
	}{
		{octrace.StatusCodeOK, codes.Unset, "", wire.Status_STATUS_CODE_UNSET},
		{octrace.StatusCodeCancelled, codes.Error, "what it was", wire.Status_STATUS_CODE_ERROR},
		{octrace.StatusCodeUnknown, codes.Ok, "", wire.Status_STATUS_CODE_OK},
		{octrace.StatusCodeInvalidArgument, 3, "", wire.Status_STATUS_CODE_UNSET},
		{octrace.StatusCodeUnavailable, 14, "", wire.Status_STATUS_CODE_UNSET},
	} {
		span := r.begin("failed")
		span.SetStatus(octrace.Status{Code: one.code, Message: "what it was"})
		span.End()
		ended := r.recorder.Ended()
		if got := ended[len(ended)-1].Status(); got.Code != one.sdk || got.Description != one.message {
			t.Errorf("%d: status %+v", one.code, got)
		}
		if got := (<-arrived).GetStatus(); got.GetCode() != one.otlp || got.GetMessage() != one.message {
			t.Errorf("%d: arrived as %v", one.code, got)
		}
	}
}
