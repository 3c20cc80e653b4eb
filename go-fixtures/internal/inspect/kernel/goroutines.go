package kernel

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// begun is how many goroutines are made, some hundreds at a time.
const begun = 100_000

// goid reads the id of the goroutine that calls it from its own stack.
func goid() int64 {
	var buffer [64]byte
	text := buffer[:runtime.Stack(buffer[:], false)]
	text, _ = bytes.CutPrefix(text, []byte("goroutine "))
	digits, _, _ := bytes.Cut(text, []byte(" "))
	id, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// identity is what a goroutine and the thread that runs it are called.
type identity struct{ goroutine, thread int64 }

func run(count int) []identity {
	out := make([]identity, count)
	const atOnce = 500
	for from := 0; from < count; from += atOnce {
		var group sync.WaitGroup
		for at := from; at < min(from+atOnce, count); at++ {
			group.Go(func() { out[at] = identity{goid(), int64(unix.Gettid())} })
		}
		group.Wait()
	}
	return out
}

// Goroutines makes goroutines, one group after the other, so that the runtime uses their structures again. Figures: made, ids,
// reused (ids that came twice), threads, same_number (goroutines whose id is that of their thread).
func Goroutines(string) (answer.Answer, error) {
	goroutines, threads := map[int64]bool{}, map[int64]bool{}
	figures := map[string]float64{"made": begun, "reused": 0, "same_number": 0}
	for _, one := range run(begun) {
		figures["reused"] += answer.Bit(goroutines[one.goroutine])
		figures["same_number"] += answer.Bit(one.goroutine == one.thread)
		goroutines[one.goroutine], threads[one.thread] = true, true
	}
	figures["ids"], figures["threads"] = float64(len(goroutines)), float64(len(threads))
	return answer.Answer{Figures: figures}, nil
}

// Wakeups counts the kernel's wakeups by this process while it makes goroutines. Figures: goroutines, wakeups, per_goroutine.
func Wakeups(string) (answer.Answer, error) {
	buffer, err := newInstance()
	if err != nil {
		return answer.Answer{}, err
	}
	defer buffer.close()
	event := filepath.Join("events", "sched", "sched_wakeup")
	own, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		return answer.Answer{}, err
	}
	filter := `comm == "` + string(bytes.TrimSpace(own)) + `"`
	if err := buffer.set(filepath.Join(event, "filter"), filter); err != nil {
		return answer.Answer{}, err
	}
	if err := buffer.set(filepath.Join(event, "enable"), "1"); err != nil {
		return answer.Answer{}, err
	}
	run(begun)
	if err := buffer.set(filepath.Join(event, "enable"), "0"); err != nil {
		return answer.Answer{}, err
	}
	sums, err := buffer.counters()
	if err != nil {
		return answer.Answer{}, err
	}
	wakeups := sums["entries"] + sums["overrun"]
	return answer.Answer{Figures: map[string]float64{
		"goroutines": begun, "wakeups": wakeups, "per_goroutine": wakeups / begun,
	}}, nil
}
