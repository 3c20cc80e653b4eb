package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
	"github.com/opentracing/opentracing-go/log"
	"go.opentelemetry.io/otel/attribute"
	bridge "go.opentelemetry.io/otel/bridge/opentracing"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/hybridsampling"
)

// rig is a service with OpenTracing beside OpenTelemetry.
type rig struct {
	recorded
	tracer *bridge.BridgeTracer
	told   []trace.SpanContext
}

func newRig(options ...sdktrace.TracerProviderOption) *rig {
	r := &rig{}
	r.recorded = record(openTracing, func(_ context.Context, span trace.SpanContext) { r.told = append(r.told, span) }, options...)
	r.tracer = r.Own.(ownProvider).made.opentracing.(*bridge.BridgeTracer)
	return r
}

// begin begins a span as code for OpenTracing does.
func (r *rig) begin(name string, options ...opentracing.StartSpanOption) opentracing.Span {
	made, _ := opentracing.StartSpanFromContextWithTracer(r.ctx, r.tracer, name, options...)
	return made
}

func TestAChildOfAServerSpanIsInItsTraceAndSaysThatItsParentIsRemote(t *testing.T) {
	r := newRig()
	ctx, child := r.Own.Tracer("").Start(r.ctx, "work.child")
	_, grandchild := r.Own.Tracer("").Start(ctx, "grandchild")
	grandchild.End()
	child.End()
	ended := r.recorder.Ended()
	if len(ended) != 2 || len(r.told) != 2 {
		t.Fatalf("%d spans ended, %d told", len(ended), len(r.told))
	}
	for at, parent := range []trace.SpanContext{child.SpanContext(), r.server.SpanContext()} {
		got := ended[at].Parent()
		if got.SpanID() != parent.SpanID() || got.TraceID() != parent.TraceID() || !got.IsRemote() {
			t.Errorf("%s has the parent %+v", ended[at].Name(), got)
		}
		if told := r.told[1-at]; told.SpanID() != ended[at].SpanContext().SpanID() {
			t.Errorf("told of %v", told)
		}
	}
	// What a library makes then is a child of what OpenTracing made.
	_, client := r.Library.Tracer("client").Start(ctx, "HTTP GET")
	client.End()
	if got := r.recorder.Ended()[2].Parent(); got.SpanID() != child.SpanContext().SpanID() || got.IsRemote() {
		t.Errorf("the parent of the library's span is %+v", got)
	}
}

func TestASpanOfWhichOpenTracingKnowsNothingIsNotTheParent(t *testing.T) {
	r := newRig()
	_, inner := r.Library.Tracer("").Start(r.ctx, "inner")
	r.ctx = trace.ContextWithSpan(r.ctx, inner) // and not what Start gave
	r.begin("child").Finish()
	if got := r.only(t).Parent().SpanID(); got != r.server.SpanContext().SpanID() {
		t.Errorf("the parent is %v", got)
	}
}

func TestTheDecisionOfTheServerSpanHolds(t *testing.T) {
	r := newRig(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	r.begin("child").Finish()
	if len(r.recorder.Started()) != 0 {
		t.Error("a child of a span that is not sampled was sampled")
	}
	// A sampler for local parents is not asked: to the SDK the parent is a remote one.
	r = newRig(sdktrace.WithSampler(sdktrace.ParentBased(
		sdktrace.AlwaysSample(), sdktrace.WithLocalParentSampled(sdktrace.NeverSample()))))
	r.begin("child").Finish()
	if len(r.recorder.Ended()) != 1 {
		t.Error("the sampler for local parents decided")
	}
	// Who counts what comes in by remote parents counts every span.
	hybrid := hybridsampling.New(hybridsampling.Options{Rate: 1})
	r = newRig(sdktrace.WithSampler(hybrid))
	r.begin("child").Finish()
	if hybrid.Traces() != 2 {
		t.Errorf("%d traces", hybrid.Traces())
	}
}

// seen is a sampler that takes everything and notes what it finds in the context.
type seen struct {
	key   any
	found []any
}

func (s *seen) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.found = append(s.found, p.ParentContext.Value(s.key))
	return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
}

func (*seen) Description() string { return "seen" }

func TestTheContextOfTheServiceDoesNotComeToTheSDK(t *testing.T) {
	type key struct{}
	sampler := &seen{key: key{}}
	r := newRig(sdktrace.WithSampler(sampler))
	r.ctx = context.WithValue(r.ctx, key{}, "value")
	r.begin("child").Finish()
	_, library := r.Library.Tracer("").Start(r.ctx, "library")
	library.End()
	if want := []any{nil, nil, "value"}; !slices.Equal(sampler.found, want) {
		t.Errorf("found %v", sampler.found)
	}
}

func TestAPanicIsNotRecordedBehindFinish(t *testing.T) {
	passes := func(body func()) {
		defer func() { _ = recover() }()
		body()
	}
	events := map[string]int{}
	for name, body := range map[string]func(*rig){
		"defer span.End()": func(r *rig) {
			_, span := r.Library.Tracer("").Start(r.ctx, "child")
			defer span.End()
			panic("boom")
		},
		"defer span.Finish()": func(r *rig) {
			defer r.begin("child").Finish()
			panic("boom")
		},
		"the fixture's own": func(r *rig) {
			_, span := r.Own.Tracer("").Start(r.ctx, "child")
			defer span.End()
			panic("boom")
		},
	} {
		r := newRig()
		passes(func() { body(r) })
		events[name] = len(r.only(t).Events())
	}
	if events["defer span.End()"] != 1 || events["defer span.Finish()"] != 0 || events["the fixture's own"] != 0 {
		t.Errorf("events: %v", events)
	}
}

