package hybridsampling

import (
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Meter reads the load of this process. It is for one goroutine.
type Meter struct {
	traces  func() uint64
	at      time.Time
	cpu     time.Duration
	seen    uint64
	samples [3]metrics.Sample
	room    float64 // bytes that the process may use, where Go's own limit is not set
}

// What is asked of the runtime: memory that it has from the system, the part it gave back, and its limit.
var asked = [3]string{"/memory/classes/total:bytes", "/memory/classes/heap/released:bytes", "/gc/gomemlimit:bytes"}

// NewMeter begins to measure. traces counts requests: Sampler.Traces.
func NewMeter(traces func() uint64) *Meter {
	m := &Meter{traces: traces, room: room("/sys/fs/cgroup/memory.max", "/proc/meminfo")}
	for i, name := range asked {
		m.samples[i].Name = name
	}
	m.at, m.cpu, m.seen = time.Now(), processorTime(), traces()
	return m
}

// Read is the load since the call before.
func (m *Meter) Read() Readings {
	now, cpu, seen := time.Now(), processorTime(), m.traces()
	elapsed := now.Sub(m.at).Seconds()
	r := Readings{Memory: m.memory()}
	if elapsed > 0 {
		r.CPU = (cpu - m.cpu).Seconds() / elapsed / float64(runtime.GOMAXPROCS(0))
		r.Requests = float64(seen-m.seen) / elapsed
	}
	m.at, m.cpu, m.seen = now, cpu, seen
	return r
}

func (m *Meter) memory() float64 {
	metrics.Read(m.samples[:])
	total, released, limit := m.samples[0].Value.Uint64(), m.samples[1].Value.Uint64(), m.samples[2].Value.Uint64()
	most := m.room
	if limit < math.MaxInt64 {
		most = float64(limit)
	}
	if most <= 0 {
		return 0
	}
	return float64(total-released) / most
}

// processorTime is that of this process so far. It is measured, where /proc/self/stat counts ticks of 10 ms.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// room is the limit of the control group, or else the machine's memory; 0 where neither can be read.
func room(group, machine string) float64 {
	text, err := os.ReadFile(group)
	if err == nil {
		if limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil { // "max" is none
			return float64(limit)
		}
	}
	text, err = os.ReadFile(machine)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemTotal:" {
			kilobytes, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return float64(kilobytes) * 1024
		}
	}
	return 0
}
