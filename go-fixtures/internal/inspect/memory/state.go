package memory

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// The article's state of a span: two words that are atomic each, and not together.
type state struct {
	status  int // 0 active, 1 finishing, 2 finished
	refs    int
	flushes int
	// What Finish saw of refs when it read them.
	seen int
	// A holder took a reference to a span that was not finished then, and it was flushed while it held it.
	flushedUnderHolder bool
}

// The steps of three goroutines, one memory access each, as the article's table of transitions has them.
var (
	finish = []func(*state){
		func(s *state) { s.refs--; s.seen = s.refs },
		func(s *state) {
			if s.seen == 0 && s.status == 0 {
				s.status = 1
			} else {
				s.seen = -1
			}
		},
		func(s *state) {
			if s.seen == 0 {
				s.flush()
			}
		},
	}
	force = []func(*state){
		func(s *state) { s.status = 2 },
		func(s *state) { s.flush() },
	}
	hold = []func(*state){
		func(s *state) {
			if s.status != 2 {
				s.refs++
			}
		},
	}
)

func (s *state) flush() {
	s.flushes++
	s.status = 2
	if s.refs > 0 {
		s.flushedUnderHolder = true
	}
}

// SpanState goes through every order in which the steps of Finish, ForceFlush and AddRef can happen on one span. Figures: orders,
// flushed_twice, flushed_under_holder (orders in which that happens).
func SpanState(string) (answer.Answer, error) {
	figures := map[string]float64{"orders": 0, "flushed_twice": 0, "flushed_under_holder": 0}
	orders([][]func(*state){finish, force, hold}, state{refs: 1}, func(end state) {
		figures["orders"]++
		figures["flushed_twice"] += answer.Bit(end.flushes > 1)
		figures["flushed_under_holder"] += answer.Bit(end.flushedUnderHolder)
	})
	return answer.Answer{Figures: figures}, nil
}

// orders takes a step of each goroutine in turn, in every way, to the end of all of them.
func orders(left [][]func(*state), now state, done func(state)) {
	ended := true
	for at, steps := range left {
		if len(steps) == 0 {
			continue
		}
		ended = false
		next, after := now, append([][]func(*state){}, left...)
		steps[0](&next)
		after[at] = steps[1:]
		orders(after, next, done)
	}
	if ended {
		done(now)
	}
}

// FinalizerChild is the argument with which the program sets finalizers on spans that nobody keeps, and ends.
const FinalizerChild = "__finalizers"

// leftSpans is how many objects with a finalizer are left.
const leftSpans = 1000

// LeaveFinalizers is what the child does: each finalizer that runs writes a byte.
func LeaveFinalizers() {
	for range leftSpans {
		one := &state{}
		runtime.SetFinalizer(one, func(*state) { _, _ = os.Stdout.Write([]byte{'f'}) })
	}
}

// Finalizers has a process leave objects with finalizers, as spans that a finalizer is to flush, and end. Figures: left, flushed.
func Finalizers(string) (answer.Answer, error) {
	own, err := os.Executable()
	if err != nil {
		return answer.Answer{}, err
	}
	said, err := exec.Command(own, FinalizerChild).Output()
	if err != nil {
		return answer.Answer{}, err
	}
	return answer.Answer{Figures: map[string]float64{
		"left": leftSpans, "flushed": float64(bytes.Count(said, []byte{'f'})),
	}}, nil
}
