package witness

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const victimVariable = "SPANFATE_TEST_VICTIM"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(victimVariable); path != "" {
		victim(path)
	}
	if path := os.Getenv(forkedVariable); path != "" {
		forkedVictim(path)
	}
	os.Exit(m.Run())
}

// slow exports a batch in a millisecond, so that the queue is full most of the time and drops and accepts are mixed.
type slow struct{}

func (slow) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	time.Sleep(time.Millisecond)
	return nil
}
func (slow) Shutdown(context.Context) error { return nil }

func victim(path string) {
	for _, name := range Switches {
		_ = os.Setenv(name, "true")
	}
	r, err := buildRig(rigOptions{path: path, slots: killSlots, exporter: slow{}, batch: []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(64), sdktrace.WithMaxExportBatchSize(32),
	}})
	if err != nil {
		panic(err)
	}
	for range 4 {
		go func() {
			for {
				r.span("x")
			}
		}()
	}
	select {} // until the kill
}

const (
	killSlots  = 200_000
	killRounds = 20
)

func TestKilledProcessLeavesAtMostOneSpanUndetermined(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	dir, err := os.MkdirTemp("/dev/shm", "kill-test-")
	if err != nil {
		dir = t.TempDir()
	}
	defer func() { _ = os.RemoveAll(dir) }()
	undetermined, drops := 0, 0
	for range killRounds {
		data := kill(t, victimVariable, filepath.Join(dir, "victim.slots"), uint64(1+rand.IntN(killSlots/2)))
		inside, dropped := judge(t, data)
		if inside > 1 {
			t.Fatalf("%d spans are inside OnEnd after a SIGKILL", inside)
		}
		undetermined += inside
		drops += dropped
	}
	if drops == 0 {
		t.Error("no span was dropped: the test did not test what it should")
	}
	t.Logf("%d kills: %d undetermined spans, %d drops", killRounds, undetermined, drops)
}

// kill starts a victim, waits until its ledger says that enough spans exist, and kills it.
func kill(t *testing.T, variable, path string, spans uint64) []byte {
	t.Helper()
	_ = os.Remove(path)
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), variable+"="+path)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for nextSlot(path) < spans {
		if time.Now().After(deadline) {
			_ = command.Process.Kill()
			t.Fatal("the victim made too few spans in 30 s")
		}
		runtime.Gosched()
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // reports the kill
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func nextSlot(path string) uint64 {
	file, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }()
	var word [8]byte
	if _, err := file.ReadAt(word[:], 512); err != nil {
		return 0
	}
	return binary.LittleEndian.Uint64(word[:])
}

// judge reads the slots as the harness does.
func judge(t *testing.T, data []byte) (inside, dropped int) {
	t.Helper()
	next := binary.LittleEndian.Uint64(data[512:])
	for i := range next {
		slot := data[4096+i*128:]
		stage := func(at int) bool { return binary.LittleEndian.Uint64(slot[at:]) != 0 }
		const createdAt, startedAt, endingAt, droppedAt, endedAt, closedAt = 32, 48, 56, 64, 72, 104
		if stage(endingAt) && !stage(droppedAt) && !stage(endedAt) {
			inside++
		}
		if stage(droppedAt) {
			dropped++
		}
		if stage(endedAt) && !stage(endingAt) || stage(closedAt) && !stage(startedAt) || stage(startedAt) && !stage(createdAt) {
			t.Errorf("slot %d has a later stage without the earlier one", i)
		}
	}
	return inside, dropped
}
