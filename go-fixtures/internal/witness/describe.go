package witness

import (
	"context"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/ledger"
)

func (w *Witness) begin(s sdktrace.ReadOnlySpan) {
	if slot := w.slot(s.SpanContext().SpanID(), false); slot != nil {
		slot.Kind = uint8(s.SpanKind()) // trace.SpanKind numbers its kinds as OTLP does
	}
}

// describe notes what a span is at its end, and gives its slot.
func (w *Witness) describe(s sdktrace.ReadOnlySpan) *ledger.Slot {
	slot := w.slot(s.SpanContext().SpanID(), true)
	if slot == nil {
		return nil
	}
	slot.Name = w.names.id(s.Name())
	for _, event := range s.Events() {
		if event.Name == exceptionEvent {
			slot.Flags |= ledger.PanicRecorded
			break
		}
	}
	return slot
}

// Describer describes spans where one path's processor would not see all of them: it is the first span processor of every
// provider.
type Describer struct{ w *Witness }

// DescribeApart leaves describing to Describer. It comes before the first Processor.
func (w *Witness) DescribeApart() { w.apart = true }

// Describer is the witness's describer.
func (w *Witness) Describer() Describer { return Describer{w} }

// OnStart notes the kind.
func (d Describer) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) { d.w.begin(s) }

// OnEnd notes the final name.
func (d Describer) OnEnd(s sdktrace.ReadOnlySpan) { d.w.describe(s) }

// Shutdown has nothing to stop.
func (Describer) Shutdown(context.Context) error { return nil }

// ForceFlush has nothing to flush.
func (Describer) ForceFlush(context.Context) error { return nil }

// Filter is a span processor in front of a path that hands on one of so many spans, as one that an application has does. It
// goes by slot numbers, so that the spans it hides are known from the ledger alone.
type Filter struct {
	sdktrace.SpanProcessor
	w    *Witness
	path uint32
	keep uint64
}

// Filter stands in front of a path's processor and hands on one of keep spans.
func (w *Witness) Filter(processor sdktrace.SpanProcessor, path Path, keep uint64) *Filter {
	return &Filter{processor, w, path.Number, keep}
}

// OnEnd hands the span on or hides it.
func (f *Filter) OnEnd(s sdktrace.ReadOnlySpan) {
	number, ours := f.w.number(s.SpanContext().SpanID(), false)
	if !ours || number%f.keep == 0 {
		f.SpanProcessor.OnEnd(s)
		return
	}
	if f.path > 0 {
		if record := f.w.ledger.Record(f.path, number); record != nil {
			record.MarkHidden(f.w.clock)
		}
		return
	}
	f.w.Hidden(s)
}

// Hidden notes that a span processor in front of the main path was called with a span and handed nothing on.
func (w *Witness) Hidden(s sdktrace.ReadOnlySpan) {
	if slot := w.slot(s.SpanContext().SpanID(), false); slot != nil {
		slot.MarkHidden(w.clock)
	}
}

// Held notes that a span processor in front of the main path takes a span, before it does.
type Held struct {
	sdktrace.SpanProcessor
	w *Witness
}

// Held stands before a processor that hands spans on later, or says with Hidden that it does not.
func (w *Witness) Held(front sdktrace.SpanProcessor) Held { return Held{front, w} }

// OnEnd notes the span and hands it to the processor that takes it.
func (h Held) OnEnd(s sdktrace.ReadOnlySpan) {
	if slot := h.w.slot(s.SpanContext().SpanID(), false); slot != nil {
		slot.MarkHeld(h.w.clock)
	}
	h.SpanProcessor.OnEnd(s)
}
