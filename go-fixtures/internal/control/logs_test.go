package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every span of a request over HTTP and of the gRPC service behind it has a line that names it, with the id that the request
// came with.
func TestLogLinesNameTheSpansOfTheirRequest(t *testing.T) {
	endpoint, _ := receiver(t)
	folder := t.TempDir()
	logging := func(name string) (file, design string) {
		file = filepath.Join(folder, name)
		return file, fmt.Sprintf(`{"logs": {"arm": "request_id", "file": %q, "most_bytes": 100000}}`, file)
	}
	behindFile, behindDesign := logging("behind")
	frontFile, frontDesign := logging("front")
	behind := node{name: "behind", serve: `"grpc"`, root: "remote", process: 1, spans: 2, endpoint: endpoint, design: behindDesign}.start(t)
	front := node{name: "front", root: "local", spans: 3, endpoint: endpoint, design: frontDesign,
		hops: calls(behind, "behind", "grpc")}.start(t)
	if status := front.get("/work", "spanfate-request", "7", "X-Request-ID", "given"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	front.stop()
	behind.stop()
	for _, side := range []struct {
		file  string
		spans []span
		id    string
	}{{frontFile, front.slots(0), "given"}, {behindFile, behind.slots(1), ""}} {
		named := map[string]bool{}
		for line := range strings.Lines(read(t, side.file)) {
			var fields map[string]string
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			named[fields["trace_id"]+fields["span_id"]] = true
			if id := fields["request_id"]; id == "" || side.id != "" && id != side.id {
				t.Errorf("request id %q in %s", id, line)
			}
		}
		for _, s := range side.spans {
			// A client span belongs to its library, which logs nothing.
			if key := fmt.Sprintf("%x%016x", s.trace, s.id); named[key] != (s.kind != client) {
				t.Errorf("%s: span %q of kind %d has a line: %v", side.file, s.name, s.kind, named[key])
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAFixtureWithoutABridgeSaysSo(t *testing.T) {
	for _, wanted := range []string{`"design": {"logs": {"arm": "otelslog"}}, `, `"api": "opentracing-bridge", `, `"api": "opencensus-bridge", `} {
		config := filepath.Join(t.TempDir(), "config.json")
		text := fmt.Sprintf(configuration, "null", "local", "", wanted, 1000)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := start([]string{"fixture", config}, Bridges{})
		if err == nil || !strings.Contains(err.Error(), "go-fixtures/bridged") {
			t.Errorf("%s: error %v", wanted, err)
		}
	}
}
