package main

import "golang.org/x/exp/trace"

const (
	// tick is the resolution of the runtime's trace clock: nanotime cut to 64 ns.
	tick = 64
	// sameClock is how far two readings of one clock, taken one after the other, may lie apart: a thread may lose its
	// processor between them.
	sameClock = 100_000_000
)

// clock turns times of the trace into CLOCK_MONOTONIC.
//
// On Linux they are the same clock: the runtime stamps events with nanotime, rounded down to a tick, and the parser
// multiplies it back exactly. A snapshot reads CLOCK_MONOTONIC first and the trace clock after it, so their difference is
// the time between two readings and says nothing about the clock; applying it would make every time worse. It serves as
// the check that the clocks are one, and as the shift where they are not (systems whose trace clock counts processor
// cycles).
type clock struct {
	shift int64
}

// sync takes the snapshot of a generation and returns how far CLOCK_MONOTONIC was ahead of the trace clock in it.
func (c *clock) sync(s *trace.ClockSnapshot) int64 {
	ahead := int64(s.Mono) - int64(s.Trace)
	if ahead < tick && ahead > -sameClock {
		c.shift = 0
	} else {
		c.shift = ahead
	}
	return ahead
}

func (c *clock) monotonic(t trace.Time) uint64 { return uint64(int64(t) + c.shift) }
