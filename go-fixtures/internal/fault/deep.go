package fault

import (
	"context"
	"unsafe"
)

// deep makes the next child at the bottom of a recursion, on a stack that has grown to hold it.
func (t *site) deep(ctx context.Context, depth int) {
	t.dose.Events.Add(1)
	var top byte
	descend(depth, &top, func(bytes uint64) {
		raise(&t.dose.Amounts[0], bytes)
		_, span := t.start(ctx)
		defer span.End()
	})
}

// descend calls bottom depth frames further down with the distance on the stack. top stays the address of a variable of
// the first frame also when the stack moves while it grows: the runtime adjusts pointers into it.
//
//go:noinline
func descend(depth int, top *byte, bottom func(bytes uint64)) byte {
	var frame [64]byte
	frame[depth&63] = byte(depth)
	if depth == 0 {
		bottom(uint64(uintptr(unsafe.Pointer(top)) - uintptr(unsafe.Pointer(&frame))))
		return frame[0]
	}
	return descend(depth-1, top, bottom) + frame[depth>>1&63]
}
