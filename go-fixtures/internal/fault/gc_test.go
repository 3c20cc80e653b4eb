package fault

import (
	"runtime/debug"
	"testing"

	"spanfate.dev/fixtures/internal/config"
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
