package control

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"spanfate.dev/fixtures/internal/ids"
)

// node is one process of a chain; what is empty is left out of its configuration.
type node struct {
	name, serve, root string
	process           int
	spans             int
	hops, cache, more string
	endpoint          string
	noLedger          bool
	slots             int
	faults            string
	runtimeTrace      string
	design, processor string
	samples           bool   // the design does
	listen            string // empty: the kernel chooses the port
	incarnation       int
}

var chainIDs = ids.TraceIDs{RunTag: 4660, Trial: 3, Key: 9876543210987}

const (
	chainSalt  = 1234567890123
	chainSlots = 2000
)

func (n node) start(t testing.TB) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{t: t, ledger: filepath.Join(dir, n.name+".0.slots")}
	ledger := "null"
	if !n.noLedger {
		ledger = fmt.Sprintf(`{"path": %q, "slots": %d, "log_bytes": 65536, "salt": "%d"}`, p.ledger,
			max(n.slots, chainSlots), uint64(chainSalt))
	}
	optional := ""
	for key, value := range map[string]string{
		"serve": n.serve, "hops": n.hops, "cache": n.cache, "faults": n.faults, "runtime_trace": n.runtimeTrace,
		"design": n.design, "processor": n.processor,
	} {
		if value != "" {
			optional += fmt.Sprintf(`%q: %s, `, key, value)
		}
	}
	sampler := `"sampler": "always_on"`
	if n.samples {
		sampler = ""
	}
	text := fmt.Sprintf(`{"version": 1, "service": %q, "process": %d, "incarnation": %d, "listen": %q, %s
  "ledger": %s, "trace": {"run_tag": 4660, "trial": 3, "key": "9876543210987"}, "root": %q,
  "exporter": {"protocol": "http/protobuf", "options": {%s}},
  "work": {"spans": %d, "attributes": 1, "attribute_bytes": 8, "cpu_us": 0, "sleep_us": 0, "allocate_bytes": 0%s},
  "shutdown_timeout_ms": 5000}`, n.name, n.process, n.incarnation, cmp.Or(n.listen, "127.0.0.1:0"), optional, ledger, n.root,
		sampler, n.spans, n.more)
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(path, "OTEL_EXPORTER_OTLP_ENDPOINT="+n.endpoint)
	if err := json.Unmarshal([]byte(p.line()), &p.ready); err != nil || !p.ready.Ready {
		t.Fatalf("ready line: %+v, %v", p.ready, err)
	}
	p.address = "http://" + p.ready.Address
	return p
}

// calls is the hops value of one hop to p.
func calls(p *process, name, to string) string {
	return fmt.Sprintf(`[{"service": %q, "to": %q, "target": %q}]`, name, to, p.ready.Address)
}

// span is a slot as the harness reads it.
type span struct {
	trace  [16]byte
	id     uint64
	parent uint64
	name   string
	kind   byte
	flags  byte
	fault  byte
	ended  bool
	closed bool

	ending, closedAt, exportedAt, held, hidden uint64
}

const (
	internal, server, client = 1, 2, 3 // span kinds of OTLP
)

// slots reads the ledger back and checks what holds for every slot of a service that stopped in order.
func (p *process) slots(process uint16) []span {
	p.t.Helper()
	spans := p.anySlots(process)
	for _, s := range spans {
		if !s.ended || !s.closed {
			p.t.Errorf("%s: span %q has not ended", p.ledger, s.name)
		}
	}
	return spans
}

