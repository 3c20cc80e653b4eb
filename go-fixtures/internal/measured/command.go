package measured

import (
	"fmt"
	"io"
)

// Command measures contenders beside each other, again and again.
type Command struct {
	Name       string // as it calls itself
	Line       string // as a shell runs it in the project's root, without the arguments
	SDK        string // the version of the OpenTelemetry SDK
	Figures    []Figure
	Contenders []string
	Repeats    int
	// Measure measures all of them once more; repeats count from 0.
	Measure func(repeat int, note Note) error
}

// Print measures, prints the table, as JSON or to look at, and gives the exit code.
func (c Command) Print(arguments []string, asJSON bool, out, problems io.Writer) int {
	table, err := New(c.Name, c.Line, arguments, c.SDK, c.Figures, c.Contenders)
	for repeat := 0; repeat < c.Repeats && err == nil; repeat++ {
		err = table.Repeat(func(note Note) error { return c.Measure(repeat, note) })
	}
	if err != nil {
		_, _ = fmt.Fprintf(problems, "%s: %v\n", c.Name, err)
		return 1
	}
	write := table.WriteMarkdown
	if asJSON {
		write = table.Write
	}
	if err := write(out); err != nil {
		_, _ = fmt.Fprintf(problems, "%s: cannot write: %v\n", c.Name, err)
		return 74
	}
	return 0
}
