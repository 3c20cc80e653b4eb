// Command labelled measures what labels of the business change about alerts, and what they cost: labelled [-repeats N] [-json].
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"go.opentelemetry.io/otel/sdk"

	"spanfate.dev/fixtures/internal/measured"
	"spanfate.dev/fixtures/labelled/measure"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const (
	usage = 64
	// most bounds what a slip of a finger costs.
	most = 10_000
	// command is how the project's root runs this.
	command = "cd go-fixtures/labelled && CGO_ENABLED=0 go run ./cmd/labelled"
)

var figures = []measured.Figure{
	{Name: "false.all", Unit: measured.Count, Means: "false alerts a day, over runs of all kinds in equal number (the article: 62 % fewer)"},
	{Name: "false.steady", Unit: measured.Count, Means: "of runs in which nothing happens"},
	{Name: "false.shifted", Unit: measured.Count, Means: "of runs in which half of the requests go to the sound but slower fallback for two hours"},
	{Name: "false.faulty", Unit: measured.Count, Means: "of runs with a fault: before it, or of a series without it"},
	{Name: "found.small", Unit: measured.Share, Means: "runs in which a fault in one combination, 0.5 % of the requests, is seen within six hours"},
	{Name: "delay.small", Unit: measured.Seconds, Means: "from its begin until then"},
	{Name: "found.large", Unit: measured.Share, Means: "the same of a fault in one group of the experiment, 10 % of the requests"},
	{Name: "delay.large", Unit: measured.Seconds, Means: "from its begin until then"},
	{Name: "series", Unit: measured.Count, Means: "of the histogram, in each export"},
	{Name: "bytes", Unit: measured.Bytes, Means: "of its OTLP export request, without compression"},
}

func run(arguments []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("labelled", flag.ContinueOnError)
	flags.SetOutput(problems)
	repeats := flags.Int("repeats", 20, "repeats, each with seeds of its own")
	runs := flags.Int("runs", 2, "runs of each kind in a repeat")
	hours := flags.Int("hours", 12, "simulated hours of a run; something happens from the middle on")
	requests := flags.Int("requests", 1200, "requests of a simulated minute")
	seed := flags.Uint64("seed", 81, "the same seed gives the same table")
	asJSON := flags.Bool("json", false, "print JSON for spanfate designs")
	if err := flags.Parse(arguments); err != nil {
		return usage
	}
	for _, bound := range []struct {
		name        string
		value, from int
	}{{"repeats", *repeats, 1}, {"runs", *runs, 1}, {"hours", *hours, 2}, {"requests", *requests, 1}} {
		if bound.value < bound.from || bound.value > most {
			_, _ = fmt.Fprintf(problems, "labelled: -%s %d is not between %d and %d\n", bound.name, bound.value, bound.from, most)
			return usage
		}
	}
	plan := measure.Plan{Runs: *runs, Hours: *hours, PerMinute: *requests}
	return measured.Command{
		Name: "labelled", Line: command, SDK: sdk.Version(), Figures: figures, Contenders: measure.Ways(), Repeats: *repeats,
		Measure: func(repeat int, note measured.Note) error { return block(plan, *seed+uint64(repeat), note) },
	}.Print(arguments, *asJSON, out, problems)
}

// block is a repeat.
func block(plan measure.Plan, seed uint64, note measured.Note) error {
	outcomes, err := measure.Run(context.Background(), plan, seed)
	if err != nil {
		return err
	}
	costs, err := measure.Costs(context.Background(), plan, seed)
	if err != nil {
		return err
	}
	days := float64(plan.Runs*plan.Hours) / 24 // of each kind
	for name, outcome := range outcomes {
		of := func(kinds ...string) (alerts float64) {
			for _, kind := range kinds {
				alerts += float64(outcome.False[kind])
			}
			return alerts / days / float64(len(kinds))
		}
		note(name, "false.all", of(append(measure.Faulty, measure.Sound...)...))
		note(name, "false.faulty", of(measure.Faulty...))
		for _, kind := range measure.Sound {
			note(name, "false."+kind, of(kind))
		}
		for _, kind := range measure.Faulty {
			note(name, "found."+kind, float64(outcome.Found[kind])/float64(plan.Runs))
			if outcome.Found[kind] > 0 {
				note(name, "delay."+kind, 60*float64(outcome.Minutes[kind])/float64(outcome.Found[kind]))
			}
		}
		cost := costs[measure.Instrument(name)]
		note(name, "series", float64(cost.Series))
		note(name, "bytes", float64(cost.Bytes))
	}
	return nil
}
