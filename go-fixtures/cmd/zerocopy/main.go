// Command zerocopy measures ways of getting span data into a socket and prints a table: zerocopy [-sizes …] [-rounds N] [-json].
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"spanfate.dev/fixtures/zerocopy"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const (
	usage = 64
	// most bounds what a slip of a finger costs.
	mostBytes, mostRounds, mostRepeats = 64 << 20, 100_000, 1000
)

func run(arguments []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("zerocopy", flag.ContinueOnError)
	flags.SetOutput(problems)
	sizes := flags.String("sizes", "64,1024,16384", "sizes of a message in KiB, with commas")
	rounds := flags.Int("rounds", 200, "messages per row, from 20")
	asJSON := flags.Bool("json", false, "print JSON for spanfate designs: the medians of each repeat")
	repeats := flags.Int("repeats", 7, "repeats, with -json")
	if err := flags.Parse(arguments); err != nil {
		return usage
	}
	list, err := parse(*sizes)
	if err == nil && (*rounds < 20 || *rounds > mostRounds) {
		err = fmt.Errorf("-rounds %d is not between 20 and %d", *rounds, mostRounds)
	}
	if err == nil && (*repeats < 1 || *repeats > mostRepeats) {
		err = fmt.Errorf("-repeats %d is not between 1 and %d", *repeats, mostRepeats)
	}
	if err != nil {
		_, _ = fmt.Fprintln(problems, "zerocopy:", err)
		return usage
	}
	if err := zerocopy.LeftOut(); err != nil {
		_, _ = fmt.Fprintln(problems, "zerocopy: io_uring is left out, because this system refuses it:", err)
	}
	if *asJSON {
		measured, failed := repeated(*repeats, *rounds, list, arguments)
		if err = failed; err == nil {
			err = measured.Write(out)
		}
	} else {
		err = table(out, list, *rounds)
	}
	if err != nil {
		_, _ = fmt.Fprintln(problems, "zerocopy:", err)
		return 1
	}
	return 0
}

func parse(sizes string) (list []int, err error) {
	for _, text := range strings.Split(sizes, ",") {
		kibibytes, err := strconv.Atoi(text)
		if err != nil || kibibytes < 1 || kibibytes > mostBytes>>10 {
			return nil, fmt.Errorf("-sizes: %q is no size in KiB between 1 and %d; write for example 64,1024", text, mostBytes>>10)
		}
		list = append(list, kibibytes<<10)
	}
	return list, nil
}

const head = `| socket | message | way | copies by the sender | latency: median (95 % interval), p95 | throughput | CPU per MiB: sender, receiver |
|---|---|---|---|---|---|---|
`

func table(out io.Writer, sizes []int, rounds int) error {
	if _, err := io.WriteString(out, head); err != nil {
		return err
	}
	for _, kind := range zerocopy.Kinds {
		for _, size := range sizes {
			data, err := zerocopy.SpanData(size)
			if err != nil {
				return err
			}
			for _, m := range zerocopy.Methods() {
				f, err := zerocopy.Measure(m, kind, data, rounds)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(out, "| %s | %d KiB | %s | %d | %s (%s … %s), %s | %.0f MiB/s | %s, %s |\n",
					kind, size>>10, m.Name, m.Copies, us(f.Median), us(f.Interval[0]), us(f.Interval[1]), us(f.P95),
					f.BytesPerS/(1<<20), us(f.SenderPerMiB), us(f.ReceiverPerMiB))
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func us(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d.Nanoseconds())/1e3) }
