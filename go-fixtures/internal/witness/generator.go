package witness

import (
	"context"
	"encoding/binary"

	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
)

// Generator makes ids and gives every span its slot. The SDK asks it before it asks the sampler, so spans that are never
// sampled are witnessed too.
type Generator struct {
	w        *Witness
	provider uint8
}

// Generator is the witness's id generator for a tracer provider, from 0: all of them share the slots.
func (w *Witness) Generator(provider uint8) Generator { return Generator{w, provider} }

// NewIDs begins a trace.
func (g Generator) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	number, slot, span := g.take()
	id := trace.TraceID(g.w.traceIDs.For(ctx, g.w.spanIDs.Number(number)))
	if slot != nil {
		slot.TraceID = id
		slot.SpanID = span
		g.w.markOrdered(ctx, slot)
		slot.MarkCreated(g.w.clock)
	}
	return id, span
}

// NewSpanID makes the id of a span that has a parent: the one in ctx.
func (g Generator) NewSpanID(ctx context.Context, id trace.TraceID) trace.SpanID {
	_, slot, span := g.take()
	if slot == nil {
		return span
	}
	slot.TraceID = id
	slot.SpanID = span
	parent := trace.SpanContextFromContext(ctx)
	slot.ParentID = parent.SpanID()
	// The parent is only known here: a non-recording span forgets it. The meter adds its own flags to these.
	if parent.IsRemote() {
		slot.Flags |= ledger.ParentRemote
	}
	if parent.IsSampled() {
		slot.Flags |= ledger.ParentSampled
	}
	g.w.markOrdered(ctx, slot)
	slot.MarkCreated(g.w.clock)
	return span
}

// take returns the next slot number and its span id; slot is nil when the ledger is full.
func (g Generator) take() (number uint64, slot *ledger.Slot, span trace.SpanID) {
	for {
		number, _ = g.w.ledger.Take()
		if id := g.w.spanIDs.ID(number); id != 0 {
			binary.BigEndian.PutUint64(span[:], id)
			slot = g.w.ledger.Slot(number)
			if slot != nil && g.provider > 0 {
				slot.Provider = g.provider
			}
			return number, slot, span
		}
	}
}

// PlainGenerator makes the same trace ids without a ledger, so that the load's plan still says which traces must exist.
// Its span ids are random, as the SDK's own are.
type PlainGenerator struct{ IDs ids.TraceIDs }

// NewIDs begins a trace.
func (g PlainGenerator) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	return g.IDs.For(ctx, ids.Random()), g.NewSpanID(ctx, trace.TraceID{})
}

// NewSpanID makes the id of a child.
func (PlainGenerator) NewSpanID(context.Context, trace.TraceID) (span trace.SpanID) {
	binary.BigEndian.PutUint64(span[:], ids.Random())
	return span
}
