package witness

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
)

func TestDropsAreExact(t *testing.T) {
	exporter := newGated()
	r := newRig(t, rigOptions{exporter: exporter, batch: []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(64), sdktrace.WithMaxExportBatchSize(16), sdktrace.WithBatchTimeout(time.Hour),
	}})
	const goroutines, each = 8, 1000
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for range each {
				r.span("x")
			}
		})
	}
	group.Wait()
	close(exporter.gate)
	r.shutdown(t)

	drops := r.count(dropped)
	expect(t, "created", r.count(created), goroutines*each)
	expect(t, "ended", r.count(ended), goroutines*each)
	expect(t, "exported + dropped", r.count(exported)+drops, goroutines*each)
	expect(t, "both", r.count(func(s ledger.Stages) bool { return dropped(s) && exported(s) }), 0)
	expect(t, "queue_full of the SDK", r.ledger.QueueFull.Load(), drops)
	expect(t, "processed of the SDK", r.ledger.Processed.Load(), r.count(exported))
	expect(t, "spans at the exporter", uint64(len(exporter.spans)), r.count(exported))
	expect(t, "started of the SDK", r.ledger.StartedSampled.Load(), goroutines*each)
	expect(t, "live of the SDK", r.ledger.Live.Load(), 0)
	expect(t, "unkeyed", r.ledger.Unkeyed.Load(), 0)
	if drops < goroutines*each-64-16-16 {
		t.Errorf("only %d drops: the gate did not hold", drops)
	}
	for _, id := range exporter.spans { // not only the numbers: the very spans
		slot := r.witness.slot(id, false)
		if slot == nil || slot.Stages().Dropped != 0 || slot.Stages().Exported == 0 {
			t.Fatalf("span %s reached the exporter; its slot says otherwise", id)
		}
	}
}

func TestStagesAreInOrder(t *testing.T) {
	exporter := newGated()
	close(exporter.gate)
	r := newRig(t, rigOptions{exporter: exporter})
	r.span("x")
	r.shutdown(t)
	s := r.ledger.Slot(0).Stages()
	times := []uint64{s.Created, s.Started, s.Ending, s.Ended, s.Closed}
	for i := 1; i < len(times); i++ {
		if times[i-1] == 0 || times[i] < times[i-1] {
			t.Fatalf("stages out of order: %+v", s)
		}
	}
	if s.Exported < s.Ending || s.Dropped != 0 || s.Filtered != 0 {
		t.Fatalf("stages: %+v", s)
	}
}

func TestIDsParentsAndFlags(t *testing.T) {
	exporter := newGated()
	close(exporter.gate)
	r := newRig(t, rigOptions{exporter: exporter})
	ctx, root := r.tracer.Start(ids.WithRequest(context.Background(), 77), "root", trace.WithSpanKind(trace.SpanKindServer))
	_, child := r.tracer.Start(ctx, "child")
	child.SetName("child, renamed")
	child.End()
	root.End()
	remote := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{9}, SpanID: trace.SpanID{8}, TraceFlags: trace.FlagsSampled, Remote: true,
	})
	_, entry := r.tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), remote), "entry")
	entry.End()
	r.shutdown(t)

	first, second, third := r.ledger.Slot(0), r.ledger.Slot(1), r.ledger.Slot(2)
	if got := binary.BigEndian.Uint32(first.TraceID[4:]); got != 77 || first.TraceID != second.TraceID {
		t.Errorf("traces %x and %x of request 77", first.TraceID, second.TraceID)
	}
	if second.ParentID != first.SpanID || first.ParentID != [8]byte{} {
		t.Errorf("parents %x, %x", first.ParentID, second.ParentID)
	}
	if third.ParentID != [8]byte{8} || third.TraceID != [16]byte{9} {
		t.Errorf("remote parent %x in trace %x", third.ParentID, third.TraceID)
	}
	both := ledger.Sampled | ledger.Recording
	for i, want := range []uint8{both, both | ledger.ParentSampled, both | ledger.ParentSampled | ledger.ParentRemote} {
		if got := r.ledger.Slot(uint64(i)).Flags; got != want {
			t.Errorf("flags of slot %d: %#b, want %#b", i, got, want)
		}
	}
	if first.Kind != 2 || second.Kind != 1 {
		t.Errorf("kinds %d, %d", first.Kind, second.Kind)
	}
	if second.Name != r.witness.names.id("child, renamed") || first.Name == second.Name {
		t.Errorf("name ids %d, %d", first.Name, second.Name)
	}
}

func TestNotSampled(t *testing.T) {
	r := newRig(t, rigOptions{exporter: newGated(), sampler: sdktrace.NeverSample()})
	r.span("x")
	s := r.ledger.Slot(0)
	if stages := s.Stages(); stages.Started == 0 || stages.Ending != 0 || stages.Closed != 0 || s.Flags != 0 {
		t.Fatalf("flags %#b, stages %+v", s.Flags, stages)
	}
	expect(t, "not sampled", r.ledger.StartedNotSampled.Load(), 1)
	expect(t, "sampled", r.ledger.StartedSampled.Load(), 0)
	r.shutdown(t)
}

