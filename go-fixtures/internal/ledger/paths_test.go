package ledger

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	pathSlots    = 10
	pathLogBytes = 4096
)

func createPaths(t *testing.T, paths uint32) (*Ledger, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "http.0.slots")
	l, err := Create(Options{Path: path, Slots: pathSlots, LogBytes: pathLogBytes, Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	return l, path
}

func TestFurtherPathsLieBetweenSlotsAndLog(t *testing.T) {
	l, path := createPaths(t, 2)
	slot := l.Slot(3)
	slot.Provider = 2
	slot.MarkCreated(l.Clock)
	slot.MarkHidden(l.Clock)
	record := l.Record(2, 3)
	for _, mark := range []func(*Clock){
		record.MarkEnding, record.MarkDropped, record.MarkEnded, record.MarkFiltered, record.MarkHidden,
	} {
		mark(l.Clock)
	}
	l.Passage(2, 3).MarkExported(99, 4)
	l.SetPhase(PhaseReady)

	f := read(t, path)
	const slots, region = 4096, 4096 + pathSlots*128
	if want := region + 2*pathSlots*64 + pathLogBytes; len(f.data) != want {
		t.Errorf("the file has %d bytes, want %d", len(f.data), want)
	}
	f.u32(8, "version", 2)
	f.u32(84, "further paths", 2)
	if got := f.data[slots+3*128+47]; got != 2 {
		t.Errorf("provider %d at 47, want 2", got)
	}
	f.u64(slots+3*128+112, "hidden on the main path", slot.Stages().Hidden)
	at, stages := region+pathSlots*64+3*64, record.Stages()
	for offset, want := range map[int]uint64{
		0: stages.Ending, 8: stages.Dropped, 16: stages.Ended, 24: 99, 40: stages.Filtered, 48: stages.Hidden,
	} {
		if want == 0 {
			t.Errorf("the stage at %d has no time", offset)
		}
		f.u64(at+offset, "stage", want)
	}
	f.u32(at+32, "batch + 1", 5)
	f.u64(at+56, "spare", 0)
	if other := f.data[region : region+pathSlots*64]; !bytes.Equal(other, make([]byte, len(other))) {
		t.Error("marks of path 2 stand in the region of path 1")
	}
	f.u32(region+2*pathSlots*64, "first record's length", 24)
}

func TestRecordsOfPaths(t *testing.T) {
	l, path := createPaths(t, 1)
	l.PathInfo(PathInfo{
		Path: 1, Provider: 2, Simple: true, Blocking: true, Filtered: true, Queue: 64, Batch: 32, DelayUS: 5, TimeoutUS: 6,
		Name: "audit", Exporter: "otlp http",
	})
	l.PathInfo(PathInfo{})
	l.ExportBegin(0, 7, 8)
	l.ExportBegin(1, 9, 10)
	l.ExportEnd(1, 9, nil)
	l.PathShutdown(1)
	log := read(t, path).data[4096+pathSlots*(128+64):]
	halves := func(values ...uint32) (out []byte) {
		for _, value := range values {
			out = binary.LittleEndian.AppendUint32(out, value)
		}
		return out
	}
	info := append(halves(1, 2, 2, 3, 64, 32, 5, 0, 6, 0, 5, 9), "auditotlp http\x00\x00"...)
	for _, want := range []struct {
		kind uint16
		body []byte
	}{
		{10, info},
		{10, halves(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
		{2, halves(7, 8)},
		{2, halves(9, 10, 1, 0)},
		{3, halves(9, 0, 0, 1)},
		{9, halves(1, 0)},
	} {
		length := binary.LittleEndian.Uint32(log)
		if kind := binary.LittleEndian.Uint16(log[4:]); kind != want.kind || !bytes.Equal(log[16:length], want.body) {
			t.Fatalf("kind %d with %x, want %d with %x", kind, log[16:length], want.kind, want.body)
		}
		log = log[length:]
	}
}

func TestALedgerOfOnePathSaysNothingOfPaths(t *testing.T) {
	l, path := createPaths(t, 0)
	l.PathShutdown(0)
	f := read(t, path)
	f.u32(8, "version", 1)
	f.u32(84, "further paths", 0)
	f.u64(640, "log used", 0)
}

func TestTooManyPathsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.slots")
	_, err := Create(Options{Path: path, Slots: 1, LogBytes: 4096, Paths: MaxPaths + 1})
	if err == nil || !strings.Contains(err.Error(), "16 further export paths") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was made all the same")
	}
}
