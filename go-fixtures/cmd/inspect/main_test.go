package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"spanfate.dev/fixtures/internal/inspect/answer"
	"spanfate.dev/fixtures/internal/inspect/memory"
)

// As the harness starts this program again, the test starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == memory.FinalizerChild {
		memory.LeaveFinalizers()
		return
	}
	os.Exit(m.Run())
}

func figures(t *testing.T, name, of string) map[string]float64 {
	t.Helper()
	found, err := inspections[name](of)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return found.Figures
}

// What is counted here does not depend on the machine.
func TestWhatTheSDKDoes(t *testing.T) {
	cases := []struct {
		name, of string
		want     map[string]float64
	}{
		{"queue_capacity", "", map[string]float64{"accepted": 2560, "dropped": 7440, "queue": 2048, "largest_batch": 512, "waiting_ends": 0, "handler_calls": 0}},
		{"queue_blocking", "", map[string]float64{"accepted": 10000, "dropped": 0}},
		{"failing_exports", "", map[string]float64{"failed": 2, "handler_calls": 2}},
		{"unsampled", "", map[string]float64{"with_ids": 100, "recording": 0, "exported": 0}},
		{"panics", "", map[string]float64{
			"direct_ended": 1, "direct_with_exception": 1, "direct_as_error": 0, "closure_ended": 1, "closure_with_exception": 0,
		}},
		{"kept_by_status", "", map[string]float64{"errors": 100, "kept_by_sampler": 0, "kept_by_filter": 100, "whole_by_filter": 0}},
		{"request_ids", "", map[string]float64{"forms": 5, "forms_that_are_trace_ids": 1}},
		{"diff_listing", "", map[string]float64{"spans": 1000, "false_alarms": 1000}},
		{"packets", "", map[string]float64{"seen_plain": 100, "seen_gzip": 0}},
		{"http_span", "", map[string]float64{"read_in_span": 1, "start_first": 1, "headers_in_span": 0, "late_read_fails": 1}},
		{"grpc_span", "", map[string]float64{"messages": 1, "otelgrpc_decodes": 1, "interceptor_decodes": 0}},
		{"finalizers", "", map[string]float64{"left": 1000, "flushed": 0}},
		{"splice", "", map[string]float64{"direct": 0, "direct_errno": 22, "through_pipe": 1, "changed_after": 1, "binds_buffer": 0}},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			got := figures(t, one.name, one.of)
			for name, want := range one.want {
				if value, there := got[name]; !there || value != want {
					t.Errorf("%s = %v, not %v, of %v", name, value, want, got)
				}
			}
		})
	}
}

func TestAStateOfTwoWordsIsFlushedTwiceInSomeOrder(t *testing.T) {
	got := figures(t, "span_state", "")
	if got["orders"] != 60 || got["flushed_twice"] == 0 || got["flushed_twice"] == got["orders"] {
		t.Errorf("%v", got)
	}
}

func TestWhatSourceDeclares(t *testing.T) {
	cases := []struct {
		name, of, figure string
		want             float64
	}{
		{"declared", "go.opentelemetry.io/otel/sdk/trace.DefaultMaxExportBatchSize", "value", 512},
		{"declared", "go.opentelemetry.io/otel/sdk/trace.TracerProvider.ForceFlush", "count", 1},
		{"declared", "go.opentelemetry.io/otel/trace.StartSpan", "count", 0},
		{"declared", "no.such/package.Name", "package", 0},
		{"declared", "net/http.ServeMux.Handle", "count", 1},
		{"literals", "net/http application/octet-stream", "package", 1},
		{"literals", "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc/internal/retry 5", "count", 1},
		{"mentions", "runtime stackmapdata", "in_trace", 0},
		{"trace_event", "GoBlock", "count", 1},
		{"trace_event", "GoUnblock", "goroutines", 1},
		{"trace_event", "GoDie", "count", 0},
		{"registers", "", "known", 1},
		{"registers", "", "second_in_bx", 1},
		{"registers", "", "second_in_si", 0},
		{"registers", "", "calls_of_small", 0},
		{"registers", "", "calls_of_small_without_inlining", 1},
		{"compiles", "package main\n\nfunc main() {}\n", "compiles", 1},
		{"compiles", "package main\n\nfunc main() { nothing() }\n", "undefined", 1},
		{"imports", "go.opentelemetry.io/otel/sdk/trace ebpf", "count", 0},
	}
	for _, one := range cases {
		got := figures(t, one.name, one.of)
		if value, there := got[one.figure]; !there || value != one.want {
			t.Errorf("%s of %q: %s = %v, not %v, of %v", one.name, one.of, one.figure, value, one.want, got)
		}
	}
	refused, err := inspections["compiles"]("package main\n\nfunc main() { nothing() }\n")
	if err != nil || len(refused.Seen) == 0 || !strings.HasPrefix(refused.Seen[0], "main.go:3:") {
		t.Errorf("a refusal names more than its place in the program: %q, %v", refused.Seen, err)
	}
	if got := figures(t, "mentions", "runtime stackmapdata"); got["count"] == 0 {
		t.Errorf("stackmapdata is named nowhere: %v", got)
	}
}

func TestIdsOfGoroutinesDoNotComeAgain(t *testing.T) {
	got := figures(t, "goroutines", "")
	if got["made"] != 100_000 || got["ids"] != got["made"] || got["reused"] != 0 {
		t.Errorf("%v", got)
	}
}

// An inspection that nobody can answer here is an answer; one that is asked wrongly is an error.
func TestAnswersArePrintedAsALine(t *testing.T) {
	var out bytes.Buffer
	if err := answer.Print(&out, answer.Answer{}, answer.Unable("run as root")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "{\"figures\":{},\"cannot\":\"run as root\"}\n" {
		t.Errorf("%q", got)
	}
	if _, err := inspections["declared"]("nothing"); err == nil {
		t.Error("PACKAGE.NAME was not asked for")
	}
}

// The harness knows the same names.
func TestNamesAreThoseOfTheProtocol(t *testing.T) {
	text, err := os.ReadFile("../../../docs/protocol/inspections.json")
	if err != nil {
		t.Fatal(err)
	}
	var known map[string][]string
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(answer.Names(inspections))
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(known["inspect"])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the program has %s, docs/protocol/inspections.json %s", got, want)
	}
}
