package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// golden reads a file that the harness's tests write.
func golden(t *testing.T, name string) *Config {
	t.Helper()
	c, err := Load(filepath.Join("..", "..", "..", "docs", "protocol", name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func to[T any](value T) *T { return &value }

// Every key that there is, each with a value of its own: what the harness writes is what the fixture understands.
func TestEveryKeyThatTheHarnessWritesIsUnderstood(t *testing.T) {
	want := &Config{
		Version: 1, Service: "checkout", Serve: "grpc", Process: 3, Incarnation: 2, Listen: "127.0.0.1:4310",
		Ledger: &Ledger{"/dev/shm/run/checkout.2.slots", 300000, 4194304, 1234567890123},
		Trace:  Trace{4660, 3, 1<<64 - 1},
		Root:   "remote",
		API:    OpenTracing,
		Exporter: Exporter{"http/protobuf", Options{
			Queue: to(4096), Batch: to(256), DelayMS: to(int64(1000)), ExportTimeoutMS: to(int64(2000)), TimeoutMS: to(int64(3000)),
			Compression: to("gzip"), Sampler: to("parentbased_traceidratio"), SamplerArg: to(0.25), OnFull: to("block"),
			Retry: &Retry{true, 4, 30000, 0},
		}},
		Processor: to("simple"),
		Keep:      to(uint64(3)),
		Paths: []Path{
			{"audit", "simple", 3, 2, to(uint64(2)), "127.0.0.1:4319", Exporter{"http/protobuf", Options{
				Queue: to(64), Batch: to(32), DelayMS: to(int64(100)), ExportTimeoutMS: to(int64(200)), TimeoutMS: to(int64(300)),
				Compression: to("gzip"), OnFull: to("block"), Retry: &Retry{false, 5000, 30000, 60000},
			}}},
			{"copy", "batch", 1, 0, nil, "", Exporter{"grpc", Options{
				Queue: to(2048), Batch: to(512), DelayMS: to(int64(5000)), ExportTimeoutMS: to(int64(30000)),
				TimeoutMS: to(int64(10000)), Compression: to("none"), OnFull: to("drop"),
			}}},
		},
		Work:   Work{7, 2, 24, 1000, 2000, 65536, []string{"payment.Charge", "cart.Load"}, []string{"payment.Charge"}},
		Cache:  &Cache{"127.0.0.1:4313", 8, 512, 2048},
		Design: &Design{Guard: &Guard{FlushMS: to(int64(1500))}},
		Hops:   []Hop{{"catalog", "grpc", "127.0.0.1:4311"}, {"price", "http", "[::1]:4312"}},
		Plant:  Plant{[]uint64{1 << 40, 5}, []uint32{0, 1}},
		Faults: []Fault{
			{0, Kind{GC: &GC{to(int64(64 << 20)), to(int64(4096)), to(int64(256 << 20)), to(50), to(int64(1 << 30)), to(int64(20))}}},
			{1, Kind{GC: &GC{GOGC: to(-1)}}},
			{2, Kind{GC: &GC{LiveBytes: to(int64(128 << 20))}}},
			{3, Kind{Panic: &Panic{"nested", "fatal_elsewhere", 2}}},
			{4, Kind{Exit: &Exit{"log_fatal", 3}}},
			{5, Kind{ContextLost: &ContextLost{"b3", 4}}},
			{6, Kind{Deep: &Deep{1000000, 5}}},
			{7, Kind{SpanError: &SpanError{"handed_over", 6, 7}}},
			{8, Kind{PoolExhausted: &PoolExhausted{8}}},
			{9, Kind{LRULocked: &LRULocked{9, 10}}},
			{10, Kind{SlowSerialisation: &SlowSerialisation{11}}},
			{11, Kind{ClockStep: &ClockStep{-12}}},
			{12, Kind{Hang: &Hang{4294967295, 14}}},
		},
		RuntimeTrace:      to("/dev/shm/run/checkout.2.trace"),
		ShutdownTimeoutMS: 10000,
	}
	if got := golden(t, "fixture.json"); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// goldenDesigns are every design that there is, each with all its keys.
func goldenDesigns(t *testing.T) (designs []Design) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "protocol", "designs.json"))
	if err != nil {
		t.Fatal(err)
	}
	var texts []json.RawMessage
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		// By the way that a configuration takes, which refuses what it does not know.
		written := strings.Replace(valid, `"root"`, fmt.Sprintf(`"design": %s, "root"`, text), 1)
		written = strings.Replace(written, `"sampler": "traceidratio", "sampler_arg": 0.5, `, "", 1)
		c, err := Parse([]byte(written))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		designs = append(designs, *c.Design)
	}
	return designs
}