type recordOnly struct{}

func (recordOnly) Description() string { return "record only" }
func (recordOnly) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{Decision: sdktrace.RecordOnly}
}

func TestRecordOnly(t *testing.T) {
	exporter := newGated()
	close(exporter.gate)
	r := newRig(t, rigOptions{exporter: exporter, sampler: recordOnly{}})
	r.span("x")
	r.shutdown(t)
	s := r.ledger.Slot(0)
	stages := s.Stages()
	if s.Flags != ledger.Recording || stages.Ended == 0 || stages.Closed == 0 || stages.Exported != 0 || stages.Dropped != 0 {
		t.Fatalf("flags %#b, stages %+v", s.Flags, stages)
	}
}

func TestEndedAfterShutdown(t *testing.T) {
	r := newRig(t, rigOptions{exporter: newGated()})
	_, span := r.tracer.Start(context.Background(), "x")
	r.shutdown(t)
	span.End()
	if s := r.ledger.Slot(0).Stages(); s.Closed == 0 || s.Ending != 0 || s.Ended != 0 {
		t.Fatalf("stages %+v", s)
	}
}

func TestEndedWhileShutdownDrains(t *testing.T) {
	exporter := newGated()
	r := newRig(t, rigOptions{exporter: exporter})
	_, late := r.tracer.Start(context.Background(), "late")
	r.span("queued")
	done := make(chan error)
	go func() { done <- r.provider.Shutdown(context.Background()) }()
	<-exporter.entered // Shutdown is draining now and the provider still calls its processors
	late.End()
	close(exporter.gate)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := r.ledger.Slot(0).Stages(); s.Closed == 0 || s.Ending != 0 || s.Exported != 0 {
		t.Fatalf("stages %+v: the batch processor ignores such a span, so it must not look accepted", s)
	}
}

func TestPanicIsFlagged(t *testing.T) {
	exporter := newGated()
	close(exporter.gate)
	r := newRig(t, rigOptions{exporter: exporter})
	func() {
		defer func() { _ = recover() }()
		_, span := r.tracer.Start(context.Background(), "x")
		defer span.End()
		panic("boom")
	}()
	r.shutdown(t)
	if s := r.ledger.Slot(0); s.Flags&ledger.PanicRecorded == 0 || !closed(s.Stages()) || !exported(s.Stages()) {
		t.Fatalf("flags %#b, stages %+v", s.Flags, s.Stages())
	}
}

func TestBlockingModeKeepsAll(t *testing.T) {
	exporter := newGated()
	r := newRig(t, rigOptions{exporter: exporter, blocking: true, batch: []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(4), sdktrace.WithMaxExportBatchSize(2),
	}})
	const total = 50
	var group sync.WaitGroup
	for range total {
		group.Go(func() { r.span("x") })
	}
	<-exporter.entered
	// 2 in flight, 4 queued: the others hang in End, which is what `ending` without `ended` means in this mode.
	for r.count(func(s ledger.Stages) bool { return s.Ending != 0 }) < total {
		time.Sleep(time.Millisecond) // polls a condition
	}
	if hanging := total - r.count(ended); hanging < total-6 {
		t.Errorf("%d spans hang in End, want at least %d", hanging, total-6)
	}
	close(exporter.gate)
	group.Wait()
	r.shutdown(t)
	expect(t, "exported", r.count(exported), total)
	expect(t, "dropped", r.count(dropped), 0)
	expect(t, "queue_full of the SDK", r.ledger.QueueFull.Load(), 0)
}

func TestGivenUpFlushIsNotADrop(t *testing.T) {
	exporter := newGated()
	r := newRig(t, rigOptions{exporter: exporter, batch: []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(1), sdktrace.WithMaxExportBatchSize(1),
	}})
	r.span("in flight")
	<-exporter.entered
	r.span("queued")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.provider.ForceFlush(ctx) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	expect(t, "dropped", r.count(dropped), 0)
	close(exporter.gate)
	r.shutdown(t)
}

func TestFilterAndDoubleSend(t *testing.T) {
	exporter := newGated()
	close(exporter.gate)
	r := newRig(t, rigOptions{exporter: exporter, filter: []uint64{1, 4}, doubleSend: []uint32{1},
		batch: []sdktrace.BatchSpanProcessorOption{sdktrace.WithMaxExportBatchSize(5), sdktrace.WithBatchTimeout(time.Hour)}})
	for range 10 {
		r.span("x")
	}
	r.shutdown(t)
	expect(t, "filtered", r.count(filtered), 2)
	expect(t, "exported", r.count(exported), 8)
	expect(t, "both", r.count(func(s ledger.Stages) bool { return filtered(s) && exported(s) }), 0)
	expect(t, "copies at the exporter", uint64(len(exporter.spans)), 3+5+5)
	expect(t, "batch of slot 9", uint64(r.ledger.Slot(9).Batch), 2)
	for _, slot := range []uint64{1, 4} {
		if !filtered(r.ledger.Slot(slot).Stages()) {
			t.Errorf("slot %d is not filtered", slot)
		}
	}
}

