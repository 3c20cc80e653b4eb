package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// bare is a ledger over plain memory.
func bare(slots, logBytes uint64, paths uint32) *Ledger {
	o := Options{Slots: slots, Paths: paths}
	return over(make([]byte, logAt(o)+logBytes), &Clock{}, o)
}

// at gives the log records that write makes consecutive times from first on: the clock's own are not those of the file.
func (l *Ledger) at(first uint64, write ...func()) {
	for i, one := range write {
		from := l.LogUsed.Load()
		one()
		binary.LittleEndian.PutUint64(l.log[from+8:], first+uint64(i))
	}
}

func goldenHeader(l *Ledger, paths uint32) {
	l.writeHeader(Options{
		Slots: 3, LogBytes: uint64(len(l.log)), Paths: paths, Salt: 0x1122334455667788, Service: "checkout", SDK: "1.47.0", Process: 7, Incarnation: 2, Blocking: true,
	})
	l.PID, l.GOMAXPROCS, l.Base, l.BaseWall, l.Bracket = 4242, 6, 1001, 1700000000000001002, 1003
	clear(l.Go[:])
	copy(l.Go[:], "go1.26.8")
}

func goldenDoses(l *Ledger) {
	for n := range l.Doses {
		d, first := &l.Doses[n], uint64(100*n)
		d.Applied.Store(first + 1)
		d.LastApplied.Store(first + 2)
		d.LastCleared.Store(first + 3)
		d.Events.Store(first + 4)
		for i := range d.Amounts {
			d.Amounts[i].Store(first + 5 + uint64(i))
		}
	}
}

func goldenSlot(s *Slot, n uint64) {
	for i := range s.TraceID {
		s.TraceID[i] = byte(n)
	}
	for i := range s.SpanID {
		s.SpanID[i], s.ParentID[i] = byte(n+1), byte(n+2)
	}
	s.Name, s.Kind, s.Flags = uint32(n+4), uint8(n+5), Sampled|Recording|PanicRecorded
	s.MarkFault(uint8(n + 6))
	s.created.Store(n + 3)
	s.started.Store(n + 7)
	s.ending.Store(n + 8)
	s.dropped.Store(n + 9)
	s.ended.Store(n + 10)
	s.MarkExported(n+11, uint32(n+11))
	s.filtered.Store(n + 13)
	s.closed.Store(n + 14)
	s.held.Store(n + 15)
}

func goldenLog(l *Ledger) {
	refused := errors.New("connection refused")
	l.at(9000,
		func() { l.SetPhase(PhaseReady) },
		func() {
			from := l.LogUsed.Load()
			l.ClockPair()
			binary.LittleEndian.PutUint64(l.log[from+16:], 31)
			binary.LittleEndian.PutUint64(l.log[from+24:], 1700000000000000032)
		},
		func() { l.Name(1, "GET /work") },
		func() { l.ExportBegin(0, 33, 34) },
		func() { l.ExportEnd(0, 33, nil) },
		func() { l.ExportBegin(0, 35, 36) },
		func() { l.ExportEnd(0, 35, refused) },
		func() { l.HandledError(errors.New("träge")) },
		func() { l.Runtime(RuntimeSample{41, 42, 43, 44, 45, 46, 47, 48, 49}) },
		func() { l.Rate(RateChange{0.5, 0.25, 0.125, 200}) },
		func() { l.ShutdownEnd(nil) },
		func() { l.ShutdownEnd(refused) },
	)
}

func goldenLive(l *Ledger) {
	for i, word := range []*Word{
		&l.NextSlot, &l.Overflow, nil, &l.LogLost, &l.Phase, &l.QueueLength, &l.ExportsInFlight, &l.StartedSampled,
		&l.StartedNotSampled, &l.Live, &l.Processed, &l.QueueFull, &l.Exported, &l.ExportFailed, &l.HandledErrors, &l.Unkeyed,
	} {
		if word != nil {
			word.Store(uint64(10 + i))
		}
	}
	l.NextSlot.Store(2)
	l.Phase.Store(uint64(PhaseStopped))
	l.Live.Store(^uint64(19) + 1)
}

// agrees holds a ledger against a file that the harness's tests write and read.
func agrees(t *testing.T, l *Ledger, name string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "protocol", name))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(l.memory, want) {
		return
	}
	if len(l.memory) != len(want) {
		t.Fatalf("%d bytes, and %s has %d", len(l.memory), name, len(want))
	}
	for i := 0; i < len(want); i += 8 {
		if got, other := l.memory[i:i+8], want[i:i+8]; !bytes.Equal(got, other) {
			t.Errorf("at %d: %x, and %s has %x", i, got, name, other)
		}
	}
}

// What the fixture writes is, byte for byte, what the harness reads.
func TestALedgerIsTheOneThatTheHarnessIsTestedWith(t *testing.T) {
	l := bare(3, 512, 0)
	goldenHeader(l, 0)
	goldenDoses(l)
	goldenSlot(l.Slot(0), 100)
	goldenSlot(l.Slot(1), 150)
	goldenLog(l)
	goldenLive(l)
	agrees(t, l, "one.slots")
}

func goldenRecord(r *Record, n uint64) {
	r.ending.Store(n)
	r.dropped.Store(n + 1)
	r.ended.Store(n + 2)
	r.MarkExported(n+3, uint32(n+3))
	r.filtered.Store(n + 5)
	r.hidden.Store(n + 6)
}

func goldenPathLog(l *Ledger) {
	first := PathInfo{
		Blocking: true, Filtered: true, Queue: 2048, Batch: 512, DelayUS: 5_000_000, TimeoutUS: 30_000_000, Name: "main",
		Exporter: "otlp grpc",
	}
	audit := first
	audit.Path, audit.Blocking, audit.Queue, audit.Batch, audit.Name = 1, false, 64, 32, "audit"
	local := PathInfo{Path: 2, Provider: 1, Simple: true, Batch: 1, Name: "local", Exporter: "otlp http"}
	l.at(9500,
		func() { l.PathInfo(first) },
		func() { l.PathInfo(audit) },
		func() { l.PathInfo(local) },
		func() { l.ExportBegin(0, 51, 52) },
		func() { l.ExportBegin(2, 53, 54) },
		func() { l.ExportEnd(2, 53, errors.New("refused")) },
		func() { l.ExportEnd(0, 51, nil) },
		func() { l.PathShutdown(0) },
		func() { l.PathShutdown(2) },
	)
}

// The same for a ledger with further paths.
func TestALedgerOfPathsIsTheOneThatTheHarnessIsTestedWith(t *testing.T) {
	l := bare(3, 640, 2)
	goldenHeader(l, 2)
	for i := range uint64(2) {
		slot := l.Slot(i)
		goldenSlot(slot, 100+50*i)
		slot.Provider = uint8(i)
		slot.hidden.Store(115 + 50*i)
		for path := range uint32(2) {
			goldenRecord(l.Record(path+1, i), uint64(1000*(path+1))+100*(i+1))
		}
	}
	goldenPathLog(l)
	goldenLive(l)
	agrees(t, l, "paths.slots")
}
