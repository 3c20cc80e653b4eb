package witness

import (
	"context"
	"slices"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Exporter wraps the real exporter of a path. It records what goes in and what comes back, and carries the planted faults by which
// the instrument is calibrated.
type Exporter struct {
	w          *Witness
	inner      sdktrace.SpanExporter
	path       Path
	filter     map[uint64]bool
	doubleSend []uint32
	batches    atomic.Uint32
}

// Exporter wraps inner. filter holds slot numbers that are removed from their batch, doubleSend the numbers of the
// ExportSpans calls that are sent twice.
func (w *Witness) Exporter(inner sdktrace.SpanExporter, path Path, filter []uint64, doubleSend []uint32) *Exporter {
	e := &Exporter{w: w, inner: inner, path: path, doubleSend: doubleSend}
	if len(filter) > 0 {
		e.filter = make(map[uint64]bool, len(filter))
		for _, slot := range filter {
			e.filter[slot] = true
		}
	}
	return e
}

// ExportSpans marks the spans, exports them and records the result. A planted second send leaves a second pair of records
// with the same batch number; the batch processor hears the first result only.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	batch := e.batches.Add(1) - 1
	spans = e.withoutFiltered(spans)
	err := e.send(ctx, batch, spans, true)
	if slices.Contains(e.doubleSend, batch) {
		_ = e.send(ctx, batch, spans, false) // its result is in the log
	}
	return err
}

// send makes the batch's record first: a span marked as exported always belongs to a batch that the log knows.
func (e *Exporter) send(ctx context.Context, batch uint32, spans []sdktrace.ReadOnlySpan, mark bool) error {
	l := e.w.ledger
	// While an export is in flight the worker takes nothing, so the queue only grows: whoever sees both words sees a length that is
	// at most too small. A simple processor has no queue, and exports too often to look into those of others.
	if !e.path.Simple {
		if err := e.w.SampleQueue(ctx); err != nil {
			e.w.HandleError(err)
		}
	}
	l.ExportBegin(e.path.Number, batch, uint32(len(spans)))
	l.ExportsInFlight.Add(1)
	if mark {
		e.mark(batch, spans)
	}
	var err error
	if len(spans) > 0 { // an empty batch exists only when the plant took everything
		err = e.inner.ExportSpans(ctx, spans)
	}
	l.ExportsInFlight.Add(^uint64(0))
	l.ExportEnd(e.path.Number, batch, err)
	return err
}

func (e *Exporter) mark(batch uint32, spans []sdktrace.ReadOnlySpan) {
	at := e.w.clock.Now()
	for _, span := range spans {
		if passage := e.w.passage(e.path.Number, span.SpanContext().SpanID()); passage != nil {
			passage.MarkExported(at, batch)
		}
	}
}

// withoutFiltered leaves the slice of the SDK's processor as it is: it is not ours.
func (e *Exporter) withoutFiltered(spans []sdktrace.ReadOnlySpan) []sdktrace.ReadOnlySpan {
	if e.filter == nil {
		return spans
	}
	kept := make([]sdktrace.ReadOnlySpan, 0, len(spans))
	for _, span := range spans {
		number, ours := e.w.number(span.SpanContext().SpanID(), false)
		if passage := e.w.ledger.Passage(e.path.Number, number); ours && passage != nil && e.filter[number] {
			passage.MarkFiltered(e.w.clock)
			continue
		}
		kept = append(kept, span)
	}
	return kept
}

// Shutdown passes through.
func (e *Exporter) Shutdown(ctx context.Context) error { return e.inner.Shutdown(ctx) }

// MarshalLog shows the exporter and not its wrapper.
func (e *Exporter) MarshalLog() any {
	if m, ok := e.inner.(interface{ MarshalLog() any }); ok {
		return m.MarshalLog()
	}
	return nil
}
