// Package logs is what a fixture logs: a line per span, by the arm that the harness chose. What each arm is worth is judged
// by whether its lines lead to spans that were received.
package logs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/tracelog"
)

// Bridge opens a handler that sends lines on as OTLP, and says how it is shut down. A fixture without one has no such arm:
// what the bridge requires would join the fixtures' version graph.
type Bridge func(ctx context.Context, service string) (slog.Handler, func(context.Context) error, error)

// Log writes the lines. A nil *Log writes none.
type Log struct {
	arm    string
	logger *slog.Logger
	close  func(context.Context) error
}

// Open makes what the arm needs.
func Open(ctx context.Context, c config.Logs, service string, bridge Bridge) (*Log, error) {
	if c.Arm == config.LogsOTLP {
		if bridge == nil {
			return nil, errors.New("this fixture has no otelslog in it; build go-fixtures/bridged in its place")
		}
		handler, shutDown, err := bridge(ctx, service)
		if err != nil {
			return nil, fmt.Errorf("cannot make the bridge for logs: %w; check OTEL_EXPORTER_OTLP_*", err)
		}
		return &Log{c.Arm, slog.New(handler), shutDown}, nil
	}
	file, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot create the file of log lines: %w; name a new one in a folder that is there", err)
	}
	lines := &bounded{to: file, left: c.MostBytes}
	handler := slog.Handler(slog.NewJSONHandler(lines, nil))
	if c.Arm != config.LogsWrongNames && c.Arm != config.LogsRequestIDAsTraceID {
		handler = tracelog.New(handler)
	}
	return &Log{c.Arm, slog.New(handler), func(context.Context) error { return errors.Join(lines.gap(), file.Close()) }}, nil
}

// Request writes the line of a request, whose server span is in ctx, and gives the context of what is done for it.
func (l *Log) Request(ctx context.Context) context.Context {
	if l == nil {
		return ctx
	}
	if call.RequestID(ctx) == "" && (l.arm == config.LogsRequestID || l.arm == config.LogsRequestIDAsTraceID) {
		ctx = call.WithRequestID(ctx, newRequestID()) // as the first gateway does
	}
	l.line(ctx, "request")
	return ctx
}

// Step writes the line of a child span.
func (l *Log) Step(ctx context.Context, span trace.Span) {
	switch {
	case l == nil:
	case l.arm == config.LogsNoContext:
		l.logger.Info("step")
	default:
		l.line(trace.ContextWithSpan(ctx, span), "step")
	}
}

func (l *Log) line(ctx context.Context, text string) {
	span := trace.SpanContextFromContext(ctx)
	switch l.arm {
	case config.LogsWrongNames:
		l.logger.InfoContext(ctx, text, "traceId", span.TraceID().String(), "spanId", span.SpanID().String())
	case config.LogsRequestID:
		l.logger.InfoContext(ctx, text, "request_id", call.RequestID(ctx))
	case config.LogsRequestIDAsTraceID:
		l.logger.InfoContext(ctx, text, "trace_id", call.RequestID(ctx), "span_id", span.SpanID().String())
	default:
		l.logger.InfoContext(ctx, text)
	}
}

// Close hands on what is pending, within ctx.
func (l *Log) Close(ctx context.Context) error {
	if l == nil {
		return nil
	}
	return l.close(ctx)
}

// newRequestID is a UUID of version 4, as most gateways make them.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
