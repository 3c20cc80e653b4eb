package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const valid = `{
  "version": 1, "service": "http", "process": 0, "incarnation": 0, "listen": "127.0.0.1:0",
  "ledger": {"path": "/dev/shm/http.0.slots", "slots": 300000, "log_bytes": 4194304, "salt": "1234567890123"},
  "trace": {"run_tag": 4660, "trial": 3, "key": "18446744073709551615"},
  "root": "local",
  "exporter": {"protocol": "grpc", "options": {
    "queue": 2048, "batch": 512, "delay_ms": 5000, "export_timeout_ms": 30000, "timeout_ms": 10000,
    "compression": "gzip", "sampler": "traceidratio", "sampler_arg": 0.5, "on_full": "block",
    "retry": {"enabled": true, "initial_ms": 5000, "max_interval_ms": 30000, "max_elapsed_ms": 60000}}},
  "work": {"spans": 5, "attributes": 4, "attribute_bytes": 16, "cpu_us": 0, "sleep_us": 0, "allocate_bytes": 0},
  "plant": {"filter": [], "double_send": []},
  "shutdown_timeout_ms": 10000
}`

func TestValidConfiguration(t *testing.T) {
	c, err := Parse([]byte(valid))
	if err != nil {
		t.Fatal(err)
	}
	if c.Trace.Key != 1<<64-1 || c.Ledger.Salt != 1234567890123 {
		t.Fatalf("u64 strings: key %d, salt %d", c.Trace.Key, c.Ledger.Salt)
	}
	if !c.Exporter.Blocking() || *c.Exporter.Options.Queue != 2048 {
		t.Fatalf("options: %+v", c.Exporter.Options)
	}
}

func TestAbsentOptionStaysUntouched(t *testing.T) {
	text := strings.Replace(valid, `"queue": 2048, `, "", 1)
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if c.Exporter.Options.Queue != nil {
		t.Fatal("an absent queue was set")
	}
}

// badPath is a path with a mistake, before the key root.
func badPath(old, mistake string) string {
	path := `"paths": [{"name": "x", "processor": "batch", "provider": 1, "spans": 0,
	  "exporter": {"protocol": "grpc", "options": {}}}], "root"`
	return strings.Replace(path, old, mistake, 1)
}

