package control

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
)

// wholeOptions are all knobs that a variable could reach.
const wholeOptions = `"queue": 64, "batch": 32, "delay_ms": 60000, "export_timeout_ms": 30000, "timeout_ms": 10000,
  "compression": "none", "on_full": "drop"`

const furtherPaths = `"paths": [
  {"name": "copy", "processor": "batch", "provider": 1, "spans": 0, "keep": 2,
   "exporter": {"protocol": "http/protobuf", "options": {` + wholeOptions + `}}},
  {"name": "audit", "processor": "simple", "provider": 2, "spans": 2,
   "exporter": {"protocol": "http/protobuf", "options": {` + wholeOptions + `}}}], `

// byPath counts export requests by the path that they name, and keeps their encoding.
type byPath struct {
	lock     sync.Mutex
	requests map[string]int
	encoding map[string]string
}

func (c *byPath) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	c.lock.Lock()
	defer c.lock.Unlock()
	path := r.Header.Get("spanfate-path")
	c.requests[path]++
	c.encoding[path] = r.Header.Get("Content-Encoding")
}

func TestSeveralPaths(t *testing.T) {
	// Of the main path alone.
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip")
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "99")
	seen := &byPath{requests: make(map[string]int), encoding: make(map[string]string)}
	server := httptest.NewServer(seen)
	defer server.Close()
	p := startFixture(t, settings{root: "local", endpoint: server.URL, more: furtherPaths, timeoutMS: 5000})
	if p.ready.Effective.Queue != 99 {
		t.Errorf("effective: %+v", p.ready.Effective)
	}
	const requests, slots = 20, 1000
	for i := range requests {
		if status := p.get("/work", "spanfate-request", fmt.Sprint(i)); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	if s := p.stop(); s.ShutdownError != nil {
		t.Errorf("shutdown: %s", *s.ShutdownError)
	}
	if seen.requests[""] == 0 || seen.requests["1"] == 0 || seen.requests["2"] != 2*requests || len(seen.requests) != 3 {
		t.Errorf("export requests by path: %v", seen.requests)
	}
	if e := seen.encoding; e[""] != "gzip" || e["1"] != "" || e["2"] != "" {
		t.Errorf("encodings by path: %v", e)
	}
	data, err := os.ReadFile(p.ledger)
	if err != nil {
		t.Fatal(err)
	}
	checkSlots(t, data, slots, 5*requests)
	checkPathRecords(t, data[4096+slots*(128+2*64):])
}

// checkSlots: of the five spans of a request the last two are of the second provider, whose only path is the last.
func checkSlots(t *testing.T, data []byte, slots, spans int) {
	t.Helper()
	word := func(at int) uint64 { return binary.LittleEndian.Uint64(data[at:]) }
	if next := word(512); next != uint64(spans) {
		t.Fatalf("%d slots in use, want %d", next, spans)
	}
	for i := range spans {
		slot, copied := 4096+i*128, 4096+slots*128+i*64
		audited := copied + slots*64
		second := i%5 > 2
		kept := !second && i%2 == 0
		for what, is := range map[string][2]bool{
			"provider": {data[slot+47] == 1, second}, "exported on main": {word(slot+80) != 0, !second},
			"exported on copy": {word(copied+24) != 0, kept}, "hidden on copy": {word(copied+48) != 0, !second && !kept},
			"exported on audit": {word(audited+24) != 0, second}, "hidden on main": {word(slot+112) != 0, false},
		} {
			if is[0] != is[1] {
				t.Errorf("slot %d: %s is %v", i, what, is[0])
			}
		}
	}
}

// checkPathRecords: every path is told of before ready, and its shutdown when the phase has begun.
func checkPathRecords(t *testing.T, log []byte) {
	t.Helper()
	var told, stopped []uint32
	phase := uint32(0)
	for binary.LittleEndian.Uint32(log) > 0 {
		length, kind, first := binary.LittleEndian.Uint32(log), log[4], binary.LittleEndian.Uint32(log[16:])
		switch kind {
		case 6:
			phase = first
		case 9:
			stopped = append(stopped, first)
			if phase != 4 {
				t.Errorf("path %d stopped in phase %d", first, phase)
			}
		case 10:
			told = append(told, first)
			if phase != 1 {
				t.Errorf("path %d told of in phase %d", first, phase)
			}
		}
		log = log[length:]
	}
	if want := "[0 1 2] [0 1 2]"; fmt.Sprint(told, stopped) != want {
		t.Errorf("paths told of and stopped: %v %v, want %s", told, stopped, want)
	}
}

func TestAFilterBeforeTheOnlyPath(t *testing.T) {
	endpoint, _ := receiver(t)
	p := startFixture(t, settings{root: "local", endpoint: endpoint, more: `"keep": 5, `, timeoutMS: 5000})
	for i := range 4 {
		p.get("/work", "spanfate-request", fmt.Sprint(i))
	}
	p.stop()
	if version := uint32(p.word(8)); version != 1 {
		t.Errorf("version %d: there is one path", version)
	}
	for i := range 20 {
		slot := 4096 + i*128
		if kept := i%5 == 0; (p.word(slot+80) != 0) != kept || (p.word(slot+112) == 0) != kept || uint32(p.word(slot+40)) == 0 {
			t.Errorf("slot %d: exported %d, hidden %d", i, p.word(slot+80), p.word(slot+112))
		}
	}
}
