package main

import (
	"encoding/json"
	"strconv"

	"golang.org/x/exp/trace"
)

// line is one line of output without its time.
type line struct {
	kind                         string
	goroutine, proc, thread, arg int64
	texts                        [2]text
}

// text is a key that only some kinds have.
type text struct{ key, value string }

// print writes by hand: a busy service has a hundred thousand events a second, and encoding/json would be most of the time.
func (c *converter) print(e trace.Event, l line) error {
	b := append(c.line[:0], `{"kind":"`...)
	b = append(b, l.kind...)
	b = strconv.AppendUint(append(b, `","at":`...), c.clock.monotonic(e.Time()), 10)
	b = strconv.AppendInt(append(b, `,"goroutine":`...), l.goroutine, 10)
	b = strconv.AppendInt(append(b, `,"proc":`...), l.proc, 10)
	b = strconv.AppendInt(append(b, `,"thread":`...), l.thread, 10)
	b = strconv.AppendInt(append(b, `,"arg":`...), l.arg, 10)
	for _, t := range l.texts {
		if t.key != "" {
			quoted, err := json.Marshal(t.value)
			if err != nil {
				return err
			}
			b = append(append(append(b, `,"`...), t.key...), `":`...)
			b = append(b, quoted...)
		}
	}
	c.line = append(b, "}\n"...)
	_, err := c.out.Write(c.line)
	return err
}
