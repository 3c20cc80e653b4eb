// Package tracelog lets log lines name the span that they belong to. Its handler takes the ids from the context and writes
// them under the names that OpenTelemetry has settled for formats other than its own: trace_id, span_id, trace_flags.
package tracelog

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// The names, at the top of a line and never inside a group. A reader that looks for them finds no others.
const (
	TraceID    = "trace_id"
	SpanID     = "span_id"
	TraceFlags = "trace_flags"
)

// handler writes to a next handler. What was asked for since the first group is kept, to be asked for again behind the ids.
type handler struct {
	before slog.Handler // without any group
	next   slog.Handler // with all of them
	again  []func(slog.Handler) slog.Handler
}

// New is a handler that hands lines to next, with the ids of the span in their context. A line without a span, as of
// slog.Info, is handed over as it is.
func New(next slog.Handler) slog.Handler { return &handler{before: next, next: next} }

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return h.next.Handle(ctx, record)
	}
	ids := []slog.Attr{
		slog.String(TraceID, span.TraceID().String()),
		slog.String(SpanID, span.SpanID().String()),
		slog.String(TraceFlags, span.TraceFlags().String()),
	}
	if len(h.again) == 0 {
		record = record.Clone() // the caller's record shares its attributes
		record.AddAttrs(ids...)
		return h.next.Handle(ctx, record)
	}
	next := h.before.WithAttrs(ids)
	for _, ask := range h.again {
		next = ask(next)
	}
	return next.Handle(ctx, record)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	if len(h.again) == 0 {
		next := h.next.WithAttrs(attrs)
		return &handler{before: next, next: next}
	}
	return h.behind(func(next slog.Handler) slog.Handler { return next.WithAttrs(attrs) })
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.behind(func(next slog.Handler) slog.Handler { return next.WithGroup(name) })
}

func (h *handler) behind(ask func(slog.Handler) slog.Handler) slog.Handler {
	again := append(h.again[:len(h.again):len(h.again)], ask)
	return &handler{before: h.before, next: ask(h.next), again: again}
}
