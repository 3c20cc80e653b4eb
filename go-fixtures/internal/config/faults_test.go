package config

import (
	"fmt"
	"strings"
	"testing"
)

// withFaults is the valid configuration with hops, a cache and these faults.
func withFaults(faults string) string {
	return strings.Replace(valid, `"root"`, `"hops": [{"service": "a", "to": "http", "target": "127.0.0.1:1"}],
	  "cache": {"store": "127.0.0.1:3", "pool": 8, "entries": 512, "keys": 2048}, "faults": `+faults+`, "root"`, 1)
}

func fault(kind string) string { return fmt.Sprintf(`[{"number": 0, "kind": {%s}}]`, kind) }

var everyKind = []string{
	`"gc": {"allocate_bytes_per_s": 1, "object_bytes": 1, "live_bytes": 1, "gogc": -1, "memory_limit_bytes": 1048576, "force_every_ms": 1}`,
	`"gc": {"gogc": 0}`,
	`"gc": {"gogc": 50, "live_bytes": null}`,
	`"panic": {"place": "nested", "outcome": "fatal_elsewhere", "one_in": 1}`,
	`"exit": {"how": "goexit", "one_in": 4294967296}`,
	`"context_lost": {"how": "background", "one_in": 2}`,
	`"context_lost": {"how": "b3", "one_in": 2}`,
	`"deep": {"depth": 1000000, "one_in": 2}`,
	`"span_error": {"what": "handed_over", "one_in": 2, "after_ms": 5}`,
	`"span_error": {"what": "body_unread", "one_in": 2, "after_ms": 0}`,
	`"pool_exhausted": {"hold": 0}`,
	`"lru_locked": {"hold_ms": 5, "every_ms": 6}`,
	`"slow_serialisation": {"per_span_us": 1}`,
	`"clock_step": {"by_ms": -5}`,
	`"hang": {"one_in": 1, "for_ms": 1}`,
}

func TestEveryKindIsRead(t *testing.T) {
	var list []string
	for i, kind := range everyKind {
		list = append(list, fmt.Sprintf(`{"number": %d, "kind": {%s}}`, MaxFaults-1-i, kind))
	}
	c, err := Parse([]byte(withFaults("[" + strings.Join(list, ",") + "]")))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Faults) != len(everyKind) || c.Faults[0].Number != 31 || *c.Faults[0].Kind.GC.GOGC != -1 ||
		c.Faults[2].Kind.GC.LiveBytes != nil || c.Faults[8].Kind.SpanError.AfterMS != 5 {
		t.Errorf("faults: %+v", c.Faults)
	}
}

func TestMistakesInFaultsAreNamed(t *testing.T) {
	for _, test := range []struct{ faults, want string }{
		{fault(`"gcc": {}`), `unknown field "gcc"`},
		{fault(``), "give exactly one kind"},
		{fault(`"hang": {"one_in": 1, "for_ms": 1}, "deep": {"depth": 10, "one_in": 1}`), "has 2 keys"},
		{`[{"kind": {"gc": {"gogc": 1}}}]`, `key "faults[0].number" is missing`},
		{`[{"number": -1, "kind": {"gc": {"gogc": 1}}}]`, "faults[0].number must be 0 to 31"},
		{`[{"number": 32, "kind": {"gc": {"gogc": 1}}}]`, "faults[0].number must be 0 to 31"},
		{`[{"number": 1, "kind": {"gc": {"gogc": 1}}}, {"number": 1, "kind": {"gc": {"gogc": 1}}}]`, "number is 1 again"},
		{fault(`"gc": {"allocate_bytes_per_s": 1, "object_bytes": 0}`), "faults[0].kind.gc.object_bytes is 0"},
		{fault(`"gc": {"force_every_ms": 0}`), "gc.force_every_ms is 0"},
		{fault(`"panic": {"place": "here", "outcome": "fatal", "one_in": 1}`), "closure_end"},
		{fault(`"panic": {"place": "nested", "outcome": "bad", "one_in": 1}`), "fatal_after_shutdown"},
		{fault(`"panic": {"place": "nested", "outcome": "fatal"}`), `key "faults[0].kind.panic.one_in" is missing`},
		{fault(`"panic": {"place": "nested", "outcome": "fatal", "one_in": 0}`), "panic.one_in is 0"},
		{fault(`"exit": {"how": "abort", "one_in": 1}`), "os_exit"},
		{fault(`"context_lost": {"how": "eaten", "one_in": 1}`), "rewrite"},
		{fault(`"deep": {"depth": -1, "one_in": 1}`), "wrong type"},
		{fault(`"span_error": {"what": "lost", "one_in": 1, "after_ms": 0}`), "handed_over"},
		{fault(`"span_error": {"what": "handed_over", "one_in": 1}`), `key "faults[0].kind.span_error.after_ms" is missing`},
		{fault(`"pool_exhausted": {}`), `key "faults[0].kind.pool_exhausted.hold" is missing`},
		{fault(`"clock_step": {}`), `key "faults[0].kind.clock_step.by_ms" is missing`},
		{fault(`"hang": {"one_in": 1, "for_ms": 1, "more": 1}`), `unknown field "more"`},
	} {
		_, err := Parse([]byte(withFaults(test.faults)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %q", test.faults, err, test.want)
		}
	}
}

func TestFaultsOfACacheNeedOne(t *testing.T) {
	for _, kind := range []string{`"pool_exhausted": {"hold": 1}`, `"lru_locked": {"hold_ms": 5, "every_ms": 6}`} {
		text := strings.Replace(withFaults(fault(kind)), `"cache": {"store": "127.0.0.1:3", "pool": 8, "entries": 512, "keys": 2048}`, `"cache": null`, 1)
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "needs a cache") {
			t.Errorf("%s: error %v", kind, err)
		}
	}
}

func TestAStoreTakesNoFaults(t *testing.T) {
	store := withFaults(fault(`"gc": {"gogc": 1}`))
	start, end := strings.Index(store, `"ledger": {`), strings.Index(store, `"trace"`)
	store = store[:start] + `"ledger": null, "serve": "store", ` + store[end:]
	store = strings.Replace(store, `"hops": [{"service": "a", "to": "http", "target": "127.0.0.1:1"}],`, "", 1)
	store = strings.Replace(store, `"cache": {"store": "127.0.0.1:3", "pool": 8, "entries": 512, "keys": 2048},`, "", 1)
	if _, err := Parse([]byte(store)); err == nil || !strings.Contains(err.Error(), "a store accepts no faults") {
		t.Errorf("a store: %v", err)
	}
}
