package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/trace"
	"strings"
	"sync"
	"testing"

	xtrace "golang.org/x/exp/trace"
	"golang.org/x/sys/unix"
)

type printed struct {
	Kind                    string
	At                      uint64
	Goroutine, Proc, Thread int64
	Arg                     int64
	Why, From, To           string
}

const (
	collections = 5
	goroutines  = 300
)

// monotonic reads CLOCK_MONOTONIC as the harness does, and not as Go's runtime does.
func monotonic(t *testing.T) uint64 {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return uint64(now.Nano())
}

// traced makes a trace of known work and returns its file and the times around it.
func traced(t *testing.T) (path string, began, ended uint64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "trace")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	began = monotonic(t)
	if err := trace.Start(file); err != nil {
		t.Fatal(err)
	}
	for range collections {
		runtime.GC()
	}
	// In a goroutine of its own: the runtime makes workers of the GC in the goroutine that begins a collection.
	var made sync.WaitGroup
	made.Go(func() {
		for range goroutines {
			var done sync.WaitGroup
			done.Go(func() {})
			done.Wait()
		}
	})
	made.Wait()
	for range 10 {
		if _, err := os.Stat(path); err != nil { // a system call
			t.Fatal(err)
		}
	}
	trace.Stop()
	ended = monotonic(t)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path, began, ended
}

func events(t *testing.T, wantCode int, arguments ...string) (out []printed, stderr string) {
	t.Helper()
	var text, problems bytes.Buffer
	if code := run(arguments, &text, &problems); code != wantCode {
		t.Fatalf("exit code %d, want %d: %s", code, wantCode, problems.String())
	}
	for line := range strings.Lines(text.String()) {
		var p printed
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&p); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		out = append(out, p)
	}
	return out, problems.String()
}

func counted(all []printed) map[string]int {
	counts := make(map[string]int)
	for _, p := range all {
		counts[p.Kind]++
	}
	return counts
}

func TestCountsAreWhatWasDone(t *testing.T) {
	path, began, ended := traced(t)
	all, _ := events(t, 0, path)
	n := counted(all)
	if n["gc_begin"] != collections || n["gc_end"] != collections {
		t.Errorf("%d begins and %d ends of %d collections", n["gc_begin"], n["gc_end"], collections)
	}
	if n["stw_begin"] == 0 || n["stw_begin"] != n["stw_end"] {
		t.Errorf("%d begins and %d ends of stopped worlds", n["stw_begin"], n["stw_end"])
	}
	stops := make(map[string]int)
	made := make(map[int64]int)
	ours := make(map[int64]bool)
	var last uint64
	for _, p := range all {
		if p.At < began-tick || p.At > ended || p.At < last {
			t.Fatalf("%+v is not in order within %d to %d", p, began, ended)
		}
		last = p.At
		switch p.Kind {
		case "stw_begin":
			stops[p.Why]++
		case "goroutine_create":
			made[p.Arg]++
			ours[p.Goroutine] = true
		case "goroutine_destroy":
			delete(ours, p.Goroutine)
		case "sync":
			if p.Goroutine != -1 || p.Proc != -1 || p.Thread != -1 {
				t.Errorf("%+v belongs to somebody", p)
			}
		}
	}
	if stops["GC sweep termination"] != collections || stops["GC mark termination"] < collections {
		t.Errorf("stops: %v", stops)
	}
	most := 0
	for _, count := range made {
		most = max(most, count)
	}
	if most != goroutines {
		t.Errorf("the busiest maker made %d goroutines, want %d", most, goroutines)
	}
	// The last of ours may not have ended when the trace did.
	if left := n["goroutine_create"] - n["goroutine_destroy"]; n["goroutine_create"] < goroutines || left > len(ours)+1 {
		t.Errorf("%d made, %d gone", n["goroutine_create"], n["goroutine_destroy"])
	}
	if n["syscall_begin"] < 10 || n["syscall_end"] < 10 || n["sync"] < 1 || n["proc_start"] == 0 || n["proc_stop"] == 0 {
		t.Errorf("%v", n)
	}
	if n["goroutine_state"] != 0 {
		t.Errorf("%d states that nobody asked for", n["goroutine_state"])
	}
}

func TestStatesOnRequest(t *testing.T) {
	path, _, _ := traced(t)
	all, _ := events(t, 0, "-states", path)
	started := 0
	for _, p := range all {
		if p.Kind == "goroutine_state" && p.From == "Runnable" && p.To == "Running" {
			started++
		}
	}
	if started < goroutines {
		t.Errorf("%d goroutines began to run, want at least %d", started, goroutines)
	}
}

// TestThreadIsTheKernels: so that events can be laid beside those of the kernel.
func TestThreadIsTheKernels(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self := int64(unix.Gettid())
	path, _, _ := traced(t)
	all, _ := events(t, 0, path)
	for _, p := range all {
		if p.Kind == "goroutine_create" && p.Thread == self {
			return
		}
	}
	t.Errorf("nothing was made on thread %d", self)
}

func TestClocksAreOne(t *testing.T) {
	path, _, _ := traced(t)
	all, _ := events(t, 0, path)
	seen := 0
	for _, p := range all {
		if p.Kind != "sync" {
			continue
		}
		seen++
		if p.Arg >= tick || p.Arg <= -sameClock {
			t.Errorf("CLOCK_MONOTONIC was %d ns ahead of the trace clock", p.Arg)
		}
	}
	if seen == 0 {
		t.Error("no clock snapshot")
	}
}

// TestOtherClockIsShifted: a trace clock that counts something else is brought over by its generation's snapshot.
func TestOtherClockIsShifted(t *testing.T) {
	var c clock
	if ahead := c.sync(&xtrace.ClockSnapshot{Trace: 1000, Mono: 5_000_000_000}); ahead != 4_999_999_000 {
		t.Errorf("ahead %d", ahead)
	}
	if at := c.monotonic(1500); at != 5_000_000_500 {
		t.Errorf("at %d", at)
	}
	c.sync(&xtrace.ClockSnapshot{Trace: 6400, Mono: 6370})
	if at := c.monotonic(6500); at != 6500 {
		t.Errorf("one clock was shifted: %d", at)
	}
}

func TestTornTraceGivesWhatCanBeRead(t *testing.T) {
	whole, _, _ := traced(t)
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	complete, _ := events(t, 0, whole)
	torn := filepath.Join(t.TempDir(), "torn")
	for _, size := range []int{0, 1, 15, 16, 20, 100, len(data) / 3, len(data) / 2, len(data) - 1} {
		if err := os.WriteFile(torn, data[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		part, problem := events(t, exitTorn, torn)
		if len(part) >= len(complete) || !strings.Contains(problem, "torn") {
			t.Errorf("%d bytes: %d of %d events, %s", size, len(part), len(complete), problem)
		}
	}
}

func TestMistakes(t *testing.T) {
	events(t, exitUsage)
	events(t, exitUsage, "-x")
	if _, problem := events(t, exitUsage, filepath.Join(t.TempDir(), "none")); !strings.Contains(problem, "name a file") {
		t.Errorf("%s", problem)
	}
}
