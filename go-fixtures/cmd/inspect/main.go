// Inspect answers one question by looking: inspect NAME [OF] prints a line of JSON. inspect --names prints which there are.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"spanfate.dev/fixtures/internal/inspect/answer"
	"spanfate.dev/fixtures/internal/inspect/clocks"
	"spanfate.dev/fixtures/internal/inspect/kernel"
	"spanfate.dev/fixtures/internal/inspect/memory"
	"spanfate.dev/fixtures/internal/inspect/request"
	"spanfate.dev/fixtures/internal/inspect/sdk"
	"spanfate.dev/fixtures/internal/inspect/source"
)

var inspections = map[string]answer.Inspection{
	"declared":        source.Declared,
	"literals":        source.Literals,
	"mentions":        source.Mentions,
	"imports":         source.Imports,
	"compiles":        source.Compiles,
	"registers":       source.Registers,
	"trace_event":     source.TraceEvent,
	"queue_capacity":  sdk.Capacity,
	"queue_blocking":  sdk.Blocking,
	"failing_exports": sdk.Failing,
	"unsampled":       sdk.Unsampled,
	"panics":          sdk.Panics,
	"kept_by_status":  sdk.ByStatus,
	"request_ids":     sdk.RequestIDs,
	"diff_listing":    sdk.DiffListing,
	"http_span":       request.HTTP,
	"grpc_span":       request.GRPC,
	"packets":         request.Packets,
	"tracepoint":      kernel.Tracepoint,
	"kernel_symbol":   kernel.Symbol,
	"trace_buffer":    kernel.TraceBuffer,
	"goroutines":      kernel.Goroutines,
	"wakeups":         kernel.Wakeups,
	"perf_ring":       kernel.PerfRing,
	"bpf_output":      kernel.BpfOutput,
	"bpf_helpers":     kernel.BpfHelpers,
	"command":         kernel.Command,
	"splice":          memory.Splice,
	"move_cost":       memory.MoveCost,
	"span_state":      memory.SpanState,
	"finalizers":      memory.Finalizers,
	"clocks":          clocks.Clocks,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "inspect:", err)
		os.Exit(1)
	}
}

// needTracefs are the inspections that read tracefs.
var needTracefs = []string{"tracepoint", "trace_buffer", "wakeups", "perf_ring"}

func run(arguments []string) error {
	if len(arguments) > 1 && arguments[0] == kernel.Mounted {
		// Where it cannot be mounted, the inspection says what to do.
		kernel.MountOwn()
		return inspect(arguments[1:])
	}
	if len(arguments) > 0 && slices.Contains(needTracefs, arguments[0]) {
		said, err := kernel.Again(arguments)
		if err == nil && len(said) > 0 {
			_, err = os.Stdout.Write(said)
			return err
		}
		// Mounts of its own may be refused, too.
	}
	return inspect(arguments)
}

func inspect(arguments []string) error {
	if len(arguments) == 0 || len(arguments) > 2 {
		return fmt.Errorf("usage: inspect NAME [OF], or inspect --names")
	}
	switch arguments[0] {
	case "--names":
		return json.NewEncoder(os.Stdout).Encode(answer.Names(inspections))
	case memory.FinalizerChild:
		memory.LeaveFinalizers()
		return nil
	}
	one, known := inspections[arguments[0]]
	if !known {
		return fmt.Errorf("there is no inspection %q; inspect --names prints which there are", arguments[0])
	}
	of := ""
	if len(arguments) == 2 {
		of = arguments[1]
	}
	found, err := one(of)
	return answer.Print(os.Stdout, found, err)
}
