// Command labelled measures what labels of the business change about alerts, and what they cost: labelled [-seed N] [-runs N] [-json].
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"spanfate.dev/go-fixtures/labelled"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// usage is the exit code for arguments that cannot be, and most bounds what a slip of a finger costs.
const usage, most = 64, 10_000

func run(arguments []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("labelled", flag.ContinueOnError)
	flags.SetOutput(problems)
	seed := flags.Uint64("seed", 81, "the same seed gives the same result")
	runs := flags.Int("runs", 60, "runs of each kind")
	windows := flags.Int("windows", 40, "windows of a run, from 4; what a kind is about begins in the middle")
	requests := flags.Int("requests", 3000, "requests of a window")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(arguments); err != nil {
		return usage
	}
	for _, bound := range []struct {
		name        string
		value, from int
	}{{"runs", *runs, 1}, {"windows", *windows, 4}, {"requests", *requests, 1}} {
		if bound.value < bound.from || bound.value > most {
			_, _ = fmt.Fprintf(problems, "labelled: -%s %d is not between %d and %d\n", bound.name, bound.value, bound.from, most)
			return usage
		}
	}
	plan := labelled.Plan{Seed: *seed, Runs: *runs, Windows: *windows, Requests: *requests}
	result, err := labelled.Measure(plan)
	if err == nil && *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(result)
	} else if err == nil {
		err = table(out, result)
	}
	if err != nil {
		_, _ = fmt.Fprintln(problems, "labelled:", err)
		return 1
	}
	return 0
}

func table(out io.Writer, result labelled.Result) error {
	text := "| runs | watched | fault seen | windows until then: median, worst | false alerts | runs with one |\n|---|---|---|---|---|---|\n"
	for _, one := range result.Outcomes {
		seen, waited := "–", "–"
		if one.Kind == labelled.Faulty {
			seen = fmt.Sprintf("%d of %d", one.Seen, result.Plan.Runs)
		}
		if n := len(one.Windows); n > 0 {
			waited = fmt.Sprintf("%d, %d", one.Windows[n/2], one.Windows[n-1])
		}
		text += fmt.Sprintf("| %s | %s | %s | %s | %d | %d of %d |\n", one.Kind, one.Way, seen, waited, one.False, one.Alarmed, result.Plan.Runs)
	}
	text += "\n| recorded | series | bytes of an export |\n|---|---|---|\n"
	for _, one := range result.Costs {
		text += fmt.Sprintf("| %s | %d | %d |\n", one.Way, one.Series, one.Bytes)
	}
	_, err := io.WriteString(out, text)
	return err
}
