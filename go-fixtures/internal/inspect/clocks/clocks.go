// Package clocks looks at which clock Go's runtime keeps.
package clocks

import (
	"fmt"
	"math"
	"slices"
	"time"
	_ "unsafe" // the runtime's clock

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

//go:linkname nanotime runtime.nanotime
func nanotime() int64

func read(clock int32) int64 {
	var now unix.Timespec
	// These two clocks are there on every Linux.
	_ = unix.ClockGettime(clock, &now)
	return now.Nano()
}

const samples = 10_000

// watched is over how long the drift is taken.
const watched = 2 * time.Second

// Clocks brackets the runtime's clock by two readings of others. Figures: samples, in_monotonic, in_raw (readings that lie between
// the two), raw_away_ns (the least distance), clocks_apart_ns (the least distance of the two clocks themselves: where there is none,
// nobody can tell which of them another clock is), drift_ns_per_minute (of the runtime's clock against CLOCK_MONOTONIC).
func Clocks(string) (answer.Answer, error) {
	figures := map[string]float64{"samples": samples, "in_monotonic": 0, "in_raw": 0}
	away, apart := int64(math.MaxInt64), int64(math.MaxInt64)
	for range samples {
		before := read(unix.CLOCK_MONOTONIC)
		now := nanotime()
		after := read(unix.CLOCK_MONOTONIC)
		figures["in_monotonic"] += answer.Bit(before <= now && now <= after)
		before = read(unix.CLOCK_MONOTONIC_RAW)
		now = nanotime()
		after = read(unix.CLOCK_MONOTONIC_RAW)
		figures["in_raw"] += answer.Bit(before <= now && now <= after)
		away = min(away, distance(before, now, after))
		before = read(unix.CLOCK_MONOTONIC)
		raw := read(unix.CLOCK_MONOTONIC_RAW)
		after = read(unix.CLOCK_MONOTONIC)
		apart = min(apart, distance(before, raw, after))
	}
	first := offset()
	<-time.After(watched)
	drift := math.Abs(float64(offset()-first)) / watched.Minutes()
	figures["raw_away_ns"], figures["clocks_apart_ns"] = float64(away), float64(apart)
	figures["drift_ns_per_minute"] = drift
	return answer.Answer{Figures: figures, Seen: []string{fmt.Sprintf("of %d bracketed readings", samples)}}, nil
}

func distance(before, now, after int64) int64 {
	return max(before-now, now-after, 0)
}

// offset is how far the runtime's clock is from the middle of two readings of CLOCK_MONOTONIC, in the tightest of many brackets.
func offset() int64 {
	type bracket struct{ width, offset int64 }
	all := make([]bracket, 0, samples)
	for range samples {
		before := read(unix.CLOCK_MONOTONIC)
		now := nanotime()
		after := read(unix.CLOCK_MONOTONIC)
		all = append(all, bracket{after - before, now - (before+after)/2})
	}
	return slices.MinFunc(all, func(a, b bracket) int { return int(a.width - b.width) }).offset
}
