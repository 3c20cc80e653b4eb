package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomodule/redigo/redis"

	"spanfate.dev/fixtures/internal/ids"
)

func startStore(t testing.TB) *process {
	t.Helper()
	return node{name: "store", serve: `"store"`, root: "local", spans: 1, noLedger: true}.start(t)
}

func cacheOf(store *process, keys int) string {
	return fmt.Sprintf(`{"store": %q, "pool": 2, "entries": 4, "keys": %d}`, store.ready.Address, keys)
}

func TestStoreProcess(t *testing.T) {
	p := startStore(t)
	if p.ready.Effective != nil {
		t.Errorf("effective: %+v", p.ready.Effective)
	}
	connection, err := redis.DialContext(context.Background(), "tcp", p.ready.Address)
	if err != nil {
		t.Fatal(err)
	}
	if value, err := redis.Bytes(connection.Do("GET", "key:0")); err != nil || len(value) != 100 {
		t.Errorf("value %q, %v", value, err)
	}
	if s := p.stop(); s.ShutdownError != nil || s.ShutdownNS != 0 { // although a client is still connected
		t.Errorf("stopped: %+v", s)
	}
}

func TestStoreRefusesALedger(t *testing.T) {
	p := &process{t: t}
	text := fmt.Sprintf(configuration, `{"path": "/dev/null", "slots": 1, "log_bytes": 4096, "salt": "7"}`, "local", "", "", 1)
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(`{"serve": "store", `+text[1:]), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(path)
	var answer notReady
	if err := json.Unmarshal([]byte(p.line()), &answer); err != nil || answer.Ready || answer.Error == "" {
		t.Errorf("answer %+v, %v", answer, err)
	}
}

func TestCacheMissMakesFourSpansAndHitTwo(t *testing.T) {
	endpoint, _ := receiver(t)
	store := startStore(t)
	back := node{name: "back", root: "remote", process: 1, spans: 1, endpoint: endpoint}.start(t)
	p := node{name: "front", root: "local", spans: 2, endpoint: endpoint, cache: cacheOf(store, 1<<40),
		hops: calls(back, "back", "http")}.start(t)
	for range 2 {
		for _, request := range []string{"1", "2", "3"} { // three keys in a cache of four
			if status := p.get("/work", "spanfate-request", request); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
		}
	}
	for _, process := range []*process{p, back, store} {
		process.stop()
	}
	all := p.slots(0)
	if want := 3*(3+4) + 3*(3+2); len(all) != want {
		t.Fatalf("%d spans, want %d", len(all), want)
	}
	byTrace := make(map[uint64][]span)
	for _, s := range all {
		byTrace[rootOf(all, s)] = append(byTrace[rootOf(all, s)], s)
	}
	misses := 0
	for _, spans := range byTrace {
		order := ""
		for _, s := range spans {
			order += s.name + " "
		}
		switch order {
		case "GET /work work.child cache.Get cache.lru pool.wait store.GET HTTP GET ":
			misses++
			for _, s := range spans[3:6] {
				if s.parent != spans[2].id {
					t.Errorf("%q is not a child of cache.Get", s.name)
				}
			}
			if spans[5].kind != client || spans[2].kind != internal || spans[2].parent != spans[0].id {
				t.Errorf("spans of a miss: %+v", spans)
			}
		case "GET /work work.child cache.Get cache.lru HTTP GET ":
		default:
			t.Errorf("spans in order: %s", order)
		}
	}
	if misses != 3 {
		t.Errorf("%d misses, want 3", misses)
	}
}

// rootOf follows the parents: requests with one number share a trace id and differ in their roots.
func rootOf(all []span, s span) uint64 {
	for s.parent != 0 {
		for _, candidate := range all {
			if candidate.id == s.parent {
				s = candidate
				break
			}
		}
	}
	return s.id
}

// TestCacheKeepsTheLatestOnly: five keys in turn in a cache of four miss every time.
func TestCacheKeepsTheLatestOnly(t *testing.T) {
	const keys = 5
	endpoint, _ := receiver(t)
	store := startStore(t)
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint, cache: cacheOf(store, keys)}.start(t)
	var order []uint32 // a request for each key
	for request, seen := uint32(0), make(map[uint64]bool); len(order) < keys; request++ {
		if key := ids.Mix(uint64(request)) % keys; !seen[key] {
			seen[key] = true
			order = append(order, request)
		}
	}
	for range 3 {
		for _, request := range order {
			p.get("/work", "spanfate-request", fmt.Sprint(request))
		}
	}
	p.stop()
	if got, want := len(p.slots(0)), 3*keys*5; got != want {
		t.Errorf("%d spans, want %d", got, want)
	}
}

func TestFailedStoreFailsTheRequest(t *testing.T) {
	endpoint, _ := receiver(t)
	store := startStore(t)
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint, cache: cacheOf(store, 1<<40)}.start(t)
	if status := p.get("/work", "spanfate-request", "1"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	store.stop()
	// The pool still has the connection that the store closed; the next one is refused.
	for _, request := range []string{"2", "3"} {
		if status := p.get("/work", "spanfate-request", request); status != http.StatusBadGateway {
			t.Errorf("request %s: status %d", request, status)
		}
	}
	if status := p.get("/work", "spanfate-request", "1"); status != http.StatusOK {
		t.Errorf("what the cache has needs no store: status %d", status)
	}
	p.stop()
	if got, want := len(p.slots(0)), (1+4)+(1+4)+(1+3)+(1+2); got != want {
		t.Errorf("%d spans, want %d", got, want)
	}
}
