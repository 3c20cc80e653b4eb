// Command lifecycle says which part of a request lies outside its server span, per instrumentation, in microseconds: it sends
// requests to real servers on loopback and marks when their first byte comes, when the span starts, when the body is decoded,
// when the span ends, and when the last byte of the answer goes. Go's runtime trace tells the same of decoding a second time.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

const (
	usage = 64
	most  = 16 << 10 // KiB of a body
)

func main() { os.Exit(start(os.Args[1:], os.Stdout, os.Stderr)) }

func start(arguments []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("lifecycle", flag.ContinueOnError)
	flags.SetOutput(problems)
	requests := flags.Int("requests", 500, "requests per instrumentation, from 20")
	kibibytes := flags.Int("body", 64, "size of a request's body in KiB")
	asJSON := flags.Bool("json", false, "print JSON for spanfate designs: the medians of each repeat")
	repeats := flags.Int("repeats", 7, "repeats, with -json")
	if err := flags.Parse(arguments); err != nil {
		return usage
	}
	if *requests < 20 || *requests > 100_000 || *kibibytes < 1 || *kibibytes > most || *repeats < 1 || *repeats > 1000 {
		_, _ = fmt.Fprintf(problems, "lifecycle: give -requests from 20 to 100000, -body from 1 to %d, and -repeats from 1 to 1000\n", most)
		return usage
	}
	var write func() error
	if *asJSON {
		table, err := repeated(*repeats, *requests, *kibibytes, arguments)
		if err != nil {
			_, _ = fmt.Fprintln(problems, "lifecycle:", err)
			return 1
		}
		write = func() error { return table.Write(out) }
	} else {
		all, err := each(*requests, *kibibytes)
		if err != nil {
			_, _ = fmt.Fprintln(problems, "lifecycle:", err)
			return 1
		}
		write = func() error { return show(out, all) }
	}
	if err := write(); err != nil {
		_, _ = fmt.Fprintln(problems, "lifecycle: cannot write:", err)
		return 74
	}
	return 0
}

// each measures every instrumentation once.
func each(requests, kibibytes int) (all []Figures, err error) {
	for _, s := range subjects() {
		f, err := measure(s, requests, kibibytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

const head = `| instrumentation | whole | before the span | span | behind the span | decoding | of it outside the span | the same by runtime/trace |
|---|---|---|---|---|---|---|---|
`

func show(out io.Writer, all []Figures) error {
	if _, err := io.WriteString(out, head); err != nil {
		return err
	}
	for _, f := range all {
		_, err := fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s | %s of %s |\n", f.Instrumentation, us(f.Whole), us(f.Before),
			us(f.Span), us(f.After), us(f.Decode), us(f.DecodeOutside), us(f.TracedOutside), us(f.TracedDecode))
		if err != nil {
			return err
		}
	}
	return nil
}

func us(s Spread) string { return fmt.Sprintf("%.0f (%.0f) µs", s.Median, s.P95) }
