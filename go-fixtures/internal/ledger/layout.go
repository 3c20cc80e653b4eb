package ledger

import (
	"sync/atomic"
)

// The layout of docs/fixture-protocol.md section 4. The harness reads these bytes from another process, so the structs
// below are a wire format: their order and padding are checked byte by byte in layout_test.go.
const (
	Magic         = "SPNFATE1"
	FormatVersion = 1
	HeaderSize    = 4096
	SlotSize      = 128
)

// Flags of a slot.
const (
	Sampled       uint8 = 1
	Recording     uint8 = 2
	ParentRemote  uint8 = 4
	ParentSampled uint8 = 8
	PanicRecorded uint8 = 16
)

// FlagBlocking in the header says that End blocks on a full queue.
const FlagBlocking uint32 = 1

// Phases of a fixture's life.
const (
	PhaseStarting uint32 = iota + 1
	PhaseReady
	PhaseServerClosing
	PhaseProviderStopping
	PhaseStopped
)

// Slot is everything one span leaves behind. A stage happened if and only if its time is not 0; whatever describes the
// stage is stored before its time, so that a reader who sees the time sees the rest.
type Slot struct {
	TraceID  [16]byte
	SpanID   [8]byte
	ParentID [8]byte
	created  atomic.Uint64
	Name     uint32
	Kind     uint8
	Flags    uint8
	fault    uint8
	_        byte
	started  atomic.Uint64
	ending   atomic.Uint64
	dropped  atomic.Uint64
	ended    atomic.Uint64
	exported atomic.Uint64
	Batch    uint32
	_        uint32
	filtered atomic.Uint64
	closed   atomic.Uint64
	_        [16]byte
}

// Stages is a snapshot of a slot's times.
type Stages struct {
	Created, Started, Ending, Dropped, Ended, Exported, Filtered, Closed uint64
}

// Stages reads all times of the slot.
func (s *Slot) Stages() Stages {
	return Stages{
		s.created.Load(), s.started.Load(), s.ending.Load(), s.dropped.Load(),
		s.ended.Load(), s.exported.Load(), s.filtered.Load(), s.closed.Load(),
	}
}

// The marks. Each stores the time now; the caller has stored the describing fields before.

// MarkCreated says that the span has its ids.
func (s *Slot) MarkCreated(c *Clock) { s.created.Store(c.Now()) }

// MarkFault says which fault touches the span: its number + 1. The first one stays.
func (s *Slot) MarkFault(mark uint8) {
	if s.fault == 0 {
		s.fault = mark
	}
}

// Fault is the mark that MarkFault stored; 0 is none.
func (s *Slot) Fault() uint8 { return s.fault }

// MarkStarted says that the SDK counted the span as started.
func (s *Slot) MarkStarted(c *Clock) { s.started.Store(c.Now()) }

// MarkEnding says that the span entered our OnEnd.
func (s *Slot) MarkEnding(c *Clock) { s.ending.Store(c.Now()) }

// MarkDropped says that the SDK dropped the span because the queue was full.
func (s *Slot) MarkDropped(c *Clock) { s.dropped.Store(c.Now()) }

// MarkEnded says that the batch processor's OnEnd returned.
func (s *Slot) MarkEnded(c *Clock) { s.ended.Store(c.Now()) }

// MarkExported says that the span was handed to ExportSpans in the given batch. All spans of a batch share one time.
func (s *Slot) MarkExported(at uint64, batch uint32) {
	s.Batch = batch + 1
	s.exported.Store(at)
}

// MarkFiltered says that the exporter wrapper removed the span.
func (s *Slot) MarkFiltered(c *Clock) { s.filtered.Store(c.Now()) }

// MarkClosed says that the SDK counted the span as no longer live.
func (s *Slot) MarkClosed(c *Clock) { s.closed.Store(c.Now()) }

// Word is a live word on its own cache line, so that counters of different hooks do not slow each other down.
type Word struct {
	atomic.Uint64
	_ [56]byte
}

// Header is the first page of the file.
type Header struct {
	magic       atomic.Uint64
	Version     uint32
	SlotBytes   uint32
	PID         uint32
	Process     uint32
	Incarnation uint32
	GOMAXPROCS  uint32
	Slots       uint64
	LogBytes    uint64
	Salt        uint64
	Base        uint64
	BaseWall    uint64
	Bracket     uint64
	Flags       uint32
	_           [44]byte
	Service     [64]byte
	SDK         [32]byte
	Go          [32]byte
	_           [256]byte

	NextSlot          Word
	Overflow          Word
	LogUsed           Word
	LogLost           Word
	Phase             Word
	QueueLength       Word
	ExportsInFlight   Word
	StartedSampled    Word
	StartedNotSampled Word
	Live              Word
	Processed         Word
	QueueFull         Word
	Exported          Word
	ExportFailed      Word
	HandledErrors     Word
	Unkeyed           Word
	_                 [512]byte

	Doses [MaxFaults]Dose
}

// MaxFaults is how many faults a fixture may have: as many doses fit into the header.
const MaxFaults = 32

// Dose is what one fault has really done. Events and amounts mean what docs/fixture-protocol.md section 6 says per kind.
// What may kill the process is counted before it is done.
type Dose struct {
	Applied     atomic.Uint64
	LastApplied atomic.Uint64
	LastCleared atomic.Uint64 // 0 while the fault is on
	Events      atomic.Uint64
	Amounts     [4]atomic.Uint64
}
