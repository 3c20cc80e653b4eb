package main

import (
	"encoding/json"
	"strings"
	"testing"

	"spanfate.dev/go-fixtures/labelled"
)

var small = []string{"-runs", "2", "-windows", "4", "-requests", "50"}

func TestATableHasARowForEachKindAndWay(t *testing.T) {
	var out, problems strings.Builder
	if code := run(small, &out, &problems); code != 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	if rows, want := strings.Count(out.String(), "\n"), 2+2*len(labelled.Kinds)+1+2+2; rows != want {
		t.Errorf("%d lines, want %d:\n%s", rows, want, out.String())
	}
}

func TestJSONHoldsTheSame(t *testing.T) {
	var out, problems strings.Builder
	if code := run(append(small, "-json"), &out, &problems); code != 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	var result labelled.Result
	if err := json.Unmarshal([]byte(out.String()), &result); err != nil || result.Plan.Runs != 2 || len(result.Outcomes) != 6 {
		t.Errorf("%v: %+v", err, result)
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	for _, arguments := range [][]string{{"-runs", "0"}, {"-windows", "3"}, {"-requests", "10001"}, {"-seed", "-1"}, {"-run", "3"}} {
		var out, problems strings.Builder
		if code := run(arguments, &out, &problems); code != usage || out.Len() > 0 || problems.Len() == 0 {
			t.Errorf("%v: exit code %d, printed %q, said %q", arguments, code, out.String(), problems.String())
		}
	}
}
