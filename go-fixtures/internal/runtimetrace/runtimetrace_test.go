package runtimetrace

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime/trace"
	"strings"
	"testing"
)

func TestNoPathIsNoTrace(t *testing.T) {
	running, err := Start("")
	if err != nil || running != nil || trace.IsEnabled() {
		t.Fatalf("%v, %v, enabled %v", running, err, trace.IsEnabled())
	}
	if err := running.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestTraceIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	if err := os.WriteFile(path, []byte("what an earlier incarnation left"), 0o600); err != nil {
		t.Fatal(err)
	}
	running, err := Start(path)
	if err != nil {
		t.Fatal(err)
	}
	if !trace.IsEnabled() {
		t.Error("no trace is running")
	}
	if err := running.Stop(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if trace.IsEnabled() || !bytes.HasPrefix(data, []byte("go 1.")) || len(data) < 100 {
		t.Errorf("enabled %v, %d bytes that begin with %.20q", trace.IsEnabled(), len(data), data)
	}
}

func TestFileThatCannotBeMade(t *testing.T) {
	_, err := Start(filepath.Join(t.TempDir(), "none", "trace"))
	if err == nil || !strings.Contains(err.Error(), "runtime_trace") || trace.IsEnabled() {
		t.Fatalf("error %v, enabled %v", err, trace.IsEnabled())
	}
}

func TestFullDiskIsTold(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	running, err := Start("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Stop(); err == nil || !strings.Contains(err.Error(), "torn") {
		t.Errorf("error %v", err)
	}
}
