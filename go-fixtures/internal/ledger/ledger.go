// Package ledger is the span ledger: one memory-mapped file with a fixed slot for each span, an append log and live words.
//
// The file outlives the process. A store into a shared mapping is in the page cache the moment it is executed, so a
// SIGKILL loses nothing that happened before it; that is what makes exact accounting of killed processes possible.
package ledger

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Options describe a new ledger.
type Options struct {
	Path        string
	Slots       uint64
	LogBytes    uint64
	Salt        uint64
	Service     string
	SDK         string
	Process     uint16
	Incarnation uint32
	Blocking    bool
	Paths       uint32 // export paths beside the main one, at most MaxPaths
}

// Ledger is an open ledger. All methods are safe for concurrent use.
type Ledger struct {
	*Header
	Clock *Clock

	memory   []byte
	slots    unsafe.Pointer
	records  unsafe.Pointer // of all further paths, one path after the other
	capacity uint64
	log      []byte
	logLock  sync.Mutex
}

// Create makes the file, reserves and touches every page, and writes the header. The magic is written last: a file
// without it is not a ledger yet.
func Create(o Options) (*Ledger, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, fmt.Errorf("this machine is big-endian; the ledger is little-endian by contract")
	}
	clock, err := NewClock()
	if err != nil {
		return nil, err
	}
	if o.Paths > MaxPaths {
		return nil, fmt.Errorf("%d further export paths are more than the %d that a ledger may have", o.Paths, MaxPaths)
	}
	memory, err := mapFile(o.Path, int64(logAt(o)+o.LogBytes))
	if err != nil {
		return nil, err
	}
	l := over(memory, clock, o)
	l.writeHeader(o)
	return l, nil
}

// logAt is where the log begins: behind the slots and the records of further paths.
func logAt(o Options) uint64 {
	return HeaderSize + o.Slots*(SlotSize+uint64(o.Paths)*RecordSize)
}

func over(memory []byte, clock *Clock, o Options) *Ledger {
	return &Ledger{
		Header:   (*Header)(unsafe.Pointer(&memory[0])),
		Clock:    clock,
		memory:   memory,
		slots:    unsafe.Pointer(&memory[HeaderSize]),
		records:  unsafe.Add(unsafe.Pointer(&memory[0]), HeaderSize+o.Slots*SlotSize),
		capacity: o.Slots,
		log:      memory[logAt(o):],
	}
}

// mapFile reserves the space before mapping it: without that, a full tmpfs shows itself as SIGBUS in the middle of a
// trial and not as an error here.
func mapFile(path string, size int64) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot create the ledger: %w; its directory must exist and be writable", err)
	}
	defer func() { _ = file.Close() }() // the mapping keeps the file alive
	if err := unix.Fallocate(int(file.Fd()), 0, 0, size); err != nil {
		return nil, fmt.Errorf("cannot reserve %d bytes for %s: %w; free space there or use fewer ledger.slots", size, path, err)
	}
	memory, err := unix.Mmap(int(file.Fd()), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("cannot map %s: %w; raise the memory limit or use fewer ledger.slots", path, err)
	}
	for at := int64(0); at < size; at += int64(os.Getpagesize()) {
		memory[at] = 0 // MAP_POPULATE is only a hint; a write fault during the trial would cost microseconds
	}
	return memory, nil
}

func (l *Ledger) writeHeader(o Options) {
	h := l.Header
	h.Version = FormatVersion
	if o.Paths > 0 {
		h.Version, h.Paths = PathsVersion, o.Paths
	}
	h.SlotBytes = SlotSize
	h.PID = uint32(os.Getpid())
	h.Process = uint32(o.Process)
	h.Incarnation = o.Incarnation
	h.GOMAXPROCS = uint32(runtime.GOMAXPROCS(0))
	h.Slots = o.Slots
	h.LogBytes = o.LogBytes
	h.Salt = o.Salt
	h.Base, h.BaseWall, h.Bracket = l.Clock.base, l.Clock.baseWall, l.Clock.bracket
	if o.Blocking {
		h.Flags |= FlagBlocking
	}
	copy(h.Service[:], o.Service)
	copy(h.SDK[:], o.SDK)
	copy(h.Go[:], runtime.Version())
	h.magic.Store(binary.LittleEndian.Uint64([]byte(Magic)))
}

// Take hands out the next slot number. When the ledger is full, ok is false and the number is one beyond the capacity,
// still unique, so that an id can be made of it. The loop keeps the live word equal to the slots really handed out, which
// a plain add would overshoot.
func (l *Ledger) Take() (slot uint64, ok bool) {
	for {
		next := l.NextSlot.Load()
		if next >= l.capacity {
			return l.capacity + l.Overflow.Add(1) - 1, false
		}
		if l.NextSlot.CompareAndSwap(next, next+1) {
			return next, true
		}
	}
}

// Slot is slot number i, or nil when i is beyond the capacity.
func (l *Ledger) Slot(i uint64) *Slot {
	if i >= l.capacity {
		return nil
	}
	return (*Slot)(unsafe.Add(l.slots, i*SlotSize))
}

// Record is that of span i on a further path, from 1; nil when i is beyond the capacity.
func (l *Ledger) Record(path uint32, i uint64) *Record {
	if i >= l.capacity {
		return nil
	}
	return (*Record)(unsafe.Add(l.records, (uint64(path-1)*l.capacity+i)*RecordSize))
}

// Passage is what a path (0: the main one) did with span i; nil when i is beyond the capacity.
func (l *Ledger) Passage(path uint32, i uint64) *Passage {
	switch {
	case i >= l.capacity:
		return nil
	case path == 0:
		return &l.Slot(i).Passage
	default:
		return &l.Record(path, i).Passage
	}
}

// Close unmaps the file. No hook may run afterwards; a fixture never calls it, because the process's end does it.
func (l *Ledger) Close() error { return unix.Munmap(l.memory) }
