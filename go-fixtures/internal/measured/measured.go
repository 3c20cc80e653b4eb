// Package measured writes what a command measured of a design in the shape that `spanfate designs` takes up (docs/results.md): a value of
// each figure, of each contender, in each repeat. Means and intervals are made there, as those of trials are.
package measured

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Format is the version of the shape.
const Format = "1.0"

// Unit is in what a figure is counted.
type Unit string

// The units.
const (
	Microseconds Unit = "us" // by the clock of the machine: a disturbed repeat does not count
	Seconds      Unit = "s"  // of a simulation
	Share        Unit = "share"
	Bytes        Unit = "bytes"
	Count        Unit = "count"
)

// Figure is a column.
type Figure struct {
	Name  string `json:"name"`
	Unit  Unit   `json:"unit"`
	Means string `json:"means"`
}

// Contender is a row: of each figure a value for each repeat, or nil where there is none.
type Contender struct {
	Name   string                `json:"name"`
	Values map[string][]*float64 `json:"values"`
}

// Machine is what it was measured on.
type Machine struct {
	Go     string `json:"go"`
	Kernel string `json:"kernel"`
	CPUs   int    `json:"cpus"`
}

// Table is what a command measured.
type Table struct {
	Format     string      `json:"format"`
	Name       string      `json:"name"`
	Command    string      `json:"command"`
	SDK        string      `json:"sdk"`
	Machine    Machine     `json:"machine"`
	Repeats    []Taken     `json:"repeats"`
	Figures    []Figure    `json:"figures"`
	Contenders []Contender `json:"contenders"`
}

// New makes an empty table. The command is the line that a shell runs in the project's root, without the arguments, which are appended.
func New(name, command string, arguments []string, sdk string, figures []Figure, contenders []string) (*Table, error) {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, fmt.Errorf("cannot tell the kernel: %w", err)
	}
	t := &Table{
		Format: Format, Name: name, Command: strings.Join(append([]string{command}, arguments...), " "), SDK: sdk,
		Machine: Machine{runtime.Version(), strings.TrimSpace(string(kernel)), runtime.NumCPU()},
		Repeats: []Taken{}, Figures: figures,
	}
	for _, name := range contenders {
		t.Contenders = append(t.Contenders, Contender{name, map[string][]*float64{}})
	}
	return t, nil
}

// Note takes the value of a figure in this repeat.
type Note func(contender, figure string, value float64)

// Repeat measures everything once more, and watches what others take of the machine meanwhile.
func (t *Table) Repeat(measure func(Note) error) error {
	before, err := look()
	if err != nil {
		return err
	}
	at, unknown := len(t.Repeats), error(nil)
	note := func(contender, figure string, value float64) {
		row := slices.IndexFunc(t.Contenders, func(c Contender) bool { return c.Name == contender })
		column := slices.ContainsFunc(t.Figures, func(f Figure) bool { return f.Name == figure })
		if row < 0 || !column || math.IsNaN(value) || math.IsInf(value, 0) {
			unknown = fmt.Errorf("%s of %s is %v, and no figure of this table", figure, contender, value)
			return
		}
		values := t.Contenders[row].Values
		for len(values[figure]) <= at {
			values[figure] = append(values[figure], nil)
		}
		values[figure][at] = &value
	}
	if err := measure(note); err != nil {
		return err
	}
	if unknown != nil {
		return unknown
	}
	after, err := look()
	if err != nil {
		return err
	}
	t.Repeats = append(t.Repeats, before.until(after))
	for _, contender := range t.Contenders {
		for figure, values := range contender.Values {
			for len(values) <= at {
				values = append(values, nil)
			}
			contender.Values[figure] = values
		}
	}
	return nil
}

// Write writes it as JSON.
func (t *Table) Write(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(t)
}

// WriteMarkdown writes the means over the repeats as a table to look at. `spanfate designs` has the intervals.
func (t *Table) WriteMarkdown(out io.Writer) error {
	rows := []string{"contender", "---"}
	for _, figure := range t.Figures {
		rows[0] += fmt.Sprintf(" | %s, %s", figure.Name, figure.Unit)
		rows[1] += " | ---"
	}
	for _, contender := range t.Contenders {
		row := contender.Name
		for _, figure := range t.Figures {
			row += " | " + mean(contender.Values[figure.Name])
		}
		rows = append(rows, row)
	}
	_, err := fmt.Fprintf(out, "| %s |\n\nMeans over %d repeats.\n", strings.Join(rows, " |\n| "), len(t.Repeats))
	return err
}

func mean(values []*float64) string {
	sum, n := 0.0, 0
	for _, value := range values {
		if value != nil {
			sum, n = sum+*value, n+1
		}
	}
	if n == 0 {
		return "–"
	}
	return strconv.FormatFloat(sum/float64(n), 'g', 4, 64)
}
