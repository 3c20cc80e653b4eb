package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"spanfate.dev/fixtures/internal/measured"
	"spanfate.dev/fixtures/labelled/measure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var little = []string{"-repeats", "2", "-runs", "1", "-hours", "2", "-requests", "50"}

func TestATableHasARowForEachContender(t *testing.T) {
	var out, problems strings.Builder
	if code := run(little, &out, &problems); code != 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	lines := strings.Split(out.String(), "\n")
	if rows := len(measure.Ways()); len(lines) != rows+5 || strings.Count(lines[1+rows], " | ") != len(figures) {
		t.Errorf("%s", out.String())
	}
}

func TestTheSameSeedGivesTheSameJSON(t *testing.T) {
	read := func() (table measured.Table) {
		var out, problems strings.Builder
		if code := run(append(little, "-json"), &out, &problems); code != 0 {
			t.Fatalf("exit code %d: %s", code, problems.String())
		}
		if err := json.Unmarshal([]byte(out.String()), &table); err != nil {
			t.Fatal(err)
		}
		return table
	}
	first, second := read(), read()
	if first.Command != command+" "+strings.Join(little, " ")+" -json" || len(first.Repeats) != 2 {
		t.Errorf("%+v", first)
	}
	for at, contender := range first.Contenders {
		for figure, values := range contender.Values {
			// Times are in the bytes, and how long they are may differ.
			if figure != "bytes" && !reflect.DeepEqual(values, second.Contenders[at].Values[figure]) {
				t.Errorf("%s of %s: another value the second time", figure, contender.Name)
			}
		}
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	for _, arguments := range [][]string{
		{"-repeats", "0"}, {"-runs", "0"}, {"-hours", "1"}, {"-requests", "10001"}, {"-seed", "-1"}, {"-run", "3"},
	} {
		var out, problems strings.Builder
		if code := run(arguments, &out, &problems); code != usage || out.Len() > 0 || problems.Len() == 0 {
			t.Errorf("%v: exit code %d, printed %q, said %q", arguments, code, out.String(), problems.String())
		}
	}
}
