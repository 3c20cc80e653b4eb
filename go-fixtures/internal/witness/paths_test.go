package witness

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
)

// lane is one export path of a rig with several.
type lane struct {
	exporter sdktrace.SpanExporter
	queue    int // of a batch processor; 0: a simple one
	blocking bool
	keep     uint64
	provider int // from 0
}

// forked is a whole SDK with several export paths.
type forked struct {
	rig
	tracers []trace.Tracer
	stops   []func(context.Context) error
	lanes   int
}

func buildForked(path string, slots uint64, lanes ...lane) (*forked, error) {
	l, err := ledger.Create(ledger.Options{
		Path: path, Slots: slots, LogBytes: 4 << 20, Salt: 42, Process: 3, Paths: uint32(len(lanes) - 1),
	})
	if err != nil {
		return nil, err
	}
	w := New(l, ids.SpanIDs{Process: 3, Salt: 42}, ids.TraceIDs{RunTag: 1, Trial: 2, Key: 3})
	w.DescribeApart()
	otel.SetMeterProvider(w.MeterProvider())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { l.HandledError(err) }))
	f := &forked{rig: rig{ledger: l, witness: w}, lanes: len(lanes)}
	for number := range 1 + slices.MaxFunc(lanes, func(a, b lane) int { return a.provider - b.provider }).provider {
		options := []sdktrace.TracerProviderOption{
			sdktrace.WithIDGenerator(w.Generator(uint8(number))), sdktrace.WithSpanProcessor(w.Describer()),
		}
		for i, lane := range lanes {
			if lane.provider == number {
				options = append(options, sdktrace.WithSpanProcessor(lane.build(w, uint32(i))))
			}
		}
		provider := sdktrace.NewTracerProvider(options...)
		f.tracers = append(f.tracers, provider.Tracer("test"))
		f.stops = append(f.stops, provider.Shutdown)
	}
	f.tracer = f.tracers[0]
	return f, nil
}

func (l lane) build(w *Witness, number uint32) sdktrace.SpanProcessor {
	path := Path{Number: number, Blocking: l.blocking, Simple: l.queue == 0}
	exporter := w.Exporter(l.exporter, path, nil, nil)
	inner := sdktrace.NewSimpleSpanProcessor(exporter)
	if l.queue > 0 {
		options := []sdktrace.BatchSpanProcessorOption{
			sdktrace.WithMaxQueueSize(l.queue), sdktrace.WithMaxExportBatchSize(min(l.queue, 16)),
		}
		if l.blocking {
			options = append(options, sdktrace.WithBlocking())
		}
		inner = sdktrace.NewBatchSpanProcessor(exporter, options...)
	}
	var processor sdktrace.SpanProcessor = w.Processor(inner, path)
	if l.keep > 0 {
		processor = w.Filter(processor, path, l.keep)
	}
	return processor
}

func newForked(t *testing.T, lanes ...lane) *forked {
	t.Helper()
	for _, name := range Switches {
		t.Setenv(name, "true")
	}
	f, err := buildForked(filepath.Join(t.TempDir(), "x.slots"), 20_000, lanes...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *forked) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, stop := range f.stops {
		if err := stop(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// on counts the spans for which all the given stages happened on a path.
func (f *forked) on(path uint32, is func(ledger.Stages) bool) (n uint64) {
	for i := range f.ledger.NextSlot.Load() {
		if is(f.stages(path, i)) {
			n++
		}
	}
	return n
}

func (f *forked) stages(path uint32, i uint64) ledger.Stages {
	if path == 0 {
		return f.ledger.Slot(i).Stages()
	}
	return f.ledger.Record(path, i).Stages()
}

// reached says whether exactly the spans that a path marks as exported are at its exporter.
func (f *forked) reached(t *testing.T, path uint32, g *gated) {
	t.Helper()
	expect(t, "spans at the exporter", uint64(len(g.spans)), f.on(path, exported))
	for _, id := range g.spans {
		number, ours := f.witness.number(id, false)
		if !ours || !exported(f.stages(path, number)) {
			t.Fatalf("span %s reached the exporter of path %d; the ledger says otherwise", id, path)
		}
	}
}

func hidden(s ledger.Stages) bool { return s.Hidden != 0 }

func many(f *forked, goroutines, each int) {
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for range each {
				f.span("x")
			}
		})
	}
	group.Wait()
}

