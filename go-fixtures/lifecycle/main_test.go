package main

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"spanfate.dev/fixtures/internal/measured"
)

// Where decoding lies does not depend on the machine: what is inside of a handler is inside of its span, and what gRPC does
// before it calls an interceptor is not.
func TestWhereDecodingLies(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) {
			f, err := measure(s, 20, 16)
			if err != nil {
				t.Fatal(err)
			}
			inInterceptor := s.name == "own interceptor, gRPC"
			for view, pair := range map[string][2]Spread{
				"marks": {f.Decode, f.DecodeOutside}, "runtime trace": {f.TracedDecode, f.TracedOutside},
			} {
				decode, outside := pair[0], pair[1]
				if decode.Median <= 0 || inInterceptor && outside != decode || !inInterceptor && outside != (Spread{}) {
					t.Errorf("%s: decoding %+v, of it outside %+v", view, decode, outside)
				}
			}
			if f.Before.Median <= 0 || f.Span.Median <= 0 || f.Whole.Median < f.Before.Median || f.Whole.P95 < f.Span.Median {
				t.Errorf("%+v", f)
			}
			if inInterceptor && f.Before.Median < f.Decode.Median {
				t.Errorf("decoding is not in what lies before the span: %+v", f)
			}
		})
	}
}

func TestOutside(t *testing.T) {
	for _, test := range []struct{ from, to, inFrom, inTo, want int64 }{
		{0, 10, 20, 30, 10}, {20, 25, 0, 10, 5}, {0, 10, 0, 10, 0}, {2, 8, 0, 10, 0}, {0, 10, 2, 8, 4}, {0, 10, 5, 20, 5}, {5, 20, 0, 10, 10},
	} {
		if got := outside(test.from, test.to, test.inFrom, test.inTo); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}

func TestARequestWithoutASpanIsToldAndNotWaitedForWithoutEnd(t *testing.T) {
	m := newMarks()
	m.last(lastByte)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.whole(ctx); err == nil {
		t.Error("no error")
	}
	broken := client{call: func(context.Context) error { return net.ErrClosed }}
	if _, err := one(broken, m); err == nil {
		t.Error("a call that failed is measured")
	}
}

func TestTableAndJSON(t *testing.T) {
	var table, text, problems strings.Builder
	if code := start([]string{"-requests", "20", "-body", "1"}, &table, &problems); code != 0 {
		t.Fatalf("code %d: %s", code, &problems)
	}
	if rows := strings.Count(table.String(), "\n"); rows != 2+len(subjects()) {
		t.Errorf("%s", &table)
	}
	arguments := []string{"-requests", "20", "-body", "1", "-repeats", "2", "-json"}
	if code := start(arguments, &text, &problems); code != 0 {
		t.Fatalf("code %d: %s", code, &problems)
	}
	var all measured.Table
	if err := json.Unmarshal([]byte(text.String()), &all); err != nil || len(all.Repeats) != 2 || len(all.Contenders) != len(subjects()) {
		t.Fatalf("%v: %s", err, &text)
	}
	for _, contender := range all.Contenders {
		for _, figure := range all.Figures {
			values := contender.Values[figure.Name]
			if len(values) != 2 || values[0] == nil || figure.Name == "whole" && *values[0] <= 0 {
				t.Errorf("%s of %s: %v", figure.Name, contender.Name, values)
			}
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, arguments := range [][]string{{"-requests", "1"}, {"-body", "0"}, {"-body", "99999"}, {"-requests", "x"}, {"-repeats", "0"}} {
		var problems strings.Builder
		if code := start(arguments, &problems, &problems); code != usage || problems.Len() == 0 {
			t.Errorf("%v: code %d, %s", arguments, code, &problems)
		}
	}
}
