package main

import (
	"encoding/json"
	"strings"
	"testing"

	"spanfate.dev/fixtures/internal/measured"
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

func TestJSONHasEachFigureOfEachWayInEachRepeat(t *testing.T) {
	var out, problems strings.Builder
	if code := run([]string{"-sizes", "64,1024", "-rounds", "20", "-repeats", "2", "-json"}, &out, &problems); code != 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	var table measured.Table
	if err := json.Unmarshal([]byte(out.String()), &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Figures) != 1+2*3 || len(table.Contenders) != len(zerocopy.Kinds)*len(zerocopy.Methods()) || len(table.Repeats) != 2 {
		t.Errorf("%s", out.String())
	}
	for _, contender := range table.Contenders {
		for _, figure := range table.Figures {
			for _, value := range contender.Values[figure.Name] {
				is := strings.HasPrefix(contender.Name, "read + write") && strings.HasPrefix(figure.Name, "gain")
				if value == nil || *value <= 0 && figure.Name != "copies" || is && *value != 1 {
					t.Errorf("%s of %s: %v", figure.Name, contender.Name, contender.Values[figure.Name])
				}
			}
			if len(contender.Values[figure.Name]) != 2 {
				t.Errorf("%s of %s: %v", figure.Name, contender.Name, contender.Values[figure.Name])
			}
		}
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	for _, arguments := range [][]string{
		{"-sizes", ""}, {"-sizes", "0"}, {"-sizes", "64,x"}, {"-sizes", "100000000"}, {"-rounds", "3"}, {"-rounds", "1000000"}, {"-round", "3"},
		{"-repeats", "0"},
	} {
		var out, problems strings.Builder
		if code := run(arguments, &out, &problems); code != usage || out.Len() > 0 || problems.Len() == 0 {
			t.Errorf("%v: exit code %d, printed %q, said %q", arguments, code, out.String(), problems.String())
		}
	}
}
