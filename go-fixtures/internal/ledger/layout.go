package ledger

import (
	"sync/atomic"
)

// The layout of docs/fixture-protocol.md section 4. The harness reads these bytes from another process, so the structs
// below are a wire format: their order and padding are checked byte by byte in layout_test.go.
const (
	Magic         = "SPNFATE1"
	FormatVersion = 1
	PathsVersion  = 2 // the format with several export paths
	HeaderSize    = 4096
	SlotSize      = 128
	RecordSize    = 64 // of a span on a further export path
	MaxPaths      = 15 // further ones
)

// Flags of a slot.
const (
	Sampled       uint8 = 1
	Recording     uint8 = 2
	ParentRemote  uint8 = 4
	ParentSampled uint8 = 8
	PanicRecorded uint8 = 16
	KeySpan       uint8 = 32
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
	Provider uint8 // from 0; stored before created
	started  atomic.Uint64
	Passage  // on the main path
	closed   atomic.Uint64
	hidden   atomic.Uint64
	held     atomic.Uint64
}

// Passage is what one export path did with a span. It lies in the span's slot for the main path, in a record of its own for
// a further one.
type Passage struct {
	ending   atomic.Uint64
	dropped  atomic.Uint64
	ended    atomic.Uint64
	exported atomic.Uint64
	Batch    uint32
	_        uint32
	filtered atomic.Uint64
}

// Record is what a span leaves behind on a further export path.
type Record struct {
	Passage
	hidden atomic.Uint64
	_      [8]byte
}

// Stages is a snapshot of a span's times on a path; a further path has neither Created, Started, Closed nor Held.
type Stages struct {
	Created, Started, Ending, Dropped, Ended, Exported, Filtered, Closed, Hidden, Held uint64
}

// Stages reads all times of the slot.
func (s *Slot) Stages() Stages {
	stages := s.Passage.stages()
	stages.Created, stages.Started, stages.Closed = s.created.Load(), s.started.Load(), s.closed.Load()
	stages.Hidden, stages.Held = s.hidden.Load(), s.held.Load()
	return stages
}

// Stages reads all times of the record.
func (r *Record) Stages() Stages {
	stages := r.Passage.stages()
	stages.Hidden = r.hidden.Load()
	return stages
}

func (p *Passage) stages() Stages {
	return Stages{
		Ending: p.ending.Load(), Dropped: p.dropped.Load(), Ended: p.ended.Load(), Exported: p.exported.Load(),
		Filtered: p.filtered.Load(),
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
func (p *Passage) MarkEnding(c *Clock) { p.ending.Store(c.Now()) }

// MarkDropped says that the SDK dropped the span because the queue was full.
func (p *Passage) MarkDropped(c *Clock) { p.dropped.Store(c.Now()) }

// MarkEnded says that the SDK processor's OnEnd returned.
func (p *Passage) MarkEnded(c *Clock) { p.ended.Store(c.Now()) }

// MarkExported says that the span was handed to ExportSpans in the given batch. All spans of a batch share one time.
func (p *Passage) MarkExported(at uint64, batch uint32) {
	p.Batch = batch + 1
	p.exported.Store(at)
}

// MarkFiltered says that the exporter wrapper removed the span.
func (p *Passage) MarkFiltered(c *Clock) { p.filtered.Store(c.Now()) }

// MarkHidden says that the span processor in front of the main path handed nothing on.
func (s *Slot) MarkHidden(c *Clock) { s.hidden.Store(c.Now()) }

// MarkHidden says that the span processor in front of the path handed nothing on.
func (r *Record) MarkHidden(c *Clock) { r.hidden.Store(c.Now()) }

// MarkHeld says that a span processor in front of the main path took the span, to hand it on later or not at all.
func (s *Slot) MarkHeld(c *Clock) { s.held.Store(c.Now()) }

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
	Paths       uint32 // further ones; nothing before PathsVersion
	_           [40]byte
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
