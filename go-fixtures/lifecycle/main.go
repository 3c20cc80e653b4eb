// Command lifecycle says which part of a request lies outside its server span, per instrumentation, in microseconds: it sends
// requests to real servers on loopback and marks when their first byte comes, when the span starts, when the body is decoded,
// when the span ends, and when the last byte of the answer goes. Go's runtime trace tells the same of decoding a second time.
package main

import (
	"encoding/json"
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
	asJSON := flags.Bool("json", false, "print JSON in place of a table")
	if err := flags.Parse(arguments); err != nil {
		return usage
	}
	if *requests < 20 || *requests > 100_000 || *kibibytes < 1 || *kibibytes > most {
		_, _ = fmt.Fprintf(problems, "lifecycle: give -requests from 20 to 100000 and -body from 1 to %d\n", most)
		return usage
	}
	var all []Figures
	for _, s := range subjects() {
		f, err := measure(s, *requests, *kibibytes)
		if err != nil {
			_, _ = fmt.Fprintf(problems, "lifecycle: %s: %v\n", s.name, err)
			return 1
		}
		all = append(all, f)
	}
	if err := show(out, all, *asJSON); err != nil {
		_, _ = fmt.Fprintln(problems, "lifecycle: cannot write:", err)
		return 74
	}
	return 0
}

const head = `| instrumentation | whole | before the span | span | behind the span | decoding | of it outside the span | the same by runtime/trace |
|---|---|---|---|---|---|---|---|
`

func show(out io.Writer, all []Figures, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	}
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
