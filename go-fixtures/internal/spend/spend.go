// Package spend uses up what a request is said to cost: processor time, time, memory.
package spend

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/ids"
)

// CPU uses processor time and not time on the wall: a busy loop against the wall clock would do less work exactly when
// the machine is short of processors. The thread is held, because the clock belongs to it. It returns what it used.
func CPU(microseconds int64) time.Duration {
	if microseconds <= 0 {
		return 0
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := threadTime()
	end := begin + time.Duration(microseconds)*time.Microsecond
	for x := uint64(1); threadTime() < end; {
		for range 2000 { // some microseconds between two system calls
			x = ids.Mix(x + 1)
		}
		runtime.KeepAlive(x)
	}
	return threadTime() - begin
}

func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 1<<63 - 1 // cannot happen on Linux; ends the loop
	}
	return time.Duration(t.Nano())
}

// Sleep waits.
func Sleep(microseconds int64) {
	if microseconds > 0 {
		time.Sleep(time.Duration(microseconds) * time.Microsecond)
	}
}

// Memory makes garbage and touches it, so that the pages exist.
func Memory(bytes int64) {
	if bytes <= 0 {
		return
	}
	garbage := make([]byte, bytes)
	for i := 0; i < len(garbage); i += 4096 {
		garbage[i] = 1
	}
	runtime.KeepAlive(garbage)
}