// anySlots checks only what holds for every slot: its id inverts to its place.
func (p *process) anySlots(process uint16) (spans []span) {
	p.t.Helper()
	data, err := os.ReadFile(p.ledger)
	if err != nil {
		p.t.Fatal(err)
	}
	word := func(at uint64) uint64 { return binary.LittleEndian.Uint64(data[at:]) }
	names := logNames(data[4096+chainSlots*128:][:word(640)])
	keys := ids.SpanIDs{Process: process, Salt: chainSalt}
	for i := range word(512) {
		at := 4096 + i*128
		s := span{
			trace: [16]byte(data[at:]), id: binary.BigEndian.Uint64(data[at+16:]), parent: binary.BigEndian.Uint64(data[at+24:]),
			name: names[binary.LittleEndian.Uint32(data[at+40:])], kind: data[at+44], flags: data[at+45], fault: data[at+46],
			ended: word(at+72) != 0, closed: word(at+104) != 0,
			ending: word(at + 56), closedAt: word(at + 104), exportedAt: word(at + 80), held: word(at + 120), hidden: word(at + 112),
		}
		if slot, ok := keys.Slot(s.id); !ok || slot != i {
			p.t.Errorf("span %x of process %d inverts to slot %d, %v; want %d", s.id, process, slot, ok, i)
		}
		spans = append(spans, s)
	}
	return spans
}

func logNames(log []byte) map[uint32]string {
	names := make(map[uint32]string)
	for len(log) > 0 {
		length, kind := binary.LittleEndian.Uint32(log), binary.LittleEndian.Uint16(log[4:])
		if kind == 1 {
			body := log[16:length]
			names[binary.LittleEndian.Uint32(body)] = string(body[8 : 8+binary.LittleEndian.Uint32(body[4:])])
		}
		log = log[length:]
	}
	return names
}

// of gives the spans of one request and kind.
func of(spans []span, request uint32, kind byte) (found []span) {
	for _, s := range spans {
		if s.kind == kind && binary.BigEndian.Uint32(s.trace[4:]) == request {
			found = append(found, s)
		}
	}
	return found
}

func one(t *testing.T, what string, spans []span) span {
	t.Helper()
	if len(spans) != 1 {
		t.Fatalf("%s: %d spans, want 1: %+v", what, len(spans), spans)
	}
	return spans[0]
}

const requests = 20

// chain starts http -> grpc -> http, puts the load on it and reads the three ledgers back.
func chain(t *testing.T, middleRoot string) (front, middle, back []span) {
	t.Helper()
	endpoint, _ := receiver(t)
	c := node{name: "back", root: "remote", process: 2, spans: 2, endpoint: endpoint}.start(t)
	b := node{name: "middle", serve: `"grpc"`, root: middleRoot, process: 1, spans: 4, endpoint: endpoint,
		hops: calls(c, "back", "http"), more: `, "names": ["one", "two"]`}.start(t)
	a := node{name: "front", root: "local", process: 0, spans: 3, endpoint: endpoint, hops: calls(b, "middle", "grpc")}.start(t)
	for i := range requests {
		if status := a.get("/work", "spanfate-request", fmt.Sprint(i)); status != http.StatusOK {
			t.Fatalf("request %d: status %d", i, status)
		}
	}
	for _, p := range []*process{a, b, c} { // the order in which a chain stops: callers first
		if s := p.stop(); s.ShutdownError != nil {
			t.Errorf("shutdown: %s", *s.ShutdownError)
		}
	}
	return a.slots(0), b.slots(1), c.slots(2)
}

// linked checks that the server span continues the client span of its caller.
func linked(t *testing.T, caller, called span) {
	t.Helper()
	const sampled, recording, parentRemote, parentSampled = 1, 2, 4, 8
	if called.parent != caller.id || called.trace != caller.trace {
		t.Errorf("%q has parent %x in %x, want %x in %x", called.name, called.parent, called.trace, caller.id, caller.trace)
	}
	if called.flags != sampled|recording|parentRemote|parentSampled {
		t.Errorf("%q has flags %#b", called.name, called.flags)
	}
}

// local checks that spans are the children of parent, all with its trace.
func local(t *testing.T, parent span, spans []span, want int) {
	t.Helper()
	if len(spans) != want {
		t.Fatalf("%q has %d children, want %d", parent.name, len(spans), want)
	}
	for _, s := range spans {
		if s.parent != parent.id || s.trace != parent.trace {
			t.Errorf("%q has parent %x in %x, want %x in %x", s.name, s.parent, s.trace, parent.id, parent.trace)
		}
	}
}

