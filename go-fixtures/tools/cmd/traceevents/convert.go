package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/exp/trace"
)

// Names of ranges, as the parser gives them.
const (
	markPhase          = "GC concurrent mark phase"
	stopTheWorld       = "stop-the-world ("
	endOfWhy           = ")"
	none         int64 = -1
)

// tornError is a trace that ends in the middle or cannot be read further.
type tornError struct{ cause error }

func (e *tornError) Error() string { return "the trace is torn: " + e.cause.Error() }

// convert prints the events of in to out. Its error is a *tornError or one of out.
func convert(in io.Reader, out *bufio.Writer, states bool) error {
	reader, err := trace.NewReader(in)
	if err != nil {
		return &tornError{err}
	}
	c := converter{out: out, states: states}
	for {
		event, err := read(reader)
		if errors.Is(err, io.EOF) {
			if c.events == 0 { // a file that was cut before its first generation ends like a whole one
				return &tornError{errors.New("it has no events")}
			}
			return nil
		}
		if err != nil {
			return &tornError{err}
		}
		if err := c.event(event); err != nil {
			return err
		}
	}
}

// read turns a panic of the parser, which a damaged file can cause, into an error.
func read(reader *trace.Reader) (event trace.Event, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the parser gave up: %v", cause)
		}
	}()
	event, err = reader.ReadEvent()
	if err == io.ErrUnexpectedEOF {
		err = errors.New("it ends in the middle of a batch")
	}
	return event, err
}

type converter struct {
	out    *bufio.Writer
	clock  clock
	states bool
	events int // without syncs, which the parser makes
	line   []byte
}

func (c *converter) event(e trace.Event) error {
	if e.Kind() == trace.EventSync {
		return c.sync(e)
	}
	c.events++
	switch e.Kind() {
	case trace.EventRangeBegin:
		return c.scope(e, "_begin")
	case trace.EventRangeActive:
		return c.scope(e, "_active")
	case trace.EventRangeEnd:
		return c.scope(e, "_end")
	case trace.EventStateTransition:
		return c.transition(e)
	}
	return nil
}

// sync begins a generation. One without a snapshot is the parser's own, at the end of what it could read.
func (c *converter) sync(e trace.Event) error {
	snapshot := e.Sync().ClockSnapshot
	if snapshot == nil {
		return nil
	}
	return c.print(e, line{kind: "sync", goroutine: none, proc: none, thread: none, arg: c.clock.sync(snapshot)})
}

// scope is the begin or end of a range: of a GC cycle, of a stop of the world.
func (c *converter) scope(e trace.Event, suffix string) error {
	name := e.Range().Name
	l := here(e)
	if name == markPhase {
		l.kind = "gc" + suffix
		return c.print(e, l)
	}
	if why, ok := strings.CutPrefix(name, stopTheWorld); ok {
		l.kind = "stw" + suffix
		l.texts = [2]text{{"why", strings.TrimSuffix(why, endOfWhy)}}
		return c.print(e, l)
	}
	return nil
}

func (c *converter) transition(e trace.Event) error {
	change := e.StateTransition()
	switch change.Resource.Kind {
	case trace.ResourceGoroutine:
		return c.goroutine(e, change)
	case trace.ResourceProc:
		return c.proc(e, change)
	}
	return nil
}

// goroutine: a change from an undetermined state is no change. It is how a goroutine that was there before the trace
// appears in it.
func (c *converter) goroutine(e trace.Event, change trace.StateTransition) error {
	from, to := change.Goroutine()
	l := here(e)
	l.goroutine = int64(change.Resource.Goroutine())
	switch {
	case from == trace.GoUndetermined:
		return nil
	case from == trace.GoNotExist:
		l.kind, l.arg = "goroutine_create", int64(e.Goroutine())
	case to == trace.GoNotExist:
		l.kind = "goroutine_destroy"
	case to == trace.GoSyscall:
		l.kind = "syscall_begin"
	case from == trace.GoSyscall:
		l.kind = "syscall_end"
	case c.states:
		l.kind = "goroutine_state"
		l.texts = [2]text{{"from", from.String()}, {"to", to.String()}}
	default:
		return nil
	}
	return c.print(e, l)
}

func (c *converter) proc(e trace.Event, change trace.StateTransition) error {
	from, to := change.Proc()
	l := here(e)
	l.proc = int64(change.Resource.Proc())
	switch {
	case from == trace.ProcUndetermined:
		return nil
	case to == trace.ProcRunning:
		l.kind = "proc_start"
	case from == trace.ProcRunning:
		l.kind = "proc_stop"
	default:
		return nil
	}
	return c.print(e, l)
}

// here is a line about the goroutine, processor and thread that the event happened on.
func here(e trace.Event) line {
	return line{goroutine: int64(e.Goroutine()), proc: int64(e.Proc()), thread: int64(e.Thread())}
}
