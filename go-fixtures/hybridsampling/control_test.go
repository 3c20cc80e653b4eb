package hybridsampling

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func rates(p Policy, readings ...Readings) (out []float64) {
	var state State
	for _, r := range readings {
		state = p.Next(state, r)
		out = append(out, p.Rate(state))
	}
	return out
}

func repeated(r Readings, times int) (out []Readings) {
	for range times {
		out = append(out, r)
	}
	return out
}

func TestTheTableOfTheArticle(t *testing.T) {
	p := Article(500)
	for _, test := range []struct {
		what string
		of   Readings
		want float64
	}{
		{"idle", Readings{CPU: 0.2, Memory: 0.3, Requests: 100}, 0.5},
		{"many requests", Readings{CPU: 0.2, Memory: 0.3, Requests: 500}, 0.1},
		{"half of the processor", Readings{CPU: 0.5}, 0.1},
		{"memory under pressure", Readings{Memory: 0.95}, 0.01},
		{"the processor under pressure", Readings{CPU: 0.95, Requests: 900}, 0.01},
	} {
		if got := rates(p, test.of)[0]; got != test.want {
			t.Errorf("%s: rate %v, want %v", test.what, got, test.want)
		}
	}
}

func TestALevelIsLeftSlowlyAndOneAtATime(t *testing.T) {
	p := Article(500)
	calm := Readings{CPU: 0.1}
	got := rates(p, append([]Readings{{CPU: 0.95}}, repeated(calm, 8)...)...)
	want := []float64{0.01, 0.01, 0.01, 0.01, 0.1, 0.1, 0.1, 0.1, 0.5}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("rates %v, want %v", got, want)
		}
	}
	// Between 80 % of a limit and the limit nothing changes, and waiting begins anew.
	readings := append([]Readings{{Requests: 500}}, repeated(calm, 3)...)
	readings = append(readings, Readings{Requests: 450})
	readings = append(readings, repeated(calm, 3)...)
	for i, rate := range rates(p, readings...) {
		if rate != 0.1 {
			t.Fatalf("reading %d: rate %v, want 0.1 throughout", i, rate)
		}
	}
}

// Readings that stay lead to one level, monotonously, whatever came before; heavier ones never to a higher rate.
func TestConstantReadingsSettle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	p := Article(500)
	draw := func() Readings {
		return Readings{CPU: random.Float64(), Memory: random.Float64(), Requests: 1000 * random.Float64()}
	}
	for range 5000 {
		var state State
		for range random.IntN(20) {
			state = p.Next(state, draw())
		}
		stays, changes, turns, last := draw(), 0, 0, 0
		for range 50 {
			next := p.Next(state, stays)
			if step := next.Level - state.Level; step != 0 {
				changes++
				if last != 0 && (step > 0) != (last > 0) {
					turns++
				}
				last = step
			}
			state = next
		}
		if changes > 2 || turns > 0 {
			t.Fatalf("%+v: %d changes, %d of them back", stays, changes, turns)
		}
		heavier := Readings{stays.CPU + 0.1, stays.Memory + 0.1, stays.Requests + 100}
		if a, b := p.Next(State{}, stays), p.Next(State{}, heavier); p.Rate(b) > p.Rate(a) {
			t.Fatalf("%+v gives %v, and heavier %v", stays, p.Rate(a), p.Rate(b))
		}
	}
}

// The load that a rate itself makes falls when the rate does. With the band the loop comes to rest; without it it swings for ever.
func TestTheBandKeepsTheLoopFromSwinging(t *testing.T) {
	swings := func(p Policy) (changes int) {
		state := State{}
		for range 200 {
			next := p.Next(state, Readings{CPU: 0.45 + 0.12*p.Rate(state)}) // a trace costs processor time
			if next.Level != state.Level {
				changes++
			}
			state = next
		}
		return changes
	}
	steady, bare := Article(500), Article(500)
	bare.Slack, bare.Hold = 1, 1
	if with, without := swings(steady), swings(bare); with != 1 || without != 200 {
		t.Errorf("%d changes with the band, %d without; want 1 and 200", with, without)
	}
}

// script gives readings one after the other, and the last one again and again.
type script struct{ left []Readings }

func (s *script) Read() Readings {
	r := s.left[0]
	if len(s.left) > 1 {
		s.left = s.left[1:]
	}
	return r
}

func TestDriveSetsTheRateAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Rate: 1})
		ctx, cancel := context.WithCancel(t.Context())
		var told []float64
		done := make(chan struct{})
		go func() {
			defer close(done)
			source := &script{[]Readings{{}, {Requests: 900}, {Requests: 900}, {Memory: 1}}}
			s.Drive(ctx, Article(500), source, time.Second, func(rate float64, _ Readings) { told = append(told, rate) })
		}()
		for i, want := range []float64{0.5, 0.5, 0.1, 0.1, 0.01} {
			synctest.Wait()
			if s.Rate() != want {
				t.Errorf("after %d s: rate %v, want %v", i, s.Rate(), want)
			}
			time.Sleep(time.Second) // of the bubble
		}
		cancel()
		<-done
		if len(told) != 3 || told[0] != 0.5 || told[1] != 0.1 || told[2] != 0.01 {
			t.Errorf("told %v, want the first rate and two changes", told)
		}
	})
}

func TestTheMeterReadsThisProcess(t *testing.T) {
	var requests uint64
	m := NewMeter(func() uint64 { return requests })
	requests = 1000
	for begin := processorTime(); processorTime()-begin < 20*time.Millisecond; { // spends it
	}
	r := m.Read()
	if r.CPU <= 0 || r.CPU > 1.5 || r.Requests <= 0 || r.Memory <= 0 || r.Memory > 1 {
		t.Errorf("%+v", r)
	}
	if again := m.Read(); again.Requests != 0 {
		t.Errorf("%v requests per second, and none came since", again.Requests)
	}
}

func TestRoomIsTheGroupsOrTheMachines(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	machine := write("meminfo", "MemFree:  1 kB\nMemTotal:       2048 kB\n")
	none := filepath.Join(folder, "none")
	for _, test := range []struct {
		group, machine string
		want           float64
	}{
		{write("limited", "4096\n"), machine, 4096},
		{write("max", "max\n"), machine, 2048 * 1024},
		{none, machine, 2048 * 1024},
		{none, none, 0},
		{none, write("odd", "MemTotal: many kB\n"), 0},
	} {
		if got := room(test.group, test.machine); got != test.want {
			t.Errorf("%s, %s: %v, want %v", test.group, test.machine, got, test.want)
		}
	}
}
