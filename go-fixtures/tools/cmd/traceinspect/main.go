// Traceinspect answers questions about Go's runtime trace by taking one and reading it: traceinspect NAME prints a line of JSON.
// traceinspect --names prints which names there are.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// inspections take a trace of known contents, and give figures of what was read from it.
var inspections = map[string]func() (map[string]float64, error){
	"runtime_trace": lookAtTrace,
	"trace_stacks":  lookAtStacks,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "traceinspect:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 || len(arguments) > 2 {
		return fmt.Errorf("usage: traceinspect NAME, or traceinspect --names")
	}
	out := json.NewEncoder(os.Stdout)
	if arguments[0] == "--names" {
		return out.Encode([]string{"runtime_trace", "trace_stacks"})
	}
	one, known := inspections[arguments[0]]
	if !known {
		return fmt.Errorf("there is no inspection %q; traceinspect --names prints which there are", arguments[0])
	}
	figures, err := one()
	if err != nil {
		return err
	}
	return out.Encode(map[string]any{"figures": figures})
}
