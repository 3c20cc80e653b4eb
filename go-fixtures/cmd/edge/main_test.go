package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"spanfate.dev/fixtures/internal/measured"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What arrives does not depend on the machine: errors stay in the service that has them, so that only who hears of all services keeps whole traces.
func TestOnlyACentreKeepsWholeTraces(t *testing.T) {
	found := map[string]outcome{}
	for _, one := range contenders {
		out, err := one.measure(context.Background(), plan{traces: 200, errors: 0.1, seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		found[one.name] = out
	}
	all, service, disk := found["all to a centre"], found["retrokeep in each service"], found["disk of the edge"]
	for name, out := range found {
		if out.errors < 5 || out.errors != all.errors || out.kept != out.errors {
			t.Errorf("%s: %+v", name, out)
		}
	}
	if all.whole != all.errors || service.whole != 0 || disk.whole != disk.errors {
		t.Errorf("whole: %d, %d, %d of %d", all.whole, service.whole, disk.whole, all.errors)
	}
	if all.traffic < 2*disk.traffic || disk.traffic < service.traffic || service.traffic == 0 {
		t.Errorf("traffic: %d, %d, %d", all.traffic, service.traffic, disk.traffic)
	}
	if spans := 200 * services * spansEach; all.waiting != spans || disk.waiting != spans-disk.whole*services*spansEach || disk.disk == 0 {
		t.Errorf("waiting: %d and %d of %d", all.waiting, disk.waiting, spans)
	}
}

func TestTableAndJSON(t *testing.T) {
	arguments := []string{"-traces", "60", "-repeats", "2"}
	var table, text, problems strings.Builder
	if code := run(arguments, &table, &problems); code != 0 || strings.Count(table.String(), "\n") != 2+len(contenders)+2 {
		t.Fatalf("code %d: %s%s", code, &problems, &table)
	}
	if code := run(append(arguments, "-json"), &text, &problems); code != 0 {
		t.Fatalf("code %d: %s", code, &problems)
	}
	var read measured.Table
	if err := json.Unmarshal([]byte(text.String()), &read); err != nil || len(read.Repeats) != 2 {
		t.Fatalf("%v: %s", err, &text)
	}
	for _, contender := range read.Contenders {
		if traffic := contender.Values["traffic"]; len(traffic) != 2 || *traffic[0] <= 0 {
			t.Errorf("%s: %v", contender.Name, traffic)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, arguments := range [][]string{{"-traces", "0"}, {"-errors", "1.5"}, {"-repeats", "0"}, {"-traces", "x"}} {
		var problems strings.Builder
		if code := run(arguments, &problems, &problems); code != usage || problems.Len() == 0 {
			t.Errorf("%v: code %d, %s", arguments, code, &problems)
		}
	}
}
