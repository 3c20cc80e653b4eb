package measured

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func table(t *testing.T) *Table {
	t.Helper()
	figures := []Figure{{"latency", Microseconds, "of a message"}, {"copies", Count, "by the sender"}}
	made, err := New("zerocopy", "go run .", []string{"-rounds", "20", "-json"}, "1.47.0", figures, []string{"write", "splice"})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestEachRepeatHasAValueOrNoneForEachFigure(t *testing.T) {
	made := table(t)
	for _, measure := range []func(Note) error{
		func(note Note) error { note("write", "copies", 1); return nil },
		func(note Note) error { note("write", "latency", 2.5); note("splice", "copies", 0); return nil },
		func(Note) error { return nil },
	} {
		if err := made.Repeat(measure); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := made.Write(&out); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Command    string
		Repeats    []Taken
		Contenders []struct{ Values map[string][]*float64 }
		Machine    Machine
	}
	if err := json.Unmarshal([]byte(out.String()), &read); err != nil {
		t.Fatal(err)
	}
	value := func(v float64) *float64 { return &v }
	want := []map[string][]*float64{
		{"copies": {value(1), nil, nil}, "latency": {nil, value(2.5), nil}},
		{"copies": {nil, value(0), nil}},
	}
	for at, contender := range read.Contenders {
		if !reflect.DeepEqual(contender.Values, want[at]) {
			t.Errorf("contender %d: %s", at, &out)
		}
	}
	if read.Command != "go run . -rounds 20 -json" || len(read.Repeats) != 3 || read.Machine.CPUs < 1 || read.Machine.Kernel == "" {
		t.Errorf("%+v", read)
	}
}

func TestWhatIsNoFigureOfTheTableIsAnError(t *testing.T) {
	for _, wrong := range []func(Note){
		func(note Note) { note("sendfile", "copies", 1) },
		func(note Note) { note("write", "copy", 1) },
		func(note Note) { note("write", "copies", math.NaN()) },
		func(note Note) { note("write", "copies", math.Inf(1)) },
	} {
		if err := table(t).Repeat(func(note Note) error { wrong(note); return nil }); err == nil {
			t.Error("no error")
		}
	}
	broken := errors.New("broken")
	if err := table(t).Repeat(func(Note) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestWhatOthersTakeIsWhatIsNeitherIdleNorStolenNorOurs(t *testing.T) {
	before, err := parse([]byte("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := parse([]byte("cpu  130 0 60 840 60 0 0 10 0 0\n"))
	if err != nil {
		t.Fatal(err)
	}
	after.own = 300 * time.Millisecond // of 100 ticks, 10 were stolen, 50 idle, and 40 busy
	if got := before.until(after); math.Abs(got.Stolen-0.1) > 1e-9 || math.Abs(got.Others-0.1) > 1e-9 {
		t.Errorf("%+v", got)
	}
	if got := before.until(before); got != (Taken{}) {
		t.Errorf("%+v of no time", got)
	}
	for _, text := range []string{"", "cpu0 1 2 3 4 5 6 7 8\n", "cpu 1 2 3\n", "cpu 1 2 3 4 5 6 7 x\n"} {
		if _, err := parse([]byte(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

func TestTheMachineIsSeen(t *testing.T) {
	s, err := look()
	if err != nil || s.all <= 0 || s.idle > s.all || s.own <= 0 {
		t.Errorf("%+v %v", s, err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestACommandEndsWithWhatBecameOfIt(t *testing.T) {
	var measured []int
	command := Command{
		Name: "zerocopy", Line: "go run .", SDK: "1.47.0", Figures: []Figure{{"copies", Count, "by the sender"}}, Contenders: []string{"write"}, Repeats: 3,
		Measure: func(repeat int, note Note) error {
			measured = append(measured, repeat)
			note("write", "copies", float64(repeat))
			return nil
		},
	}
	var out, problems strings.Builder
	if code := command.Print(nil, false, &out, &problems); code != 0 || !strings.Contains(out.String(), "| write | 1 |") {
		t.Errorf("code %d: %s%s", code, &problems, &out)
	}
	if !reflect.DeepEqual(measured, []int{0, 1, 2}) {
		t.Errorf("measured %v", measured)
	}
	if code := command.Print(nil, true, full{}, &problems); code != 74 || problems.String() != "zerocopy: cannot write: no space left\n" {
		t.Errorf("code %d: %s", code, &problems)
	}
	problems.Reset()
	command.Measure = func(repeat int, _ Note) error {
		if repeat > 0 {
			t.Error("it goes on behind an error")
		}
		return errors.New("broken")
	}
	if code := command.Print(nil, true, &out, &problems); code != 1 || problems.String() != "zerocopy: broken\n" {
		t.Errorf("code %d: %s", code, &problems)
	}
}
