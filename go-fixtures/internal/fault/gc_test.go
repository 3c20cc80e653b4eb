package fault

import (
	"runtime"
	"runtime/debug"
	"testing"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ids"
)

func pointer[T any](value T) *T { return &value }

// TestGCSettingsComeBack: whatever the order in which faults end, the last restores what was there before the first.
func TestGCSettingsComeBack(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	before := debug.SetMemoryLimit(-1)
	expect := func(percent int, limit int64) {
		t.Helper()
		if got := gcPercent(); got != percent {
			t.Errorf("GOGC is %d, want %d", got, percent)
		}
		if got := debug.SetMemoryLimit(-1); got != limit {
			t.Errorf("the memory limit is %d, want %d", got, limit)
		}
	}
	settings := new(gcSettings)
	off := &config.GC{GOGC: pointer(-1)}
	both := &config.GC{GOGC: pointer(50), MemoryLimitBytes: pointer(int64(1 << 30))}
	settings.use(off)
	expect(-1, before)
	settings.use(both)
	expect(50, 1<<30)
	settings.drop(off)
	expect(50, 1<<30)
	settings.drop(both)
	expect(77, before)
}

// TestClearingPressureLeavesNothing: neither the knobs nor the live heap.
func TestClearingPressureLeavesNothing(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	const live = 64 << 20
	s, err := New(&config.Config{Faults: []config.Fault{{Number: 9, Kind: config.Kind{
		GC: &config.GC{GOGC: pointer(33), LiveBytes: pointer(int64(live))},
	}}}}, Host{TraceIDs: ids.TraceIDs{}})
	if err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	if _, err := s.Switch(9, true); err != nil {
		t.Fatal(err)
	}
	if held := heap() - before; held < live*95/100 || held > live*105/100 || gcPercent() != 33 {
		t.Errorf("while on: %d bytes held, GOGC %d", held, gcPercent())
	}
	if _, err := s.Switch(9, false); err != nil {
		t.Fatal(err)
	}
	if left := int64(heap() - before); left > 1<<20 || gcPercent() != 77 {
		t.Errorf("after clear: %d bytes left, GOGC %d", left, gcPercent())
	}
}

// TestNoFaultsIsNil: a service without faults must not pay for them.
func TestNoFaultsIsNil(t *testing.T) {
	if s, err := New(&config.Config{}, Host{}); s != nil || err != nil {
		t.Errorf("%v, %v", s, err)
	}
}
