package spanguard_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/spanguard"
)

// The test runs itself as a process that ends in one way; what it exported is on its standard output.
const role = "SPANGUARD_TEST_ROLE"

func asked() bool { return os.Getenv(role) != "" }

// lines is an exporter that prints.
type lines struct{}

func (lines) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		fmt.Println("exported", span.Name())
	}
	return nil
}

func (lines) Shutdown(context.Context) error { return nil }

// childMain is a service with a batch processor that would wait for a minute.
func childMain() {
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(lines{}, sdktrace.WithBatchTimeout(time.Minute)))
	tracer := provider.Tracer("child")
	way := os.Getenv(role)
	options := spanguard.Options{}
	if strings.HasPrefix(way, "flush") {
		options.Flush = provider.ForceFlush
	}
	if way == "finalizer" {
		options.Net = spanguard.Finalizer
	}
	keeper := spanguard.New(options)
	_, held := keeper.Start(context.Background(), tracer, "held")
	switch way {
	case "panic", "flush-panic":
		go func() {
			defer held.End()
			panic("boom")
		}()
		select {}
	case "flush-os-exit":
		defer held.End()
		os.Exit(0)
	case "stop":
		_ = keeper.Close(context.Background())
		_ = provider.Shutdown(context.Background())
	case "finalizer": // returns with its span open
		_ = provider.Shutdown(context.Background())
	}
	runtime.KeepAlive(held)
}

func TestWhatIsSavedWhenAProcessEnds(t *testing.T) {
	for _, c := range []struct {
		way   string
		saved bool
	}{
		{"panic", false},         // its span is ended, and dies in the queue
		{"flush-panic", true},    //
		{"flush-os-exit", false}, // no deferred call runs
		{"stop", true},           // it was held, and Close ended it
		{"finalizer", false},     // finalizers do not run when a process ends
	} {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), role+"="+c.way)
		out, _ := command.Output() // a panic is exit code 2
		if saved := string(out) == "exported held\n"; saved != c.saved {
			t.Errorf("%s: saved %v, want %v; it printed %q", c.way, saved, c.saved, out)
		}
	}
}
