// Command traceevents reads a file of runtime/trace and prints one line of JSON per event of interest, in the order of the
// trace: {"kind","at","goroutine","proc","thread","arg"}. It holds one generation of the trace in memory, about a second
// of events, however long the file is.
//
// at is CLOCK_MONOTONIC in nanoseconds, thread the kernel's thread id; -1 is none. The runtime reads the clock when it
// writes an event and cuts it to 64 ns. Events that would then be at the same time or out of order are moved: by a tick when
// they are of one thread, by one nanosecond after their predecessor when they are not. So no two events have the same
// time, and the runtime read its clock within 64 ns after at unless the event was moved.
//
//	gc_begin, gc_end      a GC cycle: before its first stop of the world, and inside its last
//	stw_begin, stw_end    "why"; before the first goroutine is stopped, and after the last is let go
//	gc_active, stw_active the same, going on already when the trace began
//	goroutine_create      goroutine is the new one, arg its creator; before it can run
//	goroutine_destroy
//	goroutine_state       "from", "to": every other change, with -states
//	syscall_begin, syscall_end
//	proc_start, proc_stop proc is the one that starts or stops
//	sync                  a generation begins; arg is how far CLOCK_MONOTONIC was ahead (see clock)
//
// A torn file ends with exit code 3 after what can be read: whole generations. One that was cut exactly between two of
// them looks whole.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const (
	exitUsage = 2
	exitTorn  = 3
	exitWrite = 4
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("traceevents", flag.ContinueOnError)
	flags.SetOutput(stderr)
	states := flags.Bool("states", false, "print every other change of a goroutine's state too (many lines)")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: traceevents [-states] FILE")
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); err != nil {
		return exitUsage
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return exitUsage
	}
	file, err := os.Open(flags.Arg(0))
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "traceevents: %v; name a file of runtime/trace\n", err)
		return exitUsage
	}
	defer func() { _ = file.Close() }()
	out := bufio.NewWriterSize(stdout, 1<<16)
	err = convert(file, out, *states)
	if flushErr := out.Flush(); flushErr != nil {
		_, _ = fmt.Fprintf(stderr, "traceevents: cannot write: %v\n", flushErr)
		return exitWrite
	}
	var torn *tornError
	switch {
	case errors.As(err, &torn):
		_, _ = fmt.Fprintf(stderr, "traceevents: %s: %v; the lines above are what could be read\n", flags.Arg(0), torn)
		return exitTorn
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "traceevents: cannot write: %v\n", err)
		return exitWrite
	}
	return 0
}
