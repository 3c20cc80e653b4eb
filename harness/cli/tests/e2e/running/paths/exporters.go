package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spanpb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// newExporter makes the exporter of a name, or, of "kind:name,name", one of this program's own around those.
func newExporter(name string) sdktrace.SpanExporter {
	kind, rest, around := strings.Cut(name, ":")
	if !around {
		return newSender(name)
	}
	var inner []sdktrace.SpanExporter
	for _, one := range strings.Split(rest, ",") {
		inner = append(inner, newSender(one))
	}
	switch kind {
	case "half":
		return &half{SpanExporter: inner[0]}
	case "quiet":
		return quiet{inner[0]}
	case "generic":
		return &generic[int]{SpanExporter: inner[0]}
	case "copy", "copyhalf":
		return &copier{SpanExporter: inner[0], half: kind == "copyhalf"}
	case "queue", "forgetful":
		return newQueue(inner[0], kind == "queue")
	case "fan":
		return fan(inner)
	case "failover":
		return failover(inner)
	default:
		panic("unknown exporter " + name)
	}
}

func newSender(name string) sdktrace.SpanExporter {
	var exporter sdktrace.SpanExporter
	var err error
	ctx := context.Background()
	switch name {
	case "grpc":
		exporter, err = otlptracegrpc.New(ctx, counted())
	case "http":
		exporter, err = otlptracehttp.New(ctx)
	case "path": // to a path that our receiver does not serve
		exporter, err = otlptracehttp.New(ctx, otlptracehttp.WithURLPath("/custom/spans"))
	case "refused": // by a port that nobody listens on
		retry := otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{})
		exporter, err = otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL("http://127.0.0.1:1"), retry)
	case "own": // sends to a receiver of its own
		taken := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		url := httptest.NewServer(taken).URL
		exporter, err = otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(url+"/v1/traces"))
	case "own-grpc": // the same, by a connection of its own
		listener, failed := net.Listen("tcp", "127.0.0.1:0")
		if failed != nil {
			panic(failed)
		}
		server := grpc.NewServer()
		tracepb.RegisterTraceServiceServer(server, new(taker))
		go func() { _ = server.Serve(listener) }() // it ends with the program
		to, failed := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if failed != nil {
			panic(failed)
		}
		exporter, err = otlptracegrpc.New(ctx, otlptracegrpc.WithGRPCConn(to))
	case "lossy":
		exporter, err = otlptrace.New(ctx, &lossy{Client: otlptracegrpc.NewClient(counted())})
	case "swallow":
		exporter = new(swallow)
	case "nil":
		return nil
	default:
		err = fmt.Errorf("unknown exporter %q", name)
	}
	if err != nil {
		panic(err)
	}
	return exporter
}

// taker is a receiver that takes everything.
type taker struct {
	tracepb.UnimplementedTraceServiceServer
}

func (*taker) Export(context.Context, *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	return new(tracepb.ExportTraceServiceResponse), nil
}

// swallow is an exporter that takes everything and sends nothing.
type swallow struct{}

func (*swallow) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }

func (*swallow) Shutdown(context.Context) error { return nil }

// half sends every second span.
type half struct {
	sdktrace.SpanExporter
	seen int
}

func (h *half) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	var kept []sdktrace.ReadOnlySpan
	for _, span := range spans {
		if h.seen++; h.seen%2 == 0 {
			kept = append(kept, span)
		} else {
			atomic.AddUint64(&wire[wireRemoved], 1)
		}
	}
	if kept == nil {
		return nil
	}
	return h.SpanExporter.ExportSpans(ctx, kept)
}

// generic is made for a type, of which its methods are told beside their arguments; and it calls a method that has an exporter's name.
type generic[T any] struct {
	sdktrace.SpanExporter
	seen  T
	tally tally
}

func (g *generic[T]) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	g.tally.ExportSpans("spans", len(spans))
	return g.SpanExporter.ExportSpans(ctx, spans)
}

// tally counts, and exports nothing.
type tally struct{ counts map[string]int }

//go:noinline
func (t *tally) ExportSpans(what string, count int) {
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[what] += count
}

// copier sends copies of spans, of a type of their own in which no span of the SDK's is; of all of them, or of each second one.
type copier struct {
	sdktrace.SpanExporter
	half bool
}

func (c *copier) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	var copies tracetest.SpanStubs
	for at, span := range spans {
		if !c.half || at%2 == 0 {
			copies = append(copies, tracetest.SpanStubFromReadOnlySpan(span))
		}
	}
	return c.SpanExporter.ExportSpans(ctx, copies.Snapshots())
}

// lossy is a client within the SDK's exporter that sends each second request, from the first, and says that it sent the others.
type lossy struct {
	otlptrace.Client
	seen atomic.Uint64
}

func (l *lossy) UploadTraces(ctx context.Context, spans []*spanpb.ResourceSpans) error {
	if l.seen.Add(1)%2 == 0 {
		return nil
	}
	return l.Client.UploadTraces(ctx, spans)
}

// quiet says nothing of errors.
type quiet struct{ sdktrace.SpanExporter }

func (q quiet) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	_ = q.SpanExporter.ExportSpans(ctx, spans)
	return nil
}

// queue sends on a goroutine of its own. Where it has no room it waits, or forgets the batch.
type queue struct {
	sdktrace.SpanExporter
	batches chan []sdktrace.ReadOnlySpan
	waits   bool
	done    sync.WaitGroup
}

func newQueue(inner sdktrace.SpanExporter, waits bool) *queue {
	q := &queue{SpanExporter: inner, batches: make(chan []sdktrace.ReadOnlySpan, 1), waits: waits}
	q.done.Go(func() {
		for batch := range q.batches {
			if !waits {
				time.Sleep(20 * time.Millisecond) // slow enough to forget some
			}
			_ = inner.ExportSpans(context.Background(), batch)
		}
	})
	return q
}

func (q *queue) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	batch := append([]sdktrace.ReadOnlySpan{}, spans...) // the caller uses its slice again
	if q.waits {
		q.batches <- batch
		return nil
	}
	select {
	case q.batches <- batch:
	default:
	}
	return nil
}

func (q *queue) Shutdown(ctx context.Context) error {
	close(q.batches)
	q.done.Wait()
	return q.SpanExporter.Shutdown(ctx)
}

// fan sends each batch to all.
type fan []sdktrace.SpanExporter

func (f fan) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) (err error) {
	for _, inner := range f {
		if one := inner.ExportSpans(ctx, spans); one != nil {
			err = one
		}
	}
	return err
}

func (f fan) Shutdown(ctx context.Context) (err error) {
	for _, inner := range f {
		err = inner.Shutdown(ctx)
	}
	return err
}

// failover sends each batch to the first that takes it.
type failover []sdktrace.SpanExporter

func (f failover) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) (err error) {
	for _, inner := range f {
		if err = inner.ExportSpans(ctx, spans); err == nil {
			return nil
		}
	}
	return err
}

func (f failover) Shutdown(ctx context.Context) error { return fan(f).Shutdown(ctx) }

// mask hands on each span under a type of its own, which hides its attributes.
type mask struct {
	hands
	seen, handed atomic.Uint64
}

type masked struct {
	public []attribute.KeyValue
	sdktrace.ReadOnlySpan
}

func (m masked) Attributes() []attribute.KeyValue { return m.public }

func (m *mask) OnEnd(span sdktrace.ReadOnlySpan) {
	m.seen.Add(1)
	m.hand(&masked{ReadOnlySpan: span})
	m.handed.Add(1)
}
