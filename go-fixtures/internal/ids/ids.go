// Package ids makes and reads the ids of a trial.
//
// A span id is an invertible mix of (process, ledger slot), so that whoever holds a span id can compute the slot instead
// of searching for it. A trace id carries the request number, so that the load's plan and the traces join without a table.
package ids

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
)

const (
	slotBits = 40
	slotMask = 1<<slotBits - 1

	// NoRequest marks a trace that was begun outside a numbered request.
	NoRequest uint32 = 0xffff_ffff
)

// Mix is the SplitMix64 finaliser: a bijection, so no two slots share an id.
func Mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

// Unmix inverts Mix. The factors are the inverses modulo 2^64 of Mix's; a right shift-xor is undone by repeating it.
func Unmix(x uint64) uint64 {
	x ^= x>>31 ^ x>>62
	x *= 0x319642b2d24d8ec3
	x ^= x>>27 ^ x>>54
	x *= 0x96de1b173f119089
	x ^= x>>30 ^ x>>60
	return x
}

// SpanIDs maps ledger slots of one process to span ids and back.
type SpanIDs struct {
	Process uint16
	Salt    uint64
}

// Number is the slot's number among all processes of the trial.
func (s SpanIDs) Number(slot uint64) uint64 { return uint64(s.Process)<<slotBits | slot&slotMask }

// ID is the span id of slot as a number (big-endian on the wire). 0 is not a valid span id; the caller skips that slot.
func (s SpanIDs) ID(slot uint64) uint64 { return Mix(s.Number(slot) ^ s.Salt) }

// Slot is the inverse of ID; ok is false when the id was not made by this process.
func (s SpanIDs) Slot(id uint64) (slot uint64, ok bool) {
	x := Unmix(id) ^ s.Salt
	return x & slotMask, x>>slotBits == uint64(s.Process)
}

// TraceIDs makes the trace ids of one trial.
type TraceIDs struct {
	RunTag uint16
	Trial  uint16
	Key    uint64
	Part   uint16 // the process that begins the traces; 0 is the entry of a chain
}

// ForRequest is the trace id that the entry of a chain gives to a numbered request.
func (t TraceIDs) ForRequest(request uint32) [16]byte { return t.ForPart(request, 0) }

// ForPart is the id of the trace that process part begins for a numbered request. When the context is lost on the way, the
// trace is split: the parts have different ids, and each of them still tells the request.
func (t TraceIDs) ForPart(request uint32, part uint16) [16]byte {
	return t.layout(request, Mix((uint64(part)<<32|uint64(request))^t.Key))
}

// Unnumbered is the trace id of a trace that belongs to no request; unique is any number not used before.
func (t TraceIDs) Unnumbered(unique uint64) [16]byte {
	return t.layout(NoRequest, Mix(unique^^t.Key))
}

func (t TraceIDs) layout(request uint32, low uint64) (id [16]byte) {
	binary.BigEndian.PutUint16(id[0:], t.RunTag)
	binary.BigEndian.PutUint16(id[2:], t.Trial)
	binary.BigEndian.PutUint32(id[4:], request)
	binary.BigEndian.PutUint64(id[8:], low)
	return id
}

// For is the trace id of the request in ctx, or an unnumbered one.
func (t TraceIDs) For(ctx context.Context, unique uint64) [16]byte {
	switch n, ok := ctx.Value(requestKey{}).(numbered); {
	case !ok:
		return t.Unnumbered(unique)
	case n.ownPart:
		return t.ForPart(n.request, n.part)
	default:
		return t.ForPart(n.request, t.Part)
	}
}

// Random is a nonzero random number, for ids that need no slot.
func Random() uint64 {
	for {
		if x := rand.Uint64(); x != 0 {
			return x
		}
	}
}

type requestKey struct{}

type numbered struct {
	request uint32
	part    uint16
	ownPart bool
}

// WithRequest carries a request number to the place where the trace id is made.
func WithRequest(ctx context.Context, request uint32) context.Context {
	return context.WithValue(ctx, requestKey{}, numbered{request: request})
}

// WithPart carries a request number for a trace that begins out of turn: its id tells part and not the process's own.
func WithPart(ctx context.Context, request uint32, part uint16) context.Context {
	return context.WithValue(ctx, requestKey{}, numbered{request, part, true})
}

// Request is the number that WithRequest or WithPart stored.
func Request(ctx context.Context) (request uint32, ok bool) {
	n, ok := ctx.Value(requestKey{}).(numbered)
	return n.request, ok
}

type faultKey struct{}

// WithFault carries the mark of a fault to the place where a span gets its slot: every span started with ctx is marked.
func WithFault(ctx context.Context, mark uint8) context.Context {
	return context.WithValue(ctx, faultKey{}, mark)
}

type keyKey struct{}

// WithKey carries to the place where a span gets its slot whether it is a key span.
func WithKey(ctx context.Context, key bool) context.Context {
	return context.WithValue(ctx, keyKey{}, key)
}

// IsKey is what WithKey said last.
func IsKey(ctx context.Context) bool {
	key, _ := ctx.Value(keyKey{}).(bool)
	return key
}

// Fault is the mark that WithFault stored; 0 is none.
func Fault(ctx context.Context) uint8 {
	mark, _ := ctx.Value(faultKey{}).(uint8)
	return mark
}
