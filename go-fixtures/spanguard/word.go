package spanguard

// A word holds what a span's life is: its state in the upper two bits, and in the others by how many it is held. Both change
// in one step, or somebody could take hold of a span between the last release and the end that it causes.
const (
	active    uint64 = 0 << 62 // held
	finishing uint64 = 1 << 62 // somebody ends it just now
	finished  uint64 = 2 << 62 // it has been ended

	states uint64 = 3 << 62
)

// word is an *atomic.Uint64. The tests put one in its place that stops before each access.
type word interface {
	Load() uint64
	CompareAndSwap(old, new uint64) bool
}

// retain adds a holder. It fails as soon as the span is finishing: an end cannot be taken back.
func retain[W word](w W) bool {
	for {
		old := w.Load()
		if old&states != active {
			return false
		}
		if w.CompareAndSwap(old, old+1) {
			return true
		}
	}
}

// release removes a holder, and says whether that was the last: then the caller has to end the span. It does nothing to a
// span whose end was forced. Nobody may release more often than they hold.
func release[W word](w W) (last bool) {
	for {
		old := w.Load()
		if old&states != active {
			return false
		}
		next := old - 1
		if next == active {
			next = finishing
		}
		if w.CompareAndSwap(old, next) {
			return next == finishing
		}
	}
}

// force brings a span to its end whoever holds it, and says whether this call did: then the caller has to end the span.
func force[W word](w W) bool {
	for {
		old := w.Load()
		if old&states != active {
			return false
		}
		if w.CompareAndSwap(old, finishing|old) {
			return true
		}
	}
}

// finish notes that the span has been ended. Only who was told to end it calls this, and nobody else changes the word then.
func finish[W word](w W) { w.CompareAndSwap(w.Load(), finished) }