func TestDropsOfOnePathAreItsOwn(t *testing.T) {
	wide, narrow := newGated(), newGated()
	f := newForked(t, lane{exporter: wide, queue: 10_000}, lane{exporter: narrow, queue: 64})
	const total = 8 * 1000
	many(f, 8, 1000)
	close(wide.gate)
	close(narrow.gate)
	f.stop(t)
	drops := f.on(1, dropped)
	expect(t, "dropped on the main path", f.on(0, dropped), 0)
	expect(t, "exported on the main path", f.on(0, exported), total)
	expect(t, "ended on the further path", f.on(1, ended), total)
	expect(t, "exported + dropped on the further path", f.on(1, exported)+drops, total)
	expect(t, "both", f.on(1, func(s ledger.Stages) bool { return dropped(s) && exported(s) }), 0)
	expect(t, "queue_full of the SDK", f.ledger.QueueFull.Load(), drops)
	expect(t, "processed of the SDK", f.ledger.Processed.Load(), 2*total-drops)
	if drops < total-64-16-16 {
		t.Errorf("only %d drops: the gate did not hold", drops)
	}
	f.reached(t, 0, wide)
	f.reached(t, 1, narrow)
	expect(t, "unkeyed", f.ledger.Unkeyed.Load(), 0)
	if slot := f.ledger.Slot(7); slot.Name == 0 || slot.Kind != 1 || slot.Provider != 0 {
		t.Errorf("name %d, kind %d, provider %d", slot.Name, slot.Kind, slot.Provider)
	}
	// Which span is in which batch is the goroutines' business; a span's word is its batch's number plus one.
	var most uint32
	firsts := 0
	for i := range uint64(total) {
		most = max(most, f.ledger.Slot(i).Batch)
		if f.ledger.Record(1, i).Batch == 1 {
			firsts++
		}
	}
	if firsts == 0 || most < total/16 {
		t.Errorf("%d spans in batch 0 of the further path, batch %d the last of the main one: each counts from 0", firsts, most)
	}
}

func TestASimpleProcessorExportsInEnd(t *testing.T) {
	batch, simple := newGated(), newGated()
	close(batch.gate)
	close(simple.gate)
	simple.err = errors.New("refused by the test") // older SDKs count it as processed with an error
	f := newForked(t, lane{exporter: batch, queue: 2048}, lane{exporter: simple})
	const total = 4 * 50
	many(f, 4, 50)
	expect(t, "exported before the end", f.on(1, exported), total)
	f.stop(t)
	expect(t, "calls", uint64(simple.calls), total)
	f.reached(t, 0, batch)
	f.reached(t, 1, simple)
	expect(t, "dropped", f.on(0, dropped)+f.on(1, dropped), 0)
	expect(t, "queue_full of the SDK", f.ledger.QueueFull.Load(), 0)
	batches := make(map[uint32]bool)
	for i := range uint64(total) {
		s, record := f.stages(1, i), f.ledger.Record(1, i)
		if s.Ending == 0 || s.Exported < s.Ending || s.Ended < s.Exported {
			t.Fatalf("stages out of order: %+v", s)
		}
		batches[record.Batch] = true
	}
	expect(t, "different calls", uint64(len(batches)), total)
}

func TestAFilterHidesByNumber(t *testing.T) {
	main, further := newGated(), newGated()
	close(main.gate)
	close(further.gate)
	f := newForked(t, lane{exporter: main, queue: 2048, keep: 2}, lane{exporter: further, queue: 2048, keep: 5})
	many(f, 1, 100)
	f.stop(t)
	for path, keep := range []uint64{2, 5} {
		for i := range uint64(100) {
			s := f.stages(uint32(path), i)
			if kept := i%keep == 0; hidden(s) == kept || ended(s) != kept || exported(s) != kept || s.Ending != 0 != kept {
				t.Fatalf("span %d on path %d, which keeps one of %d: %+v", i, path, keep, s)
			}
		}
	}
	expect(t, "named, though hidden", uint64(f.ledger.Slot(1).Name), 1)
	f.reached(t, 0, main)
	f.reached(t, 1, further)
}

