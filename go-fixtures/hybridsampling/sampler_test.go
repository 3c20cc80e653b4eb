package hybridsampling

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

func randomID(random *rand.Rand) (id trace.TraceID) {
	binary.BigEndian.PutUint64(id[:], random.Uint64())
	binary.BigEndian.PutUint64(id[8:], random.Uint64())
	return id
}

func root(id trace.TraceID, name string, attributes ...attribute.KeyValue) sdktrace.SamplingParameters {
	return sdktrace.SamplingParameters{ParentContext: context.Background(), TraceID: id, Name: name, Attributes: attributes}
}

func child(id trace.TraceID, name string, sampled, remote bool) sdktrace.SamplingParameters {
	flags := trace.TraceFlags(0).WithSampled(sampled)
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: flags, Remote: remote})
	return sdktrace.SamplingParameters{
		ParentContext: trace.ContextWithSpanContext(context.Background(), parent), TraceID: id, Name: name,
	}
}

func kept(s sdktrace.Sampler, p sdktrace.SamplingParameters) bool {
	return s.ShouldSample(p).Decision == sdktrace.RecordAndSample
}

func TestTheRateIsTheShareThatIsKept(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const total = 200_000
	for _, rate := range []float64{0, 0.01, 0.1, 0.5, 1} {
		s := New(Options{Rate: rate})
		count := 0
		for range total {
			if kept(s, root(randomID(random), "x")) {
				count++
			}
		}
		// Six standard deviations.
		if off := math.Abs(float64(count) - rate*total); off > 6*math.Sqrt(total*rate*(1-rate)) {
			t.Errorf("rate %v kept %d of %d", rate, count, total)
		}
	}
}

// What a low rate keeps every higher one keeps: so services with different rates agree, and a change splits no trace.
func TestRatesAreNested(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		low, high := random.Float64(), random.Float64()
		low, high = min(low, high), max(low, high)
		id := randomID(random)
		if kept(New(Options{Rate: low}), root(id, "x")) && !kept(New(Options{Rate: high}), root(id, "x")) {
			t.Fatalf("%s is kept at %v and not at %v", id, low, high)
		}
	}
}

func TestKeySpansAreKeptAndParentsRespected(t *testing.T) {
	vip := attribute.String("user.tier", "vip")
	s := New(Options{Names: []string{"pay"}, Attributes: []attribute.KeyValue{vip}, Rate: 0})
	id := trace.TraceID{15: 1}
	for _, test := range []struct {
		what string
		of   sdktrace.SamplingParameters
		want bool
	}{
		{"a key span", root(id, "pay"), true},
		{"a key span by an attribute", root(id, "x", attribute.Int("n", 1), vip), true},
		{"the attribute with another value", root(id, "x", attribute.String("user.tier", "free")), false},
		{"a root", root(id, "x"), false},
		{"a child of what is kept", child(id, "x", true, false), true},
		{"a child of what is not", child(id, "x", false, false), false},
		{"a key span below what is not", child(id, "pay", false, false), true},
		{"a caller that keeps", child(id, "x", true, true), true},
		{"a caller that does not", child(id, "x", false, true), false},
	} {
		if got := kept(s, test.of); got != test.want {
			t.Errorf("%s: kept %v", test.what, got)
		}
	}
	s.SetRate(1)
	if kept(s, child(id, "x", false, true)) || !kept(s, root(id, "x")) {
		t.Error("a rate of 1 keeps roots, and a caller's word stands all the same")
	}
}

func TestARateThatIsNoneChangesNothing(t *testing.T) {
	s := New(Options{Rate: 0.25})
	for _, test := range []struct{ set, want float64 }{{math.NaN(), 0.25}, {7, 1}, {-1, 0}, {math.Inf(1), 1}} {
		if s.SetRate(test.set); s.Rate() != test.want {
			t.Errorf("set %v: rate %v, want %v", test.set, s.Rate(), test.want)
		}
	}
}

func TestTracesAreCounted(t *testing.T) {
	s := New(Options{Rate: 0.5})
	id := trace.TraceID{1}
	for _, p := range []sdktrace.SamplingParameters{root(id, "x"), child(id, "x", true, true), child(id, "x", true, false)} {
		s.ShouldSample(p)
	}
	if s.Traces() != 2 {
		t.Errorf("%d traces, want the one that began and the one that came in", s.Traces())
	}
}

// A head sampler decides before anything went wrong: with and without an error, the same traces are kept.
func TestNoHeadSamplerSeesAStatus(t *testing.T) {
	const total = 4000
	run := func(sampler sdktrace.Sampler, fails func(int) bool) (all, errors int) {
		exporter := tracetest.NewInMemoryExporter()
		random := rand.New(rand.NewPCG(5, 6))
		provider := sdktrace.NewTracerProvider(
			sdktrace.WithSampler(sampler), sdktrace.WithSyncer(exporter), sdktrace.WithIDGenerator(sequence{random}),
		)
		tracer := provider.Tracer("x")
		for i := range total {
			_, span := tracer.Start(context.Background(), "x")
			if fails(i) {
				span.SetAttributes(attribute.Int("http.response.status_code", 500))
				span.SetStatus(codes.Error, "failed")
			}
			span.End()
		}
		for _, span := range exporter.GetSpans() {
			if span.Status.Code == codes.Error {
				errors++
			}
		}
		return len(exporter.GetSpans()), errors
	}
	for name, fresh := range map[string]func() sdktrace.Sampler{
		"hybrid": func() sdktrace.Sampler { return New(Options{Rate: 0.1}) },
		"ratio":  func() sdktrace.Sampler { return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.1)) },
	} {
		without, _ := run(fresh(), func(int) bool { return false })
		with, errors := run(fresh(), func(i int) bool { return i%10 == 0 })
		if without != with {
			t.Errorf("%s: %d traces kept without errors, %d with", name, without, with)
		}
		if errors == 0 || errors > total/10/4 {
			t.Errorf("%s: %d of %d error traces kept, want about a tenth", name, errors, total/10)
		}
	}
}

// sequence makes the same ids every time.
type sequence struct{ random *rand.Rand }

func (s sequence) NewIDs(context.Context) (trace.TraceID, trace.SpanID) {
	return randomID(s.random), trace.SpanID{1}
}

func (s sequence) NewSpanID(context.Context, trace.TraceID) trace.SpanID { return trace.SpanID{2} }

func TestARateIsChangedWhileOthersDecide(t *testing.T) {
	s := New(Options{Names: []string{"pay"}, Rate: 0.5})
	var group sync.WaitGroup
	for seed := range 4 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(seed), 9))
			for range 5000 {
				if !kept(s, root(randomID(random), "pay")) {
					t.Error("a key span was not kept")
					return
				}
				kept(s, root(randomID(random), "x"))
			}
		})
	}
	for i := range 1000 {
		s.SetRate(float64(i) / 1000)
	}
	group.Wait()
}

func TestADecisionAllocatesNothing(t *testing.T) {
	s := New(Options{Names: []string{"pay"}, Rate: 0.5})
	p := root(trace.TraceID{1}, "x")
	if n := testing.AllocsPerRun(1000, func() { s.ShouldSample(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkShouldSample(b *testing.B) {
	id := trace.TraceID{15: 1}
	for name, sampler := range map[string]sdktrace.Sampler{
		"hybrid": New(Options{Names: []string{"pay"}, Rate: 0.1}),
		"ratio":  sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.1)),
	} {
		b.Run(name, func(b *testing.B) {
			p := root(id, "x")
			b.ReportAllocs()
			for b.Loop() {
				sampler.ShouldSample(p)
			}
		})
	}
}
