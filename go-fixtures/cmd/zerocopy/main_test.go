package main

import (
	"strings"
	"testing"

	"spanfate.dev/fixtures/zerocopy"
)

func TestATableHasARowForEachWay(t *testing.T) {
	var out, problems strings.Builder
	if code := run([]string{"-sizes", "64,100", "-rounds", "20"}, &out, &problems); code != 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	rows := strings.Count(out.String(), "\n") - 2
	if want := 2 * len(zerocopy.Kinds) * len(zerocopy.Methods()); rows != want {
		t.Errorf("%d rows, want %d:\n%s", rows, want, out.String())
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	for _, arguments := range [][]string{
		{"-sizes", ""}, {"-sizes", "0"}, {"-sizes", "64,x"}, {"-sizes", "100000000"}, {"-rounds", "3"}, {"-rounds", "1000000"}, {"-round", "3"},
	} {
		var out, problems strings.Builder
		if code := run(arguments, &out, &problems); code != usage || out.Len() > 0 || problems.Len() == 0 {
			t.Errorf("%v: exit code %d, printed %q, said %q", arguments, code, out.String(), problems.String())
		}
	}
}
