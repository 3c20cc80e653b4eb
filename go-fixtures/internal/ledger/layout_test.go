package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/unix"
)

func create(t testing.TB, slots, logBytes uint64) (*Ledger, string) {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ledger-test-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "http.2.slots")
	l, err := Create(Options{
		Path: path, Slots: slots, LogBytes: logBytes, Salt: 0x1122334455667788, Service: "http", SDK: "1.47.0",
		Process: 7, Incarnation: 2, Blocking: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, path
}

// file reads the ledger as the harness does: by the documented offsets, from the file.
type file struct {
	t    *testing.T
	data []byte
}

func read(t *testing.T, path string) file {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file{t, data}
}

func (f file) u32(at int, name string, want uint32) {
	f.t.Helper()
	if got := binary.LittleEndian.Uint32(f.data[at:]); got != want {
		f.t.Errorf("%s at %d is %d, want %d", name, at, got, want)
	}
}

func (f file) u64(at int, name string, want uint64) {
	f.t.Helper()
	if got := binary.LittleEndian.Uint64(f.data[at:]); got != want {
		f.t.Errorf("%s at %d is %d, want %d", name, at, got, want)
	}
}

func TestSizes(t *testing.T) {
	if got := unsafe.Sizeof(Slot{}); got != SlotSize {
		t.Errorf("a slot has %d bytes", got)
	}
	if got := unsafe.Sizeof(Record{}); got != RecordSize {
		t.Errorf("a record has %d bytes", got)
	}
	if got := unsafe.Sizeof(Header{}); got != HeaderSize {
		t.Errorf("the header has %d bytes", got)
	}
}

func TestHeaderOffsets(t *testing.T) {
	l, path := create(t, 10, 4096)
	f := read(t, path)
	if len(f.data) != 4096+10*128+4096 {
		t.Errorf("the file has %d bytes", len(f.data))
	}
	if string(f.data[:8]) != "SPNFATE1" {
		t.Errorf("magic %q", f.data[:8])
	}
	f.u32(8, "version", 1)
	f.u32(12, "slot size", 128)
	f.u32(16, "pid", uint32(os.Getpid()))
	f.u32(20, "process", 7)
	f.u32(24, "incarnation", 2)
	f.u32(28, "GOMAXPROCS", l.GOMAXPROCS)
	f.u64(32, "slots", 10)
	f.u64(40, "log bytes", 4096)
	f.u64(48, "salt", 0x1122334455667788)
	f.u64(56, "base", l.Base)
	f.u64(64, "base wall", l.BaseWall)
	f.u64(72, "bracket", l.Bracket)
	f.u32(80, "flags", 1)
	for at, want := range map[int]string{128: "http", 192: "1.47.0", 224: "go1."} {
		if !bytes.HasPrefix(f.data[at:], []byte(want)) {
			t.Errorf("text at %d: %q, want %q", at, f.data[at:at+16], want)
		}
	}
}

func TestLiveWordOffsets(t *testing.T) {
	l, path := create(t, 10, 4096)
	words := []*Word{
		&l.NextSlot, &l.Overflow, &l.LogUsed, &l.LogLost, &l.Phase, &l.QueueLength, &l.ExportsInFlight, &l.StartedSampled,
		&l.StartedNotSampled, &l.Live, &l.Processed, &l.QueueFull, &l.Exported, &l.ExportFailed, &l.HandledErrors, &l.Unkeyed,
	}
	for i, word := range words {
		word.Store(uint64(1000 + i))
	}
	f := read(t, path)
	for i := range words {
		f.u64(512+64*i, "live word", uint64(1000+i))
	}
}

func TestDoseOffsets(t *testing.T) {
	l, path := create(t, 10, 4096)
	for n := range l.Doses {
		d := &l.Doses[n]
		words := []*atomic.Uint64{
			&d.Applied, &d.LastApplied, &d.LastCleared, &d.Events, &d.Amounts[0], &d.Amounts[1], &d.Amounts[2], &d.Amounts[3],
		}
		for i, word := range words {
			word.Store(uint64(100*n + i + 1))
		}
	}
	f := read(t, path)
	for n := range 32 {
		for i := range 8 {
			f.u64(2048+64*n+8*i, "dose", uint64(100*n+i+1))
		}
	}
}

func TestSlotOffsets(t *testing.T) {
	l, path := create(t, 10, 4096)
	s := l.Slot(3)
	copy(s.TraceID[:], "trace-id-16-byte")
	copy(s.SpanID[:], "span--id")
	copy(s.ParentID[:], "parentid")
	s.Name, s.Kind, s.Flags = 77, 2, Sampled|PanicRecorded
	s.MarkFault(9)
	s.MarkFault(10) // comes too late
	marks := []func(*Clock){
		s.MarkCreated, s.MarkStarted, s.MarkEnding, s.MarkDropped, s.MarkEnded, s.MarkFiltered, s.MarkClosed,
		s.MarkHeld,
	}
	for _, mark := range marks {
		mark(l.Clock)
	}
	s.MarkExported(99, 4)
	f := read(t, path)
	at := 4096 + 3*128
	if got := string(f.data[at : at+32]); got != "trace-id-16-bytespan--idparentid" {
		t.Errorf("ids: %q", got)
	}
	f.u32(at+40, "name", 77)
	f.u32(at+44, "kind, flags and fault", 2|17<<8|9<<16)
	f.u64(at+80, "exported", 99)
	f.u32(at+88, "batch + 1", 5)
	stages := s.Stages()
	for offset, want := range map[int]uint64{
		32: stages.Created, 48: stages.Started, 56: stages.Ending, 64: stages.Dropped, 72: stages.Ended,
		96: stages.Filtered, 104: stages.Closed, 120: stages.Held,
	} {
		if want == 0 {
			t.Errorf("the stage at %d has no time", offset)
		}
		f.u64(at+offset, "stage", want)
	}
}

func words(values ...uint64) []byte {
	var out []byte
	for _, value := range values {
		out = binary.LittleEndian.AppendUint64(out, value)
	}
	return out
}

func TestLogRecords(t *testing.T) {
	l, path := create(t, 1, 8192)
	l.Name(1, "GET /work")
	l.ExportBegin(0, 3, 512)
	l.ExportEnd(0, 3, errors.New("refused"))
	l.HandledError(errors.New("oh"))
	l.ClockPair()
	l.SetPhase(PhaseReady)
	l.ShutdownEnd(nil)
	l.Runtime(RuntimeSample{1, 2, 3, 4, 5, 6, 7, 8, 9})
	l.Rate(RateChange{Rate: 0.000001, CPU: 2, Memory: -1, Requests: 0.25})
	f := read(t, path)
	log := f.data[4096+128:]
	want := []struct {
		kind   uint16
		length uint32
		body   []byte
	}{
		{1, 40, []byte("\x01\x00\x00\x00\x09\x00\x00\x00GET /work\x00")},
		{2, 24, []byte("\x03\x00\x00\x00\x00\x02\x00\x00")},
		{3, 40, []byte("\x03\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00refused\x00")},
		{4, 32, []byte("\x02\x00\x00\x00\x00\x00\x00\x00oh\x00")},
		{5, 32, nil},
		{6, 24, []byte("\x02\x00\x00\x00\x00\x00\x00\x00")},
		{7, 24, []byte("\x00\x00\x00\x00\x00\x00\x00\x00")},
		{8, 88, words(1, 2, 3, 4, 5, 6, 7, 8, 9)},
		{11, 40, words(2_000_000<<32|1, 0, 250)},
	}
	at := uint32(0)
	for _, record := range want {
		length := binary.LittleEndian.Uint32(log[at:])
		kind := binary.LittleEndian.Uint32(log[at+4:]) // kind and the zero after it
		when := binary.LittleEndian.Uint64(log[at+8:])
		if length != record.length || kind != uint32(record.kind) || when == 0 {
			t.Fatalf("record at %d: length %d, kind %d, time %d; want %d, %d", at, length, kind, when, record.length, record.kind)
		}
		if !bytes.HasPrefix(log[at+16:], record.body) {
			t.Errorf("body of kind %d: %q", kind, log[at+16:at+length])
		}
		at += length
	}
	f.u64(640, "log used", uint64(at))
	f.u64(1408, "handler calls", 1)
}

func TestFullLogIsCounted(t *testing.T) {
	l, _ := create(t, 1, 4096)
	for range 4096/24 + 5 {
		l.SetPhase(PhaseReady)
	}
	if used, lost := l.LogUsed.Load(), l.LogLost.Load(); used != 4096/24*24 || lost != 5 {
		t.Fatalf("used %d, lost %d", used, lost)
	}
}

func TestLongTextIsClippedBetweenCharacters(t *testing.T) {
	got := clip(strings.Repeat("é", maxText))
	if len(got) > maxText || !utf8.ValidString(got) {
		t.Fatalf("%d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}

func TestFullLedgerIsCounted(t *testing.T) {
	l, _ := create(t, 2, 4096)
	for want := range uint64(5) {
		number, ok := l.Take()
		if number != want || ok != (want < 2) {
			t.Fatalf("Take = %d, %v; want %d", number, ok, want)
		}
		if (l.Slot(number) != nil) != ok {
			t.Fatalf("slot %d exists: %v", number, !ok)
		}
	}
	if next, overflow := l.NextSlot.Load(), l.Overflow.Load(); next != 2 || overflow != 3 {
		t.Fatalf("next %d, overflow %d", next, overflow)
	}
}

func TestClockIsTheKernelsMonotonicClock(t *testing.T) {
	l, _ := create(t, 1, 4096)
	kernel := func() uint64 {
		var at unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
			t.Fatal(err)
		}
		return uint64(at.Nano())
	}
	for range 1000 {
		before, now, after := kernel(), l.Clock.Now(), kernel()
		if now+l.Bracket < before || now > after+l.Bracket {
			t.Fatalf("clock %d outside [%d, %d] ± %d", now, before, after, l.Bracket)
		}
	}
	monotonic, wall := l.Clock.Pair()
	if drift := time.Duration(int64(wall-l.BaseWall) - int64(monotonic-l.Base)).Abs(); drift > time.Second {
		t.Fatalf("the pair drifts by %v from the base", drift)
	}
}

func TestUnwritablePathIsExplained(t *testing.T) {
	_, err := Create(Options{Path: "/nonexistent/x.slots", Slots: 1, LogBytes: 4096})
	if err == nil || !strings.Contains(err.Error(), "directory must exist") {
		t.Fatalf("error %v does not say what to do", err)
	}
}

func TestMarksDoNotAllocate(t *testing.T) {
	l, _ := create(t, 10, 4096)
	s := l.Slot(0)
	if n := testing.AllocsPerRun(100, func() { s.MarkEnding(l.Clock) }); n != 0 {
		t.Fatalf("%v allocations for a mark", n)
	}
}

func BenchmarkMark(b *testing.B) {
	l, _ := create(b, 1<<16, 4096)
	for i := uint64(0); b.Loop(); i++ {
		l.Slot(i & (1<<16 - 1)).MarkEnding(l.Clock)
	}
}

func BenchmarkTake(b *testing.B) {
	l, _ := create(b, 1<<30/SlotSize, 4096)
	for b.Loop() {
		l.Take()
	}
}

func BenchmarkClock(b *testing.B) {
	l, _ := create(b, 1, 4096)
	var sum uint64
	for b.Loop() {
		sum += l.Clock.Now()
	}
	_ = sum
}