func TestEveryDesignThatTheHarnessWritesIsUnderstood(t *testing.T) {
	want := []Design{
		{Guard: &Guard{FlushMS: to(int64(1500))}},
		{Hybrid: &Hybrid{200, 100, true}},
		{Retrokeep: &Retrokeep{to(int64(80)), to(int64(2000)), to(4096)}},
		{JaegerRemote: &JaegerRemote{0.25}},
		{Endpoint: &Endpoint{"29f1eec780ab06c9", &Switch{0.5, 0.05, 1000}}},
		{Logs: &Logs{LogsHandler, "/dev/shm/run/lines", 1}},
	}
	if got := goldenDesigns(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAStoreIsToldNothingThatItWouldIgnore(t *testing.T) {
	want := &Config{
		Version: 1, Service: "redis", Serve: "store", Process: 3, Incarnation: 2, Listen: "127.0.0.1:4310",
		Trace: Trace{4660, 3, 1<<64 - 1}, Root: "local", API: OpenTelemetry, Exporter: Exporter{Protocol: "grpc"}, Hops: []Hop{},
		Work: Work{7, 2, 24, 1000, 2000, 65536, nil, nil}, Plant: Plant{[]uint64{}, []uint32{}}, ShutdownTimeoutMS: 10000,
	}
	if got := golden(t, "store.json"); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A key without a value in the golden file could be misread without a word.
func TestEveryFieldOfTheGoldenFileIsSet(t *testing.T) {
	var unset func(path string, v reflect.Value)
	unset = func(path string, v reflect.Value) {
		switch {
		case v.IsZero():
			t.Errorf("%s has no value in docs/protocol/fixture.json: a slip in it would not be seen", path)
		case v.Kind() == reflect.Pointer:
			unset(path, v.Elem())
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				unset(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		}
	}
	c := golden(t, "fixture.json")
	// Of faults one kind at a time; the zero of a retry is one of its values.
	faults := c.Faults
	c.Faults, c.Exporter.Options.Retry.MaxElapsedMS = nil, 1
	merged := Kind{}
	for _, f := range faults {
		into, from := reflect.ValueOf(&merged).Elem(), reflect.ValueOf(f.Kind)
		for i := range into.NumField() {
			if into.Field(i).IsNil() {
				into.Field(i).Set(from.Field(i))
			}
		}
	}
	unset("kind", reflect.ValueOf(merged))
	c.Faults = faults
	// Of designs, too.
	for _, design := range goldenDesigns(t) {
		into, from := reflect.ValueOf(c.Design).Elem(), reflect.ValueOf(design)
		for i := range into.NumField() {
			if into.Field(i).IsNil() {
				into.Field(i).Set(from.Field(i))
			}
		}
	}
	unset("config", reflect.ValueOf(*c))
}

// Every word that the harness may write for a key is one that the fixture knows.
func TestEveryWordThatTheHarnessWritesIsKnown(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "protocol", "words.json"))
	if err != nil {
		t.Fatal(err)
	}
	var words map[string][]string
	if err := json.Unmarshal(data, &words); err != nil {
		t.Fatal(err)
	}
	hop := func(to string) string {
		return fmt.Sprintf(`"hops": [{"service": "x", "to": %q, "target": "h:1"}], "root"`, to)
	}
	in := func(old, new string) func(string) string {
		return func(word string) string { return strings.Replace(valid, old, fmt.Sprintf(new, word), 1) }
	}
	off := func(text string) string { // a store has no ledger
		start, end := strings.Index(text, `"ledger": {`), strings.Index(text, `"trace"`)
		return text[:start] + `"ledger": null, ` + text[end:]
	}
	of := func(kind string) func(string) string {
		return func(word string) string { return withFaults(fault(fmt.Sprintf(kind, word))) }
	}
	places := map[string]func(word string) string{
		"serve": func(word string) string {
			text := in(`"root"`, `"serve": %q, "root"`)(word)
			if word == "store" {
				return off(text)
			}
			return text
		},
		"api":     in(`"root"`, `"api": %q, "root"`),
		"root":    in(`"root": "local"`, `"root": %q`),
		"hops.to": func(word string) string { return strings.Replace(valid, `"root"`, hop(word), 1) },
		"paths.processor": func(word string) string {
			path := fmt.Sprintf(`"paths": [{"name": "x", "processor": %q, "provider": 1, "spans": 0, "exporter": {"protocol": "grpc", `+
				`"options": {}}}], "root"`, word)
			return strings.Replace(valid, `"root"`, path, 1)
		},
		"processor": in(`"root"`, `"processor": %q, "root"`),
		"design.logs.arm": func(word string) string {
			file := `, "file": "x", "most_bytes": 1`
			if word == LogsOTLP {
				file = ""
			}
			return strings.Replace(valid, `"root"`, fmt.Sprintf(`"design": {"logs": {"arm": %q%s}}, "root"`, word, file), 1)
		},
		"protocol":         in(`"protocol": "grpc"`, `"protocol": %q`),
		"compression":      in(`"compression": "gzip"`, `"compression": %q`),
		"sampler":          in(`"sampler": "traceidratio"`, `"sampler": %q`),
		"on_full":          in(`"on_full": "block"`, `"on_full": %q`),
		"panic.place":      of(`"panic": {"place": %q, "outcome": "fatal", "one_in": 1}`),
		"panic.outcome":    of(`"panic": {"place": "nested", "outcome": %q, "one_in": 1}`),
		"exit.how":         of(`"exit": {"how": %q, "one_in": 1}`),
		"context_lost.how": of(`"context_lost": {"how": %q, "one_in": 1}`),
		"span_error.what":  of(`"span_error": {"what": %q, "one_in": 1, "after_ms": 0}`),
	}
	if len(words) != len(places) {
		t.Errorf("words.json has %d keys, and %d are known here", len(words), len(places))
	}
	for key, list := range words {
		place, ok := places[key]
		if !ok || len(list) == 0 {
			t.Errorf("key %s with %d words", key, len(list))
			continue
		}
		for _, word := range list {
			if _, err := Parse([]byte(place(word))); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		if _, err := Parse([]byte(place("no such word"))); err == nil || !strings.Contains(err.Error(), "no such word") {
			t.Errorf("%s: a word that does not exist: %v", key, err)
		}
	}
}
