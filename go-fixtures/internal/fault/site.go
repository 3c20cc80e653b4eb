package fault

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"spanfate.dev/fixtures/internal/ids"
)

// Plan is the child spans that a request has. Faults take the place of the first ones, so that a request that is
// answered has as many spans as planned.
type Plan interface {
	// Children is how many there are.
	Children() int
	// Start begins the i-th, and gives the context of what is done in it.
	Start(ctx context.Context, i int) (context.Context, trace.Span)
}

// site is where a fault acts in one request.
type site struct {
	*Fault
	set  *Set
	plan Plan
	next int

	failed bool
}

// Children does what the faults that hit the request do in place of its first children, and returns how many it took; ErrFailed if
// the request has failed.
func (s *Set) Children(ctx context.Context, plan Plan) (taken int, err error) {
	if s == nil {
		return 0, nil
	}
	for _, f := range s.children {
		if f.hits(ctx) {
			at := &site{Fault: f, set: s, plan: plan, next: taken}
			at.act(ctx)
			if taken = at.next; at.failed {
				err = ErrFailed
			}
		}
	}
	return taken, err
}

func (t *site) act(ctx context.Context) {
	switch k := t.kind; {
	case k.Panic != nil:
		t.panic(ctx, *k.Panic)
	case k.Exit != nil:
		t.exit(ctx, k.Exit.How)
	case k.ContextLost != nil:
		t.loseContext(ctx)
	case k.Deep != nil:
		t.deep(ctx, int(k.Deep.Depth))
	case k.SpanError != nil:
		t.mistreat(ctx, *k.SpanError)
	case k.Hang != nil:
		t.hang(ctx, time.Duration(k.Hang.ForMS)*time.Millisecond)
	}
}

// left says whether there is a planned child to take.
func (t *site) left() bool { return t.next < t.plan.Children() }

// start begins the next child, marked. Where none is left, the server span itself is what the fault touches, and the span
// returned does nothing.
func (t *site) start(ctx context.Context) (context.Context, trace.Span) {
	if !t.left() {
		t.set.touch(trace.SpanContextFromContext(ctx).SpanID(), t.mark())
		return ctx, noop.Span{}
	}
	ctx, span := t.plan.Start(ids.WithFault(ctx, t.mark()), t.next)
	t.next++
	return ctx, span
}

func (t *site) hang(ctx context.Context, duration time.Duration) {
	_, span := t.start(ctx)
	defer span.End()
	t.dose.Events.Add(1)
	time.Sleep(duration)
	t.dose.Amounts[0].Add(uint64(duration))
}