func TestChainHasOneTracePerRequest(t *testing.T) {
	front, middle, back := chain(t, "remote")
	if len(front) != requests*4 || len(middle) != requests*5 || len(back) != requests*2 {
		t.Fatalf("%d, %d, %d spans; want 4, 5 and 2 per request", len(front), len(middle), len(back))
	}
	for i := range uint32(requests) {
		entry := one(t, "entry", of(front, i, server))
		if entry.parent != 0 || entry.trace != chainIDs.ForRequest(i) {
			t.Errorf("entry has parent %x, trace %x", entry.parent, entry.trace)
		}
		local(t, entry, of(front, i, internal), 2)
		toMiddle := of(front, i, client)
		local(t, entry, toMiddle, 1)

		inMiddle := one(t, "middle", of(middle, i, server))
		linked(t, toMiddle[0], inMiddle)
		children := of(middle, i, internal)
		local(t, inMiddle, children, 3)
		for at, want := range []string{"one", "two", "one"} {
			if children[at].name != want {
				t.Errorf("child %d is %q, want %q", at, children[at].name, want)
			}
		}
		toBack := of(middle, i, client)
		local(t, inMiddle, toBack, 1)

		inBack := one(t, "back", of(back, i, server))
		linked(t, toBack[0], inBack)
		local(t, inBack, of(back, i, internal), 1)
	}
	first := one(t, "back", of(back, 0, server))
	if got := of(front, 0, client)[0].name + ", " + of(middle, 0, server)[0].name + ", " + first.name; got !=
		"spanfate.fixtures.Work/Do, spanfate.fixtures.Work/Do, GET /work" {
		t.Errorf("names: %s", got)
	}
}

func TestLostContextSplitsTheTrace(t *testing.T) {
	front, middle, back := chain(t, "local")
	for i := range uint32(requests) {
		caller := one(t, "client", of(front, i, client))
		split := one(t, "middle", of(middle, i, server))
		if split.parent != 0 || split.trace == caller.trace || split.trace != chainIDs.ForPart(i, 1) {
			t.Errorf("request %d: middle has parent %x, trace %x", i, split.parent, split.trace)
		}
		local(t, split, of(middle, i, client), 1)
		after := one(t, "back", of(back, i, server))
		linked(t, of(middle, i, client)[0], after)
		if !bytes.Equal(split.trace[:8], caller.trace[:8]) {
			t.Errorf("high words differ: %x, %x", split.trace, caller.trace)
		}
	}
}

func TestFailedHopFailsTheRequestAndItsSpansEnd(t *testing.T) {
	endpoint, _ := receiver(t)
	for _, to := range []string{"http", "grpc"} {
		t.Run(to, func(t *testing.T) {
			serve := fmt.Sprintf("%q", to)
			gone := node{name: "gone", serve: serve, root: "remote", process: 2, spans: 1, endpoint: endpoint}.start(t)
			gone.stop()
			b := node{name: "middle", serve: serve, root: "remote", process: 1, spans: 1, endpoint: endpoint,
				hops: calls(gone, "gone", to)}.start(t)
			a := node{name: "front", root: "local", process: 0, spans: 1, endpoint: endpoint, hops: calls(b, "middle", to)}.start(t)
			if status := a.get("/work", "spanfate-request", "7"); status != http.StatusBadGateway {
				t.Errorf("status %d, want 502", status)
			}
			a.stop()
			b.stop()
			for at, spans := range [][]span{a.slots(0), b.slots(1)} {
				if len(of(spans, 7, server)) != 1 || len(of(spans, 7, client)) != 1 || len(spans) != 2 {
					t.Errorf("process %d: %+v", at, spans)
				}
			}
		})
	}
}