func TestProvidersShareTheSlots(t *testing.T) {
	first, second := newGated(), newGated()
	close(first.gate)
	close(second.gate)
	f := newForked(t, lane{exporter: first, queue: 2048}, lane{exporter: second, provider: 1})
	for range 10 {
		ctx, span := f.tracers[0].Start(context.Background(), "parent")
		_, child := f.tracers[1].Start(ctx, "child")
		child.End()
		span.End()
	}
	f.stop(t)
	for i := range uint64(20) {
		slot, ofSecond := f.ledger.Slot(i), i%2 == 1
		if (slot.Provider == 1) != ofSecond || slot.Name == 0 || !closed(slot.Stages()) {
			t.Errorf("slot %d: provider %d, name %d", i, slot.Provider, slot.Name)
		}
		if exported(f.stages(0, i)) == ofSecond || exported(f.stages(1, i)) != ofSecond {
			t.Errorf("slot %d: %+v on the main path, %+v on the other", i, f.stages(0, i), f.stages(1, i))
		}
		if ofSecond && slot.ParentID != f.ledger.Slot(i-1).SpanID {
			t.Errorf("slot %d has another parent", i)
		}
	}
}

func TestAShutDownPathTakesNothingWhileOthersDo(t *testing.T) {
	first, second := newGated(), newGated()
	close(second.gate)
	f := newForked(t, lane{exporter: first, queue: 2048}, lane{exporter: second, queue: 2048})
	_, late := f.tracer.Start(context.Background(), "late")
	f.span("queued")
	done := make(chan error)
	go func() { done <- f.stops[0](context.Background()) }()
	<-first.entered // the main path drains now, and the other is still open
	late.End()
	close(first.gate)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := f.stages(0, 0); s.Ending != 0 || s.Exported != 0 {
		t.Errorf("main path: %+v", s)
	}
	if s := f.stages(1, 0); !ended(s) || !exported(s) {
		t.Errorf("further path: %+v", s)
	}
	f.reached(t, 1, second)
}

const forkedVariable = "SPANFATE_TEST_FORKED_VICTIM"

func forkedVictim(path string) {
	for _, name := range Switches {
		_ = os.Setenv(name, "true")
	}
	f, err := buildForked(path, killSlots, lane{exporter: discard{}, queue: 4096}, lane{exporter: slow{}, queue: 64})
	if err != nil {
		panic(err)
	}
	for range 4 {
		go func() {
			for {
				f.span("x")
			}
		}()
	}
	select {} // until the kill
}

// TestKilledProcessLeavesAtMostOneSpanOnAllPaths: all paths that drop share the lock, so the one span inside it is on one path.
func TestKilledProcessLeavesAtMostOneSpanOnAllPaths(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	dir := t.TempDir()
	drops := 0
	for range killRounds / 2 {
		data := kill(t, forkedVariable, filepath.Join(dir, "victim.slots"), 1000)
		inside, _ := judge(t, data)
		for i := range binary.LittleEndian.Uint64(data[512:]) {
			record := data[4096+killSlots*128+i*64:]
			stage := func(at int) bool { return binary.LittleEndian.Uint64(record[at:]) != 0 }
			if stage(0) && !stage(8) && !stage(16) {
				inside++
			}
			if stage(8) {
				drops++
			}
			if stage(16) && !stage(0) {
				t.Errorf("record %d has a later stage without the earlier one", i)
			}
		}
		if inside > 1 {
			t.Fatalf("%d spans are inside OnEnd after a SIGKILL", inside)
		}
	}
	if drops == 0 {
		t.Error("no span was dropped: the test did not test what it should")
	}
}
