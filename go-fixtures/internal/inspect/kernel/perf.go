package kernel

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// Where the kernel keeps the two ends of a ring, in its first page.
const (
	dataHead = 1024
	dataTail = 1032
)

// calls is how many events are made: far more than a page holds.
const calls = 1000

// formatLost has read return how many records the kernel could not write (PERF_FORMAT_LOST, since 6.0).
const formatLost = 1 << 4

// ring is a perf event on a tracepoint, with a ring of one page that nobody reads meanwhile.
type ring struct {
	fd     int
	memory []byte
}

// open subscribes to the calls that this thread makes of one system call.
func open(flags int) (*ring, error) {
	folder, err := tracefs()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "events", "raw_syscalls", "sys_enter", "id"))
	if err != nil {
		return nil, answer.Unable("this kernel has no tracepoint of system calls: %v", err)
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return nil, err
	}
	attributes := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_TRACEPOINT, Config: id, Sample: 1, Wakeup: 1,
		Sample_type: unix.PERF_SAMPLE_TIME, Read_format: formatLost, Bits: unix.PerfBitDisabled,
	}
	attributes.Size = uint32(unix.PERF_ATTR_SIZE_VER5)
	fd, err := unix.PerfEventOpen(&attributes, 0, -1, -1, flags)
	if err != nil {
		return nil, answer.Unable("the kernel refuses a perf event: %v; run as root, on Linux 6.0 or later", err)
	}
	memory, err := unix.Mmap(fd, 0, 2*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = unix.Close(fd)
		return nil, answer.Unable("a ring of one page is refused: %v", err)
	}
	return &ring{fd, memory}, nil
}

func (r *ring) close() {
	_ = unix.Munmap(r.memory)
	_ = unix.Close(r.fd)
}

// enable switches the events on, makes calls, and switches them off; the thread stays the same.
func (r *ring) record(count int) error {
	if err := unix.IoctlSetInt(r.fd, unix.PERF_EVENT_IOC_ENABLE, 0); err != nil {
		return err
	}
	for range count {
		unix.Getppid()
	}
	return unix.IoctlSetInt(r.fd, unix.PERF_EVENT_IOC_DISABLE, 0)
}

// counts are how many events came, and how many records found no room.
func (r *ring) counts() (events, lost float64, err error) {
	var value [16]byte
	if _, err := unix.Read(r.fd, value[:]); err != nil {
		return 0, 0, err
	}
	return float64(binary.NativeEndian.Uint64(value[:8])), float64(binary.NativeEndian.Uint64(value[8:])), nil
}

// take reads all records: the times of samples, and the sum of the PERF_RECORD_LOST among them.
func (r *ring) take() (times []uint64, lost float64, err error) {
	page := len(r.memory) / 2
	data := r.memory[page:]
	head := binary.NativeEndian.Uint64(r.memory[dataHead:])
	tail := binary.NativeEndian.Uint64(r.memory[dataTail:])
	at := func(offset uint64, size int) []byte {
		out := make([]byte, size)
		for i := range out {
			out[i] = data[(offset+uint64(i))%uint64(page)]
		}
		return out
	}
	for tail < head {
		header := at(tail, 8)
		size := binary.NativeEndian.Uint16(header[6:])
		if size < 8 {
			return nil, 0, errors.New("a record of the ring has no size")
		}
		body := at(tail+8, int(size)-8)
		switch binary.NativeEndian.Uint32(header) {
		case unix.PERF_RECORD_SAMPLE:
			times = append(times, binary.NativeEndian.Uint64(body))
		case unix.PERF_RECORD_LOST:
			lost += float64(binary.NativeEndian.Uint64(body[8:]))
		}
		tail += uint64(size)
	}
	binary.NativeEndian.PutUint64(r.memory[dataTail:], tail)
	return times, lost, nil
}

// PerfRing fills a ring of one page that nobody reads. Figures: page (bytes), events, kept (samples that were read), lost (by the
// kernel's own count), lost_records (told in the ring itself), oldest_kept (1: what was kept is older than what was lost),
// cloexec_differs (1: with PERF_FLAG_FD_CLOEXEC nothing is lost, or others than without), and small_rings (how many sizes below 4 MiB it may have).
func PerfRing(string) (answer.Answer, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	figures, err := filledRing(0)
	if err != nil {
		return answer.Answer{}, err
	}
	other, err := filledRing(unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return answer.Answer{}, err
	}
	// How many are lost depends on how many come, and the runtime makes calls of its own on this thread.
	loses := (other["lost"] > 0) != (figures["lost"] > 0)
	figures["cloexec_differs"] = answer.Bit(loses || other["oldest_kept"] != figures["oldest_kept"])
	figures["page"] = float64(os.Getpagesize())
	if figures["small_rings"], err = smallRings(); err != nil {
		return answer.Answer{}, err
	}
	return answer.Answer{Figures: figures}, nil
}

// smallRings is how many of the sizes 1, 2, 4 and 8 pages the kernel takes for a ring.
func smallRings() (float64, error) {
	ring, err := open(0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(ring.fd) }()
	// A ring has one size at a time.
	if err := unix.Munmap(ring.memory); err != nil {
		return 0, err
	}
	taken := 0.0
	for _, pages := range []int{1, 2, 4, 8} {
		memory, err := unix.Mmap(ring.fd, 0, (1+pages)*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			continue
		}
		taken++
		if err := unix.Munmap(memory); err != nil {
			return 0, err
		}
	}
	return taken, nil
}

func filledRing(flags int) (map[string]float64, error) {
	ring, err := open(flags)
	if err != nil {
		return nil, err
	}
	defer ring.close()
	if err := ring.record(calls); err != nil {
		return nil, err
	}
	_, lostBefore, err := ring.counts()
	if err != nil {
		return nil, err
	}
	kept, _, err := ring.take()
	if err != nil {
		return nil, err
	}
	// The ring has room again: the next event tells of those before it.
	if err := ring.record(1); err != nil {
		return nil, err
	}
	events, lost, err := ring.counts()
	if err != nil {
		return nil, err
	}
	later, told, err := ring.take()
	if err != nil {
		return nil, err
	}
	oldest := len(kept) > 0 && len(later) > 0 && kept[len(kept)-1] < later[0] && lostBefore > 0 && lost == lostBefore
	return map[string]float64{
		"events":       events,
		"kept":         float64(len(kept) + len(later)),
		"lost":         lost,
		"lost_records": told,
		"oldest_kept":  answer.Bit(oldest),
	}, nil
}
