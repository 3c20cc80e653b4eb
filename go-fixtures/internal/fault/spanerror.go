package fault

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/codes"

	"spanfate.dev/fixtures/internal/config"
)

// ErrFailed is what becomes of a request that a fault made fail. It is answered with 500, when the rest of its work is done.
var ErrFailed = errors.New("spanfate: failed on purpose")

// mistreat treats the next child as it must not be treated.
func (t *site) mistreat(ctx context.Context, kind config.SpanError) {
	if !t.left() {
		return // other faults took all children
	}
	_, span := t.start(ctx)
	t.dose.Events.Add(1)
	switch kind.What {
	case "never_ended": // and nobody holds it any more
	case "ended_twice":
		span.End()
		span.End()
	case "ended_after_shutdown":
		t.set.keep(span)
	case "failed":
		span.SetStatus(codes.Error, ErrFailed.Error())
		span.End()
		t.failed = true
	case "handed_over":
		after := time.Duration(kind.AfterMS) * time.Millisecond
		go func() {
			<-ctx.Done() // the server ends it when the handler has returned
			time.Sleep(after)
			span.End()
		}()
	}
}

// Unread says whether the answer to the call of ctx is to be left unread and unclosed, and counts it.
func (s *Set) Unread(ctx context.Context) bool {
	if s == nil || len(s.unread) == 0 {
		return false
	}
	out, _ := ctx.Value(outgoingKey{}).(outgoing)
	if out.unread == nil {
		return false
	}
	out.unread.dose.Events.Add(1)
	return true
}

// LeaksConnections says whether calls may leave connections open that nobody closes.
func (s *Set) LeaksConnections() bool { return s != nil && len(s.unread) > 0 }
