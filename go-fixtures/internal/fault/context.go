package fault

import (
	"context"
	"encoding/binary"

	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ids"
)

// Parts of trace ids that tell how a trace was split: the process's number with one of these bits.
const (
	partBackground uint16 = 0x8000
	partRewritten  uint16 = 0x4000
)

// loseContext makes the next child in a goroutine that was not given the request's context, and waits for it. The request
// number goes along, or nobody could tell where the new trace belongs.
func (t *site) loseContext(ctx context.Context) {
	request, ok := ids.Request(ctx)
	if !ok || !t.left() {
		return
	}
	t.dose.Events.Add(1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, span := t.start(ids.WithPart(context.Background(), request, partBackground|t.set.traceIDs.Part))
		defer span.End()
	}()
	<-done
}

type outgoingKey struct{}

// outgoing is what happens to one call.
type outgoing struct {
	lost   *Fault
	unread *Fault
}

// Outgoing decides what happens to the call that is made with the returned context.
func (s *Set) Outgoing(ctx context.Context, overHTTP bool) context.Context {
	if s == nil || len(s.lost)+len(s.unread) == 0 {
		return ctx
	}
	var out outgoing
	for _, f := range s.lost {
		switch {
		case !f.on.Load():
		case !f.hits(ctx):
			f.dose.Amounts[0].Add(1)
		case out.lost == nil:
			f.dose.Events.Add(1)
			out.lost = f
		}
	}
	for _, f := range s.unread {
		if overHTTP && out.unread == nil && f.hits(ctx) {
			out.unread = f
		}
	}
	mark := out.lost
	if mark == nil || out.unread != nil && out.unread.number < mark.number {
		mark = out.unread
	}
	if mark == nil {
		return ctx
	}
	return ids.WithFault(context.WithValue(ctx, outgoingKey{}, out), mark.mark())
}

// Propagator lets inner carry the context unless the call of ctx loses it.
func (s *Set) Propagator(inner propagation.TextMapPropagator) propagation.TextMapPropagator {
	if s == nil || len(s.lost) == 0 {
		return inner
	}
	return lossy{inner, b3.New(), s.traceIDs}
}

type lossy struct {
	propagation.TextMapPropagator
	b3       propagation.TextMapPropagator
	traceIDs ids.TraceIDs
}

func (l lossy) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	out, _ := ctx.Value(outgoingKey{}).(outgoing)
	if out.lost == nil {
		l.TextMapPropagator.Inject(ctx, carrier)
		return
	}
	switch out.lost.kind.ContextLost.How {
	case "strip":
	case "rewrite":
		l.TextMapPropagator.Inject(trace.ContextWithSpanContext(ctx, l.another(ctx)), carrier)
	case "b3":
		l.b3.Inject(ctx, carrier)
	}
}

// another is the context of a trace that nobody began.
func (l lossy) another(ctx context.Context) trace.SpanContext {
	request, _ := ids.Request(ctx) // there is one, or the call would not have been hit
	var parent trace.SpanID
	binary.BigEndian.PutUint64(parent[:], ids.Random())
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    l.traceIDs.ForPart(request, partRewritten|l.traceIDs.Part),
		SpanID:     parent,
		TraceFlags: trace.FlagsSampled,
	})
}
