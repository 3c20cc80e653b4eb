package ledger

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// Kinds of log records.
const (
	kindName uint16 = iota + 1
	kindExportBegin
	kindExportEnd
	kindHandledError
	kindClockPair
	kindPhase
	kindShutdownEnd
	kindRuntime
	kindPathShutdown
	kindPathInfo
	kindRate
)

const (
	recordHeader = 16
	maxText      = 4096 // a longer error text says nothing more and could fill the log alone
)

// RuntimeSample is one look at the Go runtime and the queue. Allocations are those of the whole process since its start, and
// Spans is how many ids it had made then, so that both can be set against each other.
type RuntimeSample struct {
	HeapBytes, GCCycles, PauseNS, Goroutines, QueueLength, ExportsInFlight uint64
	AllocObjects, AllocBytes, Spans                                        uint64
}

// record is the body of a record, written in place.
type record struct {
	body []byte
}

// append writes one record. It fills the record first and moves the used word afterwards, so that a reader never sees
// half a record; one that does not fit is counted, because a lost record is a gap of this witness.
func (l *Ledger) append(kind uint16, bodyLength int, fill func(record)) {
	length := recordHeader + (bodyLength+7)&^7
	l.logLock.Lock()
	defer l.logLock.Unlock()
	used := l.LogUsed.Load()
	if used+uint64(length) > uint64(len(l.log)) {
		l.LogLost.Add(1)
		return
	}
	to := l.log[used : used+uint64(length)]
	binary.LittleEndian.PutUint32(to[0:], uint32(length))
	binary.LittleEndian.PutUint16(to[4:], kind)
	binary.LittleEndian.PutUint64(to[8:], l.Clock.Now())
	fill(record{to[recordHeader:]})
	l.LogUsed.Store(used + uint64(length))
}

func (r record) u32(at int, value uint32)  { binary.LittleEndian.PutUint32(r.body[at:], value) }
func (r record) u64(at int, value uint64)  { binary.LittleEndian.PutUint64(r.body[at:], value) }
func (r record) text(at int, value string) { copy(r.body[at:], value) }

// Name records that a name id stands for a name.
func (l *Ledger) Name(id uint32, name string) {
	name = clip(name)
	l.append(kindName, 8+len(name), func(r record) {
		r.u32(0, id)
		r.u32(4, uint32(len(name)))
		r.text(8, name)
	})
}

// ExportBegin records that a batch is about to be handed to the exporter of a path; of the main one it does not say so.
func (l *Ledger) ExportBegin(path, batch, spans uint32) {
	length := 8
	if path > 0 {
		length = 16
	}
	l.append(kindExportBegin, length, func(r record) {
		r.u32(0, batch)
		r.u32(4, spans)
		if length > 8 {
			r.u32(8, path)
		}
	})
}

// ExportEnd records what the exporter of a path answered.
func (l *Ledger) ExportEnd(path, batch uint32, err error) {
	result, text := outcome(err)
	l.append(kindExportEnd, 16+len(text), func(r record) {
		r.u32(0, batch)
		r.u32(4, result)
		r.u32(8, uint32(len(text)))
		r.u32(12, path)
		r.text(16, text)
	})
}

// PathShutdown records that the shutdown of a path's processor begins, if there are several paths.
func (l *Ledger) PathShutdown(path uint32) {
	if l.Paths > 0 {
		l.append(kindPathShutdown, 8, func(r record) { r.u32(0, path) })
	}
}

// PathInfo is what an export path is made of. What a simple processor does not have is 0; its batch is one span.
type PathInfo struct {
	Path, Provider     uint32 // both from 0
	Simple             bool
	Blocking, Filtered bool
	Queue, Batch       uint32
	DelayUS, TimeoutUS uint64
	Name, Exporter     string
}

// PathInfo records what a path is made of.
func (l *Ledger) PathInfo(p PathInfo) {
	kind, flags := uint32(1), uint32(0)
	if p.Simple {
		kind = 2
	}
	if p.Blocking {
		flags |= 1
	}
	if p.Filtered {
		flags |= 2
	}
	l.append(kindPathInfo, 48+len(p.Name)+len(p.Exporter), func(r record) {
		for i, value := range [...]uint32{p.Path, p.Provider, kind, flags, p.Queue, p.Batch} {
			r.u32(4*i, value)
		}
		r.u64(24, p.DelayUS)
		r.u64(32, p.TimeoutUS)
		r.u32(40, uint32(len(p.Name)))
		r.u32(44, uint32(len(p.Exporter)))
		r.text(48, p.Name+p.Exporter)
	})
}

// HandledError records an error that the SDK gave to its error handler, and counts it.
func (l *Ledger) HandledError(err error) {
	_, text := outcome(err)
	l.append(kindHandledError, 8+len(text), func(r record) {
		r.u32(0, uint32(len(text)))
		r.text(8, text)
	})
	l.HandledErrors.Add(1)
}

// ClockPair records one moment on both clocks.
func (l *Ledger) ClockPair() {
	monotonic, wall := l.Clock.Pair()
	l.append(kindClockPair, 16, func(r record) {
		r.u64(0, monotonic)
		r.u64(8, wall)
	})
}

// SetPhase moves the live word and records when.
func (l *Ledger) SetPhase(phase uint32) {
	l.Phase.Store(uint64(phase))
	l.append(kindPhase, 8, func(r record) { r.u32(0, phase) })
}

// ShutdownEnd records what TracerProvider.Shutdown returned.
func (l *Ledger) ShutdownEnd(err error) {
	result, text := outcome(err)
	l.append(kindShutdownEnd, 8+len(text), func(r record) {
		r.u32(0, result)
		r.u32(4, uint32(len(text)))
		r.text(8, text)
	})
}

// Runtime records a look at the runtime.
func (l *Ledger) Runtime(s RuntimeSample) {
	l.append(kindRuntime, 72, func(r record) {
		for i, value := range [...]uint64{
			s.HeapBytes, s.GCCycles, s.PauseNS, s.Goroutines, s.QueueLength, s.ExportsInFlight,
			s.AllocObjects, s.AllocBytes, s.Spans,
		} {
			r.u64(8*i, value)
		}
	})
}

// RateChange is a rate of a sampler that follows the load, with the readings that made it.
type RateChange struct {
	Rate, CPU, Memory float64 // shares, 0 to 1
	Requests          float64 // per second
}

// Rate records the first rate of a sampler that follows the load, and every further one.
func (l *Ledger) Rate(c RateChange) {
	l.append(kindRate, 24, func(r record) {
		for i, share := range [...]float64{c.Rate, c.CPU, c.Memory} {
			r.u32(4*i, uint32(math.Round(1e6*min(max(share, 0), 1000))))
		}
		r.u32(12, 0)
		r.u64(16, uint64(math.Round(1e3*max(c.Requests, 0))))
	})
}

func outcome(err error) (result uint32, text string) {
	if err == nil {
		return 0, ""
	}
	return 1, clip(err.Error())
}

// clip shortens a text without cutting a character in two.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
