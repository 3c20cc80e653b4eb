package memory

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// mostStolen is the share of the processors that others may have while something is timed.
const mostStolen = 0.1

// processors is what went by on all processors, in ticks: all of it, and what neither this process had nor nobody.
type processors struct{ all, others float64 }

// stolen reads who had the processors so far: the hypervisor, other processes, or nobody.
func stolen() (processors, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return processors{}, answer.Unable("who has the processors cannot be read: %v", err)
	}
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	var now processors
	// user nice system idle iowait irq softirq steal; guests are part of user.
	for at, word := range bytes.Fields(line) {
		if at == 0 || at > 8 {
			continue
		}
		ticks, err := strconv.ParseFloat(string(word), 64)
		if err != nil {
			return now, fmt.Errorf("the first line of /proc/stat: %w", err)
		}
		now.all += ticks
		if at != 4 && at != 5 {
			now.others += ticks
		}
	}
	var own unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		return now, err
	}
	// A tick is 10 ms for whoever reads /proc/stat.
	now.others -= float64(own.Utime.Nano()+own.Stime.Nano()) / 1e7
	return now, nil
}

// since is the share that others had since an earlier look.
func (p processors) since(before processors) float64 {
	return max(p.others-before.others, 0) / max(p.all-before.all, 1)
}
