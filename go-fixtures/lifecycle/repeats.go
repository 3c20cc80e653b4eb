package main

import (
	"fmt"
	"math/rand/v2"

	"go.opentelemetry.io/otel/sdk"

	"spanfate.dev/fixtures/internal/measured"
)

// command is how the project's root runs this.
const command = "cd go-fixtures/lifecycle && CGO_ENABLED=0 go run ."

// columns are the figures of a table for `spanfate designs`.
var columns = []struct {
	name, means string
	of          func(Figures) Spread
}{
	{"whole", "from the first byte of the request, read, to the last of its answer, written", func(f Figures) Spread { return f.Whole }},
	{"before", "of it before the server span", func(f Figures) Spread { return f.Before }},
	{"span", "of it in the span", func(f Figures) Spread { return f.Span }},
	{"behind", "of it behind the span", func(f Figures) Spread { return f.After }},
	{"decoding", "reading and decoding the body; of gRPC decoding alone", func(f Figures) Spread { return f.Decode }},
	{"decoding.outside", "of it outside the span", func(f Figures) Spread { return f.DecodeOutside }},
	{"traced.outside", "the same by regions and tasks of Go's runtime trace", func(f Figures) Spread { return f.TracedOutside }},
}

// repeated measures every instrumentation again and again, each time in another order.
func repeated(repeats, requests, kibibytes int, arguments []string) (*measured.Table, error) {
	var figures []measured.Figure
	for _, column := range columns {
		figures = append(figures, measured.Figure{Name: column.name, Unit: measured.Microseconds, Means: column.means + "; median"})
	}
	var names []string
	for _, s := range subjects() {
		names = append(names, s.name)
	}
	table, err := measured.New("lifecycle", command, arguments, sdk.Version(), figures, names)
	if err != nil {
		return nil, err
	}
	order := rand.New(rand.NewPCG(1, 1))
	for range repeats {
		err := table.Repeat(func(note measured.Note) error {
			for _, at := range order.Perm(len(names)) {
				f, err := measure(subjects()[at], requests, kibibytes)
				if err != nil {
					return fmt.Errorf("%s: %w", names[at], err)
				}
				for _, column := range columns {
					note(f.Instrumentation, column.name, column.of(f).Median)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return table, nil
}
