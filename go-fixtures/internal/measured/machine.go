package measured

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Taken is what was taken from a repeat, as shares of all processors of the machine.
type Taken struct {
	Stolen float64 `json:"stolen"` // by the hypervisor
	Others float64 `json:"others"` // by other processes
}

// tick is the unit of /proc/stat (USER_HZ).
const tick = 10 * time.Millisecond

// sight is what the machine and this process have done so far.
type sight struct {
	all, idle, stolen time.Duration // of the processors
	own               time.Duration // processor time of this process
}

func look() (s sight, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return s, fmt.Errorf("cannot tell what others take of the machine: %w", err)
	}
	if s, err = parse(text); err != nil {
		return s, err
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return s, fmt.Errorf("getrusage: %w", err)
	}
	s.own = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	return s, nil
}

// parse reads the line of all processors: user, nice, system, idle, iowait, irq, softirq, steal, and guests, which are in user already.
func parse(stat []byte) (s sight, err error) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return s, fmt.Errorf("/proc/stat begins with %q, which is no line of all processors", line)
	}
	for at, field := range fields[1:9] {
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return s, fmt.Errorf("/proc/stat begins with %q: %w", line, err)
		}
		took := time.Duration(ticks) * tick
		s.all += took
		switch at {
		case 3, 4:
			s.idle += took
		case 7:
			s.stolen += took
		}
	}
	return s, nil
}

// until is what was taken between two sights. What is neither idle, nor stolen, nor our own is others'.
func (s sight) until(later sight) Taken {
	all := later.all - s.all
	if all <= 0 { // shorter than a tick
		return Taken{}
	}
	share := func(took time.Duration) float64 { return min(max(float64(took)/float64(all), 0), 1) }
	idle, stolen, own := later.idle-s.idle, later.stolen-s.stolen, later.own-s.own
	return Taken{Stolen: share(stolen), Others: share(all - idle - stolen - own)}
}
