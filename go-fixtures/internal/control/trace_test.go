package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRuntimeTraceIsWhole: at the last word on stdout everything is in the file, so that the harness may read it at once.
func TestRuntimeTraceIsWhole(t *testing.T) {
	endpoint, _ := receiver(t)
	path := filepath.Join(t.TempDir(), "trace")
	p := node{name: "traced", root: "local", spans: 2, endpoint: endpoint, runtimeTrace: fmt.Sprintf("%q", path)}.start(t)
	if status := p.get("/work", "spanfate-request", "1"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	header, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(header) > 0 && !bytes.HasPrefix(header, []byte("go 1.")) {
		t.Errorf("the file begins with %.20q", header)
	}
	if s := p.stop(); s.ShutdownError != nil {
		t.Errorf("shutdown: %s", *s.ShutdownError)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// With a trace running, the SDK makes a task of each span, with its name.
	for _, want := range []string{"go 1.", "GET /work", "work.child"} {
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("%d bytes without %q", len(data), want)
		}
	}
	if after, err := os.ReadFile(path); err != nil || len(after) != len(data) {
		t.Errorf("the file grew after the stop: %d, %v", len(after), err)
	}
}

func TestRuntimeTraceThatCannotBeWrittenIsNotReady(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	text := fmt.Sprintf(configuration, "null", "local", "", "", 1000)
	text = strings.Replace(text, `"root"`, fmt.Sprintf(`"runtime_trace": %q, "root"`, filepath.Join(dir, "none", "trace")), 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t}
	p.run(path)
	var answer notReady
	if err := json.Unmarshal([]byte(p.line()), &answer); err != nil || answer.Ready || !strings.Contains(answer.Error, "runtime_trace") {
		t.Errorf("answer %+v, %v", answer, err)
	}
	if err := p.command.Wait(); err == nil || p.command.ProcessState.ExitCode() != 1 {
		t.Errorf("exit: %v", err)
	}
}
