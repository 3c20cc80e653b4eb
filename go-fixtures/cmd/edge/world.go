package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	services, spansEach = 4, 5
	// Traces between two flushes, so that no queue is ever full.
	between = 50
)

// plan is what is made.
type plan struct {
	traces int
	errors float64
	seed   uint64
}

// outcome is what became of it.
type outcome struct {
	traffic             uint64
	errors, kept, whole int // traces
	waiting             int // spans, where it was looked at heap and disk
	heap, disk          int64
	cpu                 time.Duration
}

// backend counts the spans of each trace that came, and the bytes. Where it holds, it keeps the requests, as a centre does that decides later.
type backend struct {
	*httptest.Server
	lock   sync.Mutex
	bytes  uint64
	spans  map[trace.TraceID]int
	holds  bool
	held   []*collector.ExportTraceServiceRequest
	broken error
}

func newBackend(holds bool) *backend {
	b := &backend{spans: map[trace.TraceID]int{}, holds: holds}
	b.Server = httptest.NewServer(http.HandlerFunc(b.take))
	return b
}

func (b *backend) take(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	export := new(collector.ExportTraceServiceRequest)
	if err == nil {
		err = proto.Unmarshal(body, export)
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	if err != nil {
		b.broken = err
		answer.WriteHeader(http.StatusBadRequest)
		return
	}
	b.bytes += uint64(len(body))
	if b.holds {
		b.held = append(b.held, export)
	}
	for _, resource := range export.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				b.spans[trace.TraceID(span.GetTraceId())]++
			}
		}
	}
}

func (b *backend) received() uint64 {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.bytes
}

// service is one of those that a trace passes.
type service struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// newService exports to an address, through what wrap puts before the batch processor.
func newService(ctx context.Context, name, to string, wrap func(sdktrace.SpanProcessor) sdktrace.SpanProcessor) (service, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to), otlptracehttp.WithCompression(otlptracehttp.NoCompression),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return service{}, err
	}
	processor := wrap(sdktrace.NewBatchSpanProcessor(exporter))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", name), attribute.String("host.name", "host-"+name))))
	return service{provider, provider.Tracer("spanfate.dev/fixtures/edge")}, nil
}

// made makes the traces of a plan, and flushes now and then; after each flush it calls behind. It gives the ids of those with an error.
func made(ctx context.Context, plan plan, all []service, behind func() error) (erred []trace.TraceID, err error) {
	rng := rand.New(rand.NewPCG(plan.seed, 0x65646765))
	for at := range plan.traces {
		errs := -1
		if rng.Float64() < plan.errors {
			errs = rng.IntN(services * spansEach)
		}
		id := one(ctx, all, errs, rng)
		if errs >= 0 {
			erred = append(erred, id)
		}
		if (at+1)%between == 0 || at+1 == plan.traces {
			for _, one := range all {
				if err := one.provider.ForceFlush(ctx); err != nil {
					return nil, err
				}
			}
			if err := behind(); err != nil {
				return nil, err
			}
		}
	}
	return erred, nil
}

// one makes a trace: each service has a server span, and children in it; the last child calls the next service. The span of that number errs.
func one(ctx context.Context, all []service, errs int, rng *rand.Rand) trace.TraceID {
	var open []trace.Span
	number := 0
	for at := range all {
		for child := range spansEach {
			name, parent := "work.child", ctx
			if child == 0 {
				name = "GET /work"
			}
			inner, span := all[at].tracer.Start(parent, name)
			span.SetAttributes(attribute.String("http.route", "/work"), attribute.Int("item", rng.IntN(1_000_000)), attribute.String("user.tier", "gold"))
			if number == errs {
				span.SetStatus(codes.Error, "broken")
			}
			if number++; child == 0 {
				ctx, open = inner, append(open, span)
				continue
			}
			span.End()
		}
	}
	for at := len(open) - 1; at >= 0; at-- {
		open[at].End()
	}
	return open[0].SpanContext().TraceID()
}

// counted says of the traces with an error how many arrived.
func (b *backend) counted(erred []trace.TraceID, out *outcome) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	out.errors = len(erred)
	for _, id := range erred {
		if b.spans[id] > 0 {
			out.kept++
		}
		if b.spans[id] == services*spansEach {
			out.whole++
		}
	}
	return b.broken
}

// spent is the processor time of this process so far.
func spent() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0 // cannot happen
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// heap is what lives on it.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// shut ends services, and joins what goes wrong.
func shut(ctx context.Context, all []service, err error) error {
	for _, one := range all {
		if one.provider != nil {
			err = errors.Join(err, one.provider.Shutdown(ctx))
		}
	}
	return err
}
