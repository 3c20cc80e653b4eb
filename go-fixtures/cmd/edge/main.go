// Command edge measures what leaves the hosts of some services, and what of traces with an error arrives, where spans are sent to a centre for a
// decision (tail sampling), wait in each service (retrokeep), or wait on the disk of the edge: edge [-traces N] [-repeats N] [-json].
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"go.opentelemetry.io/otel/sdk"

	"spanfate.dev/fixtures/internal/measured"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const (
	usage = 64
	// most bounds what a slip of a finger costs.
	most = 100_000
	// command is how the project's root runs this.
	command = "cd go-fixtures && CGO_ENABLED=0 go run ./cmd/edge"
)

var figures = []measured.Figure{
	{Name: "traffic", Unit: measured.Bytes, Means: "bodies that leave the hosts of the services, and answers to them, for each span that was made; OTLP without compression"},
	{Name: "saved", Unit: measured.Share, Means: "of the traffic of sending all (VictoriaMetrics: up to 70 %)"},
	{Name: "kept.errors", Unit: measured.Share, Means: "traces with an error of which something arrived"},
	{Name: "kept.whole", Unit: measured.Share, Means: "traces with an error of which every span arrived"},
	{Name: "heap", Unit: measured.Bytes, Means: "live heap for each span that waits; of sending all, in a centre that holds requests as they came"},
	{Name: "disk", Unit: measured.Bytes, Means: "on disk for each span that waits"},
	{Name: "cpu", Unit: measured.Microseconds, Means: "processor time of everything, making and receiving spans included, for each span"},
}

func run(arguments []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("edge", flag.ContinueOnError)
	flags.SetOutput(problems)
	traces := flags.Int("traces", 2000, "traces of a repeat; each has 5 spans in each of 4 services")
	errors := flags.Float64("errors", 0.05, "share of the traces with an error, in one service that does not pass it on")
	repeats := flags.Int("repeats", 10, "repeats")
	seed := flags.Uint64("seed", 23, "the same seed makes the same traces")
	asJSON := flags.Bool("json", false, "print JSON for spanfate designs")
	if err := flags.Parse(arguments); err != nil {
		return usage
	}
	if *traces < 1 || *traces > most || *repeats < 1 || *repeats > most || *errors < 0 || *errors > 1 {
		_, _ = fmt.Fprintf(problems, "edge: give -traces and -repeats from 1 to %d, and -errors from 0 to 1\n", most)
		return usage
	}
	names := make([]string, 0, len(contenders))
	for _, one := range contenders {
		names = append(names, one.name)
	}
	return measured.Command{
		Name: "edge", Line: command, SDK: sdk.Version(), Figures: figures, Contenders: names, Repeats: *repeats,
		Measure: func(repeat int, note measured.Note) error {
			return block(context.Background(), plan{traces: *traces, errors: *errors, seed: *seed + uint64(repeat)}, note)
		},
	}.Print(arguments, *asJSON, out, problems)
}

// block is a repeat: every contender gets the same traces, made anew.
func block(ctx context.Context, plan plan, note measured.Note) error {
	all := 0.0
	for _, one := range contenders {
		found, err := one.measure(ctx, plan)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		spans := float64(plan.traces * services * spansEach)
		traffic := float64(found.traffic) / spans
		if one.name == contenders[0].name {
			all = traffic
		}
		note(one.name, "traffic", traffic)
		note(one.name, "saved", max(1-traffic/all, 0))
		if found.errors > 0 {
			note(one.name, "kept.errors", float64(found.kept)/float64(found.errors))
			note(one.name, "kept.whole", float64(found.whole)/float64(found.errors))
		}
		if found.waiting > 0 {
			note(one.name, "heap", float64(max(found.heap, 0))/float64(found.waiting))
			note(one.name, "disk", float64(found.disk)/float64(found.waiting))
		}
		note(one.name, "cpu", float64(found.cpu.Nanoseconds())/1e3/spans)
	}
	return nil
}
