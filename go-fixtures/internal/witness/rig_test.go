package witness

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
)

// gated is an exporter that holds every batch until the gate opens, and says when it holds one.
type gated struct {
	gate    chan struct{}
	entered chan int
	lock    sync.Mutex
	spans   []trace.SpanID
	calls   int
	err     error
}

func newGated() *gated { return &gated{gate: make(chan struct{}), entered: make(chan int, 1<<16)} }

func (g *gated) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	g.entered <- len(spans)
	<-g.gate
	g.lock.Lock()
	defer g.lock.Unlock()
	g.calls++
	for _, s := range spans {
		g.spans = append(g.spans, s.SpanContext().SpanID())
	}
	return g.err
}

func (*gated) Shutdown(context.Context) error { return nil }

// rig is a whole SDK with its witness.
type rig struct {
	ledger    *ledger.Ledger
	witness   *Witness
	provider  *sdktrace.TracerProvider
	processor *Processor
	tracer    trace.Tracer
}

type rigOptions struct {
	slots      uint64
	path       string
	exporter   sdktrace.SpanExporter
	batch      []sdktrace.BatchSpanProcessorOption
	blocking   bool
	sampler    sdktrace.Sampler
	filter     []uint64
	doubleSend []uint32
}

func newRig(t testing.TB, o rigOptions) *rig {
	t.Helper()
	for _, name := range Switches {
		t.Setenv(name, "true")
	}
	if o.path == "" {
		dir, err := os.MkdirTemp("/dev/shm", "witness-test-")
		if err != nil {
			dir = t.TempDir()
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		o.path = filepath.Join(dir, "x.slots")
	}
	r, err := buildRig(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func buildRig(o rigOptions) (*rig, error) {
	if o.slots == 0 {
		o.slots = 10_000
	}
	l, err := ledger.Create(ledger.Options{Path: o.path, Slots: o.slots, LogBytes: 1 << 20, Salt: 42, Process: 3})
	if err != nil {
		return nil, err
	}
	w := New(l, ids.SpanIDs{Process: 3, Salt: 42}, ids.TraceIDs{RunTag: 1, Trial: 2, Key: 3})
	otel.SetMeterProvider(w.MeterProvider())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { l.HandledError(err) }))
	options := o.batch
	if o.blocking {
		options = append(options, sdktrace.WithBlocking())
	}
	path := Path{Blocking: o.blocking}
	inner := sdktrace.NewBatchSpanProcessor(w.Exporter(o.exporter, path, o.filter, o.doubleSend), options...)
	processor := w.Processor(inner, path)
	provided := []sdktrace.TracerProviderOption{
		sdktrace.WithSpanProcessor(processor), sdktrace.WithIDGenerator(w.Generator(0)),
	}
	if o.sampler != nil {
		provided = append(provided, sdktrace.WithSampler(o.sampler))
	}
	provider := sdktrace.NewTracerProvider(provided...)
	return &rig{l, w, provider, processor, provider.Tracer("test")}, nil
}

func (r *rig) span(name string) {
	_, span := r.tracer.Start(context.Background(), name)
	span.End()
}

func (r *rig) shutdown(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.provider.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

// count counts the slots for which all the given stages happened.
func (r *rig) count(is func(ledger.Stages) bool) (n uint64) {
	for i := range r.ledger.NextSlot.Load() {
		if is(r.ledger.Slot(i).Stages()) {
			n++
		}
	}
	return n
}

func created(s ledger.Stages) bool  { return s.Created != 0 }
func dropped(s ledger.Stages) bool  { return s.Dropped != 0 }
func ended(s ledger.Stages) bool    { return s.Ended != 0 }
func exported(s ledger.Stages) bool { return s.Exported != 0 }
func filtered(s ledger.Stages) bool { return s.Filtered != 0 }
func closed(s ledger.Stages) bool   { return s.Closed != 0 }

func expect(t *testing.T, what string, got, want uint64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}
