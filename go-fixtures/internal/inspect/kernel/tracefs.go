// Package kernel looks at what this machine's kernel has and does. Much of it needs root; without, it says so.
package kernel

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// Where tracefs is mounted, by itself or below debugfs.
var mounted = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// Mounted is the argument behind which this program is started again, in mounts of its own that no other process sees.
const Mounted = "__mounted"

// MountOwn mounts tracefs for this process alone, and says whether it could.
func MountOwn() bool {
	return unix.Mount("nodev", mounted[0], "tracefs", 0, "") == nil
}

// Again starts this program again with tracefs of its own, where the machine has it nowhere and this is root. It gives what that
// printed, or nothing where it was not started.
func Again(arguments []string) ([]byte, error) {
	if _, err := tracefs(); err == nil || os.Geteuid() != 0 {
		return nil, nil
	}
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(own, append([]string{Mounted}, arguments...)...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return command.Output()
}

func tracefs() (string, error) {
	for _, folder := range mounted {
		if _, err := os.Stat(filepath.Join(folder, "events", "sched")); err == nil {
			return folder, nil
		}
	}
	return "", answer.Unable("tracefs cannot be read; mount it (mount -t tracefs nodev %s) and run as root", mounted[0])
}

// Tracepoint says whether the kernel has a tracepoint: "sched:sched_wakeup". Figures: count, all.
func Tracepoint(of string) (answer.Answer, error) {
	group, name, ok := strings.Cut(of, ":")
	if !ok {
		return answer.Answer{}, fmt.Errorf("%q is not GROUP:NAME, for example sched:sched_wakeup", of)
	}
	folder, err := tracefs()
	if err != nil {
		return answer.Answer{}, err
	}
	all, err := filepath.Glob(filepath.Join(folder, "events", "*", "*", "id"))
	if err != nil {
		return answer.Answer{}, err
	}
	_, missing := os.Stat(filepath.Join(folder, "events", group, name, "id"))
	return answer.Answer{
		Figures: map[string]float64{"count": answer.Bit(missing == nil), "all": float64(len(all))},
		Seen:    []string{fmt.Sprintf("%d tracepoints in %s", len(all), folder)},
	}, nil
}

// Symbol says whether the kernel has a function or a variable of a name. Figures: count, all.
func Symbol(of string) (answer.Answer, error) {
	file, err := os.Open("/proc/kallsyms")
	if err != nil {
		return answer.Answer{}, answer.Unable("the kernel's symbols cannot be read: %v", err)
	}
	defer file.Close()
	found := answer.Answer{Figures: map[string]float64{"count": 0, "all": 0}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 3 {
			continue
		}
		found.Figures["all"]++
		found.Figures["count"] += answer.Bit(words[2] == of)
		if strings.Contains(words[2], of) && len(found.Seen) < 4 {
			found.Seen = append(found.Seen, strings.Join(words[1:], " "))
		}
	}
	return found, lines.Err()
}

// instance is a trace buffer of our own, gone when it is closed.
type instance struct{ folder string }

func newInstance() (*instance, error) {
	root, err := tracefs()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(root, "instances", fmt.Sprintf("spanfate-inspect-%d", os.Getpid()))
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, answer.Unable("no trace buffer of its own: %v", err)
	}
	return &instance{folder}, nil
}

func (i *instance) close() { _ = os.Remove(i.folder) }

func (i *instance) set(file, value string) error {
	if err := os.WriteFile(filepath.Join(i.folder, file), []byte(value), 0o600); err != nil {
		return answer.Unable("tracefs does not take %q: %v", value, err)
	}
	return nil
}

// counters of all CPUs, summed: entries, overrun, dropped events and others.
func (i *instance) counters() (map[string]float64, error) {
	files, err := filepath.Glob(filepath.Join(i.folder, "per_cpu", "cpu*", "stats"))
	if err != nil {
		return nil, err
	}
	sums := map[string]float64{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Split(string(text), "\n") {
			name, value, _ := strings.Cut(line, ": ")
			if number, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				sums[name] += number
			}
		}
	}
	return sums, nil
}

// TraceBuffer fills the smallest buffer of ftrace as it is by default, and without overwriting. Figures: written, and overrun and
// dropped for both: default_overrun, default_dropped, kept_overrun, kept_dropped.
func TraceBuffer(string) (answer.Answer, error) {
	const written = 20_000
	figures := map[string]float64{"written": written}
	for name, overwrite := range map[string]string{"default": "", "kept": "0"} {
		sums, err := filled(written, overwrite)
		if err != nil {
			return answer.Answer{}, err
		}
		figures[name+"_overrun"], figures[name+"_dropped"] = sums["overrun"], sums["dropped events"]
	}
	return answer.Answer{Figures: figures}, nil
}

func filled(count int, overwrite string) (map[string]float64, error) {
	buffer, err := newInstance()
	if err != nil {
		return nil, err
	}
	defer buffer.close()
	if err := buffer.set("buffer_size_kb", "4"); err != nil {
		return nil, err
	}
	if overwrite != "" {
		if err := buffer.set(filepath.Join("options", "overwrite"), overwrite); err != nil {
			return nil, err
		}
	}
	marker, err := os.OpenFile(filepath.Join(buffer.folder, "trace_marker"), os.O_WRONLY, 0)
	if err != nil {
		return nil, answer.Unable("the trace marker cannot be written: %v", err)
	}
	for range count {
		// Without room and without overwriting the kernel refuses; it counts that itself.
		_, _ = marker.WriteString("one event of the look\n")
	}
	if err := marker.Close(); err != nil {
		return nil, err
	}
	return buffer.counters()
}
