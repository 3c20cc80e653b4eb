// Package witness watches the OpenTelemetry SDK from inside the process and writes what it sees into the span ledger.
//
// It has four eyes, each at a place the SDK offers: an id generator (a span exists), a meter provider that receives the
// SDK's own metrics (started, live, dropped), a span processor that contains the batch processor (ending, ended) and a
// wrapper around the exporter (exported, result). None of them changes what the SDK does.
package witness

import (
	"context"
	"encoding/binary"

	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
)

// Witness holds what the eyes share.
type Witness struct {
	ledger   *ledger.Ledger
	clock    *ledger.Clock
	spanIDs  ids.SpanIDs
	traceIDs ids.TraceIDs
	names    *names
	gauges   *gauges
	drops    dropSpot
	faults   bool
	keys     bool
	apart    bool // see DescribeApart
}

// Path is an export path as its hooks need to know it; the zero value is a main path that drops.
type Path struct {
	Number   uint32 // in the ledger
	Blocking bool   // End waits on a full queue
	Simple   bool   // no queue: End exports
}

// New makes a witness that writes into l.
func New(l *ledger.Ledger, spanIDs ids.SpanIDs, traceIDs ids.TraceIDs) *Witness {
	return &Witness{
		ledger:   l,
		clock:    l.Clock,
		spanIDs:  spanIDs,
		traceIDs: traceIDs,
		names:    newNames(l),
		gauges:   newGauges(),
	}
}

// ExpectFaults makes the id generator look for the marks of faults. Without faults nobody pays for looking.
func (w *Witness) ExpectFaults() { w.faults = true }

// ExpectKeySpans does the same for the marks of key spans.
func (w *Witness) ExpectKeySpans() { w.keys = true }

// MarkFault marks the slot of a span that exists already.
func (w *Witness) MarkFault(id trace.SpanID, mark uint8) {
	if slot := w.slot(id, false); slot != nil {
		slot.MarkFault(mark)
	}
}

// MarkStarted marks the slot of a span that exists already by the context that it was begun with, where that has not come as far as
// the id generator.
func (w *Witness) MarkStarted(ctx context.Context, span trace.SpanContext) {
	if slot := w.slot(span.SpanID(), false); slot != nil {
		w.markOrdered(ctx, slot)
	}
}

// markOrdered marks what a context says of the spans that are begun with it.
func (w *Witness) markOrdered(ctx context.Context, slot *ledger.Slot) {
	if w.faults {
		slot.MarkFault(ids.Fault(ctx))
	}
	if w.keys && ids.IsKey(ctx) {
		slot.Flags |= ledger.KeySpan
	}
}

// slot finds the slot of a span by inverting its id. nil is a span without a slot: one of ours that came after the ledger
// was full (counted as overflow when its id was made), or a foreign one, which is counted here when count is true.
func (w *Witness) slot(id trace.SpanID, count bool) *ledger.Slot {
	number, ours := w.number(id, count)
	if !ours {
		return nil
	}
	return w.ledger.Slot(number)
}

func (w *Witness) number(id trace.SpanID, count bool) (number uint64, ours bool) {
	number, ours = w.spanIDs.Slot(binary.BigEndian.Uint64(id[:]))
	if !ours && count {
		w.ledger.Unkeyed.Add(1)
	}
	return number, ours
}

// passage is where a path's marks on a span go; nil as for slot. A foreign span is counted on the main path alone.
func (w *Witness) passage(path uint32, id trace.SpanID) *ledger.Passage {
	number, ours := w.number(id, path == 0)
	if !ours {
		return nil
	}
	return w.ledger.Passage(path, number)
}