func TestExportErrorIsHandled(t *testing.T) {
	exporter := newGated()
	exporter.err = errors.New("connection refused by the test")
	close(exporter.gate)
	r := newRig(t, rigOptions{exporter: exporter})
	r.span("x")
	r.shutdown(t)
	expect(t, "handled errors", r.ledger.HandledErrors.Load(), 1)
	expect(t, "exports in flight", r.ledger.ExportsInFlight.Load(), 0)
}

func TestLedgerOverflowIsCounted(t *testing.T) {
	exporter := newGated()
	close(exporter.gate)
	r := newRig(t, rigOptions{exporter: exporter, slots: 3})
	for range 10 {
		r.span("x")
	}
	r.shutdown(t)
	expect(t, "overflow", r.ledger.Overflow.Load(), 7)
	expect(t, "exported slots", r.count(exported), 3)
	expect(t, "unkeyed", r.ledger.Unkeyed.Load(), 0)
	expect(t, "started of the SDK", r.ledger.StartedSampled.Load(), 10)
	seen := make(map[trace.SpanID]bool)
	for _, id := range exporter.spans {
		seen[id] = true
	}
	expect(t, "different span ids", uint64(len(seen)), 10)
}

func TestQueueLengthIsTheSDKs(t *testing.T) {
	exporter := newGated()
	r := newRig(t, rigOptions{exporter: exporter, batch: []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(64), sdktrace.WithMaxExportBatchSize(1),
	}})
	r.span("in flight")
	<-exporter.entered
	for range 7 {
		r.span("queued")
	}
	if err := r.witness.SampleQueue(context.Background()); err != nil {
		t.Fatal(err)
	}
	expect(t, "queue length", r.ledger.QueueLength.Load(), 7)
	close(exporter.gate)
	r.shutdown(t)
	expect(t, "callbacks after Shutdown", uint64(len(r.witness.gauges.callbacks)), 0)
}

func TestForeignMetersDoNothing(t *testing.T) {
	r := newRig(t, rigOptions{exporter: newGated()})
	counter, err := r.witness.MeterProvider().Meter("some/library").Int64Counter("otel.sdk.span.started")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(context.Background(), 5)
	expect(t, "started", r.ledger.StartedNotSampled.Load(), 0)
	r.shutdown(t)
}

func TestTooManyNamesAreBounded(t *testing.T) {
	r := newRig(t, rigOptions{exporter: newGated()})
	for i := range maxNames + 10 {
		r.witness.names.id(string(binary.BigEndian.AppendUint32(nil, uint32(i))))
	}
	expect(t, "id of a name too many", uint64(r.witness.names.id("one more")), 0)
	expect(t, "id of the first", uint64(r.witness.names.id("\x00\x00\x00\x00")), 1)
	r.shutdown(t)
}

// TestHooksDoNotAllocate: a span costs the SDK three allocations, and one more when it counts itself (a context). The
// queue is full, so the drop path, which looks into an attribute set, is measured too.
func TestHooksDoNotAllocate(t *testing.T) {
	exporter := newGated()
	r := newRig(t, rigOptions{exporter: exporter, batch: []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(1), sdktrace.WithMaxExportBatchSize(1),
	}})
	r.span("in flight")
	<-exporter.entered
	r.span("queued")
	if n := testing.AllocsPerRun(1000, func() { r.span("x") }); n > 4 {
		t.Errorf("%v allocations for a dropped span, want the SDK's 4", n)
	}
	if r.count(dropped) < 1000 {
		t.Error("nothing was dropped")
	}
	close(exporter.gate)
	r.shutdown(t)
}

// TestUnnumberedTracesOfAllProcessesDiffer: two services of a chain that serve requests without numbers hand out the same
// slot numbers.
func TestUnnumberedTracesOfAllProcessesDiffer(t *testing.T) {
	r := newRig(t, rigOptions{exporter: discard{}}) // process 3
	r.span("x")
	r.shutdown(t)
	want := ids.TraceIDs{RunTag: 1, Trial: 2, Key: 3}.Unnumbered(3 << 40)
	if got := r.ledger.Slot(0).TraceID; got != want {
		t.Errorf("trace %x, want %x", got, want)
	}
}

func TestPlainGeneratorTellsItsPart(t *testing.T) {
	tag := ids.TraceIDs{RunTag: 1, Trial: 2, Key: 3, Part: 4}
	got, span := PlainGenerator{IDs: tag}.NewIDs(ids.WithRequest(context.Background(), 5))
	if got != tag.ForPart(5, 4) || !span.IsValid() {
		t.Errorf("trace %s, span %s", got, span)
	}
}