func TestPathsNeedALedger(t *testing.T) {
	start, end := strings.Index(valid, `"ledger": {`), strings.Index(valid, `"trace"`)
	off := valid[:start] + `"ledger": null, ` + valid[end:]
	for _, text := range []string{`"keep": 2, "root"`, badPath("", "")} {
		_, err := Parse([]byte(strings.Replace(off, `"root"`, text, 1)))
		if err == nil || !strings.Contains(err.Error(), "need the ledger") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"unknown key", `"root": "local"`, `"root": "local", "rot": 1`, `unknown field "rot"`},
		{"unknown design", `"root"`, `"design": {"gard": {}}, "root"`, `unknown field "gard"`},
		{"no design", `"root"`, `"design": {}, "root"`, "names 0 designs"},
		{"two designs", `"root"`, `"design": {"guard": {}, "retrokeep": {}}, "root"`, "names 2 designs"},
		{"busy", `"root"`, `"design": {"hybrid": {"busy_per_s": 0, "every_ms": 1, "bare": false}}, "root"`, "busy_per_s must be above 0"},
		{"every", `"root"`, `"design": {"hybrid": {"busy_per_s": 1, "every_ms": 0, "bare": false}}, "root"`, "hybrid.every_ms is below 1"},
		{"wait", `"root"`, `"design": {"retrokeep": {"wait_ms": 0}}, "root"`, "retrokeep.wait_ms is below 1"},
		{"waiting spans", `"root"`, `"design": {"retrokeep": {"spans": 0}}, "root"`, "retrokeep.spans is below 1"},
		{"ratio", `"root"`, `"design": {"jaeger_remote": {"ratio": 1.5}}, "root"`, "it must be 0 to 1"},
		{"switch", `"root"`, `"design": {"endpoint": {"token": "x", "switch": {"filled": 1, "rate": 1, "lasting_ms": 0}}}, "root"`,
			"endpoint.switch.lasting_ms is below 1"},
		{"endpoint over gRPC", `"root"`, `"serve": "grpc", "design": {"endpoint": {"token": "x"}}, "root"`, `needs serve "http"`},
		{"token", `"root"`, `"design": {"endpoint": {"token": ""}}, "root"`, "token is empty"},
		{"arm of logs", `"root"`, `"design": {"logs": {"arm": "zap"}}, "root"`, `design.logs.arm is "zap"`},
		{"no arm of logs", `"root"`, `"design": {"logs": {}}, "root"`, `key "design.logs.arm" is missing`},
		{"no file for logs", `"root"`, `"design": {"logs": {"arm": "handler"}}, "root"`, "needs a file and most_bytes above 0"},
		{"file of a bridge", `"root"`, `"design": {"logs": {"arm": "otelslog", "file": "x"}}, "root"`, "otelslog sends them on"},
		{"flush", `"root"`, `"design": {"guard": {"flush_ms": 0}}, "root"`, "design.guard.flush_ms is below 1"},
		{"unknown option", `"queue": 2048`, `"queu": 2048`, `unknown field "queu"`},
		{"wrong type", `"spans": 5`, `"spans": "five"`, `"work.spans" has the wrong type`},
		{"processor of a path", `"root"`, badPath("batch", "simpel"), `paths[0].processor is "simpel"`},
		{"provider of a path", `"root"`, badPath(`"provider": 1`, `"provider": 4`), "paths[0].provider is 4"},
		{"forgotten key of a path", `"root"`, badPath(`"spans": 0,`, ""), `key "paths[0].spans" is missing`},
		{"keeping none", `"root"`, `"keep": 0, "root"`, "keep is 0"},
		{"number for u64", `"salt": "1234567890123"`, `"salt": 12`, "in quotes"},
		{"text for u64", `"salt": "1234567890123"`, `"salt": "x"`, "not a decimal number"},
		{"version", `"version": 1`, `"version": 2`, "version 2 is not supported"},
		{"misspelt ledger", `"ledger"`, `"ledgr"`, `unknown field "ledgr"`},
		{"forgotten root", `"root": "local",`, ``, `key "root" is missing`},
		{"forgotten key inside", `"cpu_us": 0, `, ``, `key "work.cpu_us" is missing`},
		{"forgotten key of an option", `"initial_ms": 5000, `, ``, `key "exporter.options.retry.initial_ms" is missing`},
		{"null for a table", `"plant": {"filter": [], "double_send": []}`, `"plant": null`, `key "plant" is null`},
		{"forgotten key of a list", `"root"`, `"hops": [{"service": "x", "to": "http"}], "root"`, `key "hops[0].target" is missing`},
		{"protocol", `"grpc"`, `"thrift"`, "http/protobuf"},
		{"sampler", `"traceidratio"`, `"half"`, "parentbased_always_on"},
		{"serve", `"root"`, `"serve": "soap", "root"`, `serve is "soap"`},
		{"hop kind", `"root"`, `"hops": [{"service": "x", "to": "udp", "target": "h:1"}], "root"`, `hops[0].to is "udp"`},
		{"hop target", `"root"`, `"hops": [{"service": "x", "to": "http", "target": "h"}], "root"`, "must be HOST:PORT"},
		{"nameless hop", `"root"`, `"hops": [{"service": "", "to": "http", "target": "h:1"}], "root"`, "hops[0].service is empty"},
		{"unknown hop key", `"root"`, `"hops": [{"service": "x", "to": "http", "target": "h:1", "n": 1}], "root"`, `unknown field "n"`},
		{"cache size", `"root"`, `"cache": {"store": "h:1", "pool": 0, "entries": 1, "keys": 1}, "root"`, "pool, entries and keys"},
		{"cache store", `"root"`, `"cache": {"store": "h:", "pool": 1, "entries": 1, "keys": 1}, "root"`, "must be HOST:PORT"},
		{"nameless trace", `"root"`, `"runtime_trace": "", "root"`, "runtime_trace is empty"},
		{"trace switch", `"root"`, `"runtime_trace": true, "root"`, `"runtime_trace" has the wrong type`},
		{"store with a ledger", `"root"`, `"serve": "store", "root"`, "set ledger to null"},
		{"trailing text", "\n}", "\n} {}", "text after the configuration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(valid, test.old, test.new, 1)
			if text == valid {
				t.Fatal("the test changed nothing")
			}
			_, err := Parse([]byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestOptionalKeys(t *testing.T) {
	c, err := Parse([]byte(valid))
	if err != nil || c.Serve != "http" || c.API != OpenTelemetry || c.Hops != nil || c.Cache != nil || c.Work.Names != nil || c.RuntimeTrace != nil {
		t.Fatalf("absent keys: %+v, %v", c, err)
	}
	c, err = Parse([]byte(strings.Replace(valid, `"root"`, `"serve": "grpc",
	  "hops": [{"service": "a", "to": "http", "target": "127.0.0.1:1"}, {"service": "b", "to": "grpc", "target": "[::1]:2"}],
	  "cache": {"store": "127.0.0.1:3", "pool": 8, "entries": 512, "keys": 2048}, "runtime_trace": "/t", "root"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if c.Serve != "grpc" || len(c.Hops) != 2 || c.Hops[1] != (Hop{"b", "grpc", "[::1]:2"}) ||
		*c.Cache != (Cache{"127.0.0.1:3", 8, 512, 2048}) || *c.RuntimeTrace != "/t" {
		t.Fatalf("%+v, %+v", c, c.Cache)
	}
}

func TestStoreRefusesWhatItWouldIgnore(t *testing.T) {
	start, end := strings.Index(valid, `"ledger": {`), strings.Index(valid, `"trace"`)
	store := valid[:start] + `"ledger": null, "serve": "store", ` + valid[end:]
	if _, err := Parse([]byte(store)); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{
		`"hops": [{"service": "x", "to": "http", "target": "h:1"}]`, `"cache": {"store": "h:1", "pool": 1, "entries": 1, "keys": 1}`,
	} {
		if _, err := Parse([]byte(strings.Replace(store, `"root"`, more+`, "root"`, 1))); err == nil {
			t.Errorf("a store with %s was accepted", more)
		}
	}
}

func TestPlantNeedsLedger(t *testing.T) {
	start, end := strings.Index(valid, `"ledger": {`), strings.Index(valid, `"trace"`)
	off := valid[:start] + `"ledger": null, ` + valid[end:]
	if c, err := Parse([]byte(off)); err != nil || c.Ledger != nil {
		t.Fatalf("ledger null: %+v, %v", c, err)
	}
	if _, err := Parse([]byte(strings.Replace(off, `"filter": []`, `"filter": [1]`, 1))); err == nil {
		t.Fatal("a plant without a ledger was accepted")
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.json")
	if _, err := Load(missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Fatalf("error %v does not name %s", err, missing)
	}
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(bad); err == nil || !strings.Contains(err.Error(), "fixture-protocol.md") {
		t.Fatalf("error %v does not say where to look", err)
	}
}
