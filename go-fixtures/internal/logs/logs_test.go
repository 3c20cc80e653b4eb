package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/config"
)

const (
	traceID   = "000000000000000000000000000000ab"
	serverID  = "0000000000000001"
	childID   = "0000000000000002"
	requestID = "5e1f8c0e2d7a4b9c8f6e3d2c1b0a9f8e" // as nginx makes it
)

func span(id byte) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{15: 0xab}, SpanID: trace.SpanID{7: id}, TraceFlags: trace.FlagsSampled,
	})
}

// said is what an arm writes for a request with one child.
func said(t *testing.T, arm string, ctx context.Context) []map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lines")
	log, err := Open(t.Context(), config.Logs{Arm: arm, File: file, MostBytes: 1 << 20}, "http", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx = log.Request(trace.ContextWithSpanContext(ctx, span(1)))
	log.Step(ctx, trace.SpanFromContext(trace.ContextWithSpanContext(ctx, span(2))))
	if err := log.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]string
	for line := range strings.Lines(string(text)) {
		var fields map[string]string
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, fields)
	}
	if len(lines) != 2 || lines[0]["msg"] != "request" || lines[1]["msg"] != "step" {
		t.Fatalf("%v", lines)
	}
	return lines
}

func TestEachArmNamesSpansInItsOwnWay(t *testing.T) {
	given := call.WithRequestID(context.Background(), requestID)
	for arm, want := range map[string][2]map[string]string{
		config.LogsHandler:    {{"trace_id": traceID, "span_id": serverID}, {"trace_id": traceID, "span_id": childID}},
		config.LogsWrongNames: {{"traceId": traceID, "spanId": serverID}, {"traceId": traceID, "spanId": childID}},
		config.LogsNoContext:  {{"trace_id": traceID, "span_id": serverID}, {}},
		config.LogsRequestID: {
			{"request_id": requestID, "trace_id": traceID, "span_id": serverID},
			{"request_id": requestID, "trace_id": traceID, "span_id": childID},
		},
		config.LogsRequestIDAsTraceID: {
			{"trace_id": requestID, "span_id": serverID}, {"trace_id": requestID, "span_id": childID},
		},
	} {
		for at, line := range said(t, arm, given) {
			for _, name := range []string{"trace_id", "span_id", "traceId", "spanId", "request_id"} {
				if line[name] != want[at][name] {
					t.Errorf("%s: %s is %q in %v", arm, name, line[name], line)
				}
			}
		}
	}
}

func TestARequestWithoutAnIDGetsOneForAllItsLines(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for arm, name := range map[string]string{config.LogsRequestID: "request_id", config.LogsRequestIDAsTraceID: "trace_id"} {
		lines, others := said(t, arm, context.Background()), said(t, arm, context.Background())
		id := lines[0][name]
		if !uuid.MatchString(id) || lines[1][name] != id || others[0][name] == id {
			t.Errorf("%s: %v, then %v", arm, lines, others)
		}
	}
}

func TestAFullFileTakesNoMoreAndSaysSo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lines")
	log, err := Open(t.Context(), config.Logs{Arm: config.LogsHandler, File: file, MostBytes: 400}, "http", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := trace.ContextWithSpanContext(context.Background(), span(1))
	for range 5 {
		log.Request(ctx)
	}
	if err := log.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "3 log lines had no room") {
		t.Errorf("error %v", err)
	}
	if text, _ := os.ReadFile(file); bytes.Count(text, []byte("\n")) != 2 || len(text) > 400 {
		t.Errorf("%s", text)
	}
	if _, err := Open(t.Context(), config.Logs{Arm: config.LogsHandler, File: file}, "http", nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("another's lines are written over: %v", err)
	}
}

func TestTheBridgeIsThereOrMissed(t *testing.T) {
	c := config.Logs{Arm: config.LogsOTLP}
	if _, err := Open(t.Context(), c, "http", nil); err == nil || !strings.Contains(err.Error(), "go-fixtures/bridged") {
		t.Errorf("error %v", err)
	}
	var lines bytes.Buffer
	closed := false
	bridge := func(_ context.Context, service string) (slog.Handler, func(context.Context) error, error) {
		stop := func(context.Context) error { closed = true; return nil }
		return slog.NewJSONHandler(&lines, nil).WithAttrs([]slog.Attr{slog.String("service", service)}), stop, nil
	}
	log, err := Open(t.Context(), c, "checkout", bridge)
	if err != nil {
		t.Fatal(err)
	}
	log.Request(context.Background())
	if err := log.Close(t.Context()); err != nil || !closed || !strings.Contains(lines.String(), `"service":"checkout"`) {
		t.Errorf("%v, closed %v, %s", err, closed, &lines)
	}
}

func TestNoLogWritesNothing(t *testing.T) {
	var log *Log
	ctx := log.Request(t.Context())
	log.Step(ctx, trace.SpanFromContext(ctx))
	if err := log.Close(ctx); err != nil || call.RequestID(ctx) != "" {
		t.Errorf("%v", err)
	}
}