func TestASpanThatIsFinishedTwiceEndsOnce(t *testing.T) {
	r := newRig()
	child := r.begin("child")
	child.Finish()
	child.Finish()
	child.FinishWithOptions(opentracing.FinishOptions{FinishTime: time.Now().Add(time.Hour)})
	child.SetTag("late", true)
	if span := r.only(t); len(span.Attributes()) != 0 || time.Until(span.EndTime()) > 0 {
		t.Errorf("%v, ends %v", span.Attributes(), span.EndTime())
	}
}

func TestAKindIsTakenAtTheStartAndNotLater(t *testing.T) {
	r := newRig()
	r.begin("client", ext.SpanKindRPCClient).Finish()
	later := r.begin("later")
	ext.SpanKindRPCClient.Set(later)
	later.Finish()
	_, own := r.Own.Tracer("").Start(r.ctx, "own", trace.WithSpanKind(trace.SpanKindClient))
	own.End()
	want := []trace.SpanKind{trace.SpanKindClient, trace.SpanKindInternal, trace.SpanKindClient}
	for at, span := range r.recorder.Ended() {
		if span.SpanKind() != want[at] || len(span.Attributes()) != 0 {
			t.Errorf("%s: kind %v, %v", span.Name(), span.SpanKind(), span.Attributes())
		}
	}
}

func TestTagsAreAttributesAndLogsAreEvents(t *testing.T) {
	r := newRig()
	begin, end := time.Unix(1000, 0), time.Unix(1001, 0)
	_, own := r.Own.Tracer("").Start(r.ctx, "own", trace.WithTimestamp(begin), trace.WithAttributes(attribute.Int("n", 3)))
	own.SetAttributes(attribute.String("text", "x"), attribute.Bool("yes", true))
	own.SetStatus(codes.Error, "what it was")
	own.End(trace.WithTimestamp(end))
	span := r.only(t)
	if !span.StartTime().Equal(begin) || !span.EndTime().Equal(end) {
		t.Errorf("from %v to %v", span.StartTime(), span.EndTime())
	}
	want := []attribute.KeyValue{attribute.Int64("n", 3), attribute.String("text", "x"), attribute.Bool("yes", true)}
	if !slices.Equal(span.Attributes(), want) {
		t.Errorf("attributes %v", span.Attributes())
	}
	// The description is in the event alone.
	if status := span.Status(); status.Code != codes.Error || status.Description != "" {
		t.Errorf("status %+v", status)
	}
	if events := span.Events(); len(events) != 1 || events[0].Name != "error" ||
		!slices.Contains(events[0].Attributes, attribute.String("error.object", "what it was")) {
		t.Errorf("events %+v", events)
	}
	tagged := r.begin("tagged", opentracing.Tag{Key: "count", Value: uint64(7)})
	tagged.SetTag("small", uint8(7))
	tagged.SetTag("list", []int{1, 2})
	tagged.Finish()
	want = []attribute.KeyValue{attribute.String("count", "7"), attribute.Int64("small", 7), attribute.String("list", "[1 2]")}
	if got := r.recorder.Ended()[1].Attributes(); !slices.Equal(got, want) {
		t.Errorf("attributes %v", got)
	}
	// A log without a name gets one, and an error that is only logged is no error.
	logged := r.begin("logged")
	logged.LogFields(log.Error(errors.New("x")))
	logged.Finish()
	span = r.recorder.Ended()[2]
	if events := span.Events(); len(events) != 1 || events[0].Name != "log" || span.Status().Code != codes.Unset {
		t.Errorf("events %+v, status %+v", events, span.Status())
	}
}

func TestWhatFollowsFromASpanBeginsATraceOfItsOwn(t *testing.T) {
	r := newRig()
	server := opentracing.SpanFromContext(r.ctx)
	r.tracer.StartSpan("later", opentracing.FollowsFrom(server.Context())).Finish()
	span := r.only(t)
	if span.Parent().IsValid() || span.SpanContext().TraceID() == r.server.SpanContext().TraceID() {
		t.Errorf("it is in the trace, with the parent %+v", span.Parent())
	}
	if links := span.Links(); len(links) != 1 || links[0].SpanContext.SpanID() != r.server.SpanContext().SpanID() {
		t.Errorf("links %+v", links)
	}
}

func TestBaggageGoesToChildrenAndOverTheWire(t *testing.T) {
	r := newRig()
	r.tracer.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	parent, ctx := opentracing.StartSpanFromContextWithTracer(r.ctx, r.tracer, "parent")
	parent.SetBaggageItem("tier", "gold")
	child, _ := opentracing.StartSpanFromContextWithTracer(ctx, r.tracer, "child")
	if got := child.BaggageItem("tier"); got != "gold" {
		t.Errorf("the child has %q", got)
	}
	carrier := opentracing.TextMapCarrier{}
	if err := r.tracer.Inject(child.Context(), opentracing.TextMap, carrier); err != nil {
		t.Fatal(err)
	}
	got, err := r.tracer.Extract(opentracing.TextMap, carrier)
	if err != nil || carrier["baggage"] != "tier=gold" {
		t.Fatalf("carrier %v, error %v", carrier, err)
	}
	items := map[string]string{}
	got.ForeachBaggageItem(func(key, value string) bool { items[key] = value; return true })
	if items["tier"] != "gold" {
		t.Errorf("items %v", items)
	}
	// Baggage that OpenTracing sets is not that of the context: a library does not send it.
	plain := propagation.MapCarrier{}
	propagation.Baggage{}.Inject(ctx, plain)
	if len(plain) != 0 {
		t.Errorf("the context has %v", plain)
	}
}
