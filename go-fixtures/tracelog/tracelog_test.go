package tracelog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/slogtest"

	"go.opentelemetry.io/otel/trace"
)

func in(number byte, sampled bool) context.Context {
	config := trace.SpanContextConfig{TraceID: trace.TraceID{15: number}, SpanID: trace.SpanID{7: number}}
	if sampled {
		config.TraceFlags = trace.FlagsSampled
	}
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(config))
}

func written(t *testing.T, lines *bytes.Buffer) map[string]any {
	t.Helper()
	var line map[string]any
	if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	return line
}

func TestIDsStandAtTheTopWhateverGroupIsOpen(t *testing.T) {
	for name, open := range map[string]func(*slog.Logger) *slog.Logger{
		"no group":             func(l *slog.Logger) *slog.Logger { return l.With("a", 1) },
		"a group":              func(l *slog.Logger) *slog.Logger { return l.WithGroup("order") },
		"an attribute, groups": func(l *slog.Logger) *slog.Logger { return l.With("a", 1).WithGroup("x").With("b", 2).WithGroup("y") },
		"an empty group":       func(l *slog.Logger) *slog.Logger { return l.WithGroup("").With() },
	} {
		t.Run(name, func(t *testing.T) {
			for _, sampled := range []bool{true, false} {
				var lines bytes.Buffer
				open(slog.New(New(slog.NewJSONHandler(&lines, nil)))).InfoContext(in(9, sampled), "placed", "c", 3)
				line := written(t, &lines)
				flags := map[bool]string{true: "01", false: "00"}[sampled]
				if line[TraceID] != fmt.Sprintf("%032x", 9) || line[SpanID] != fmt.Sprintf("%016x", 9) || line[TraceFlags] != flags {
					t.Errorf("%v", line)
				}
			}
		})
	}
}

// The ids change nothing else of a line: groups and attributes stand where they stand without them.
func TestALineIsOtherwiseTheOneOfTheNextHandler(t *testing.T) {
	say := func(handler slog.Handler) map[string]any {
		lines := handler.(interface{ buffer() *bytes.Buffer }).buffer()
		log := slog.New(handler).With("a", 1).WithGroup("x").With("b", 2).WithGroup("y")
		log.InfoContext(in(1, true), "placed", slog.Group("z", "c", 3), "d", 4)
		line := written(t, lines)
		for _, id := range []string{TraceID, SpanID, TraceFlags, slog.TimeKey} {
			delete(line, id)
		}
		return line
	}
	plain, ours := new(bytes.Buffer), new(bytes.Buffer)
	with := say(held{New(slog.NewJSONHandler(ours, nil)), ours})
	without := say(held{slog.NewJSONHandler(plain, nil), plain})
	if fmt.Sprint(with) != fmt.Sprint(without) {
		t.Errorf("with    %v\nwithout %v", with, without)
	}
}

// held knows where its handler writes.
type held struct {
	slog.Handler
	to *bytes.Buffer
}

func (h held) buffer() *bytes.Buffer { return h.to }

func TestNothingIsAddedWithoutASpan(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(New(slog.NewJSONHandler(&lines, nil)))
	log.Info("started")
	log.InfoContext(context.Background(), "started")
	if bytes.Contains(lines.Bytes(), []byte("_id")) || bytes.Count(lines.Bytes(), []byte("\n")) != 2 {
		t.Errorf("%s", &lines)
	}
}

// A record may be handled by several handlers, one after the other: what is added must not reach the others.
func TestTheCallersRecordIsLeftAlone(t *testing.T) {
	record := slog.Record{Message: "placed"}
	for i := range 9 { // beyond what a record holds in itself
		record.Add(fmt.Sprint(i), i)
	}
	var lines bytes.Buffer
	if err := New(slog.NewJSONHandler(&lines, nil)).Handle(in(1, true), record); err != nil || record.NumAttrs() != 9 {
		t.Errorf("%v, %d attributes", err, record.NumAttrs())
	}
}

func TestTheHandlerKeepsTheRulesOfSlog(t *testing.T) {
	var lines bytes.Buffer
	results := func() []map[string]any {
		var out []map[string]any
		for _, text := range bytes.Split(bytes.TrimSpace(lines.Bytes()), []byte("\n")) {
			var line map[string]any
			if err := json.Unmarshal(text, &line); err != nil {
				t.Fatal(err)
			}
			out = append(out, line)
		}
		return out
	}
	if err := slogtest.TestHandler(New(slog.NewJSONHandler(&lines, nil)), results); err != nil {
		t.Error(err)
	}
}

type failing struct{ slog.Handler }

var errFull = errors.New("full")

func (failing) Handle(context.Context, slog.Record) error { return errFull }

func TestLevelsAndErrorsAreThoseOfTheNextHandler(t *testing.T) {
	next := slog.NewJSONHandler(new(bytes.Buffer), &slog.HandlerOptions{Level: slog.LevelWarn})
	if h := New(next); h.Enabled(in(1, true), slog.LevelInfo) || !h.Enabled(in(1, true), slog.LevelWarn) {
		t.Error("another level")
	}
	if err := New(failing{next}).Handle(in(1, true), slog.Record{}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

// Many goroutines, each with groups of its own on one handler: every line names the span of its own context. Run with -race.
func TestManyGoroutines(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(New(slog.NewJSONHandler(&lines, nil))).WithGroup("shared")
	var all sync.WaitGroup
	for worker := range byte(8) {
		all.Go(func() {
			own := log.WithGroup("own").With("worker", worker+1)
			for range 200 {
				own.InfoContext(in(worker+1, true), "work")
			}
		})
	}
	all.Wait()
	seen := 0
	for _, text := range bytes.Split(bytes.TrimSpace(lines.Bytes()), []byte("\n")) {
		var line struct {
			TraceID string `json:"trace_id"`
			Shared  struct {
				Own struct{ Worker int }
			}
		}
		if err := json.Unmarshal(text, &line); err != nil || line.TraceID != fmt.Sprintf("%032x", line.Shared.Own.Worker) {
			t.Fatalf("%s: %v", text, err)
		}
		seen++
	}
	if seen != 1600 {
		t.Errorf("%d lines", seen)
	}
}
