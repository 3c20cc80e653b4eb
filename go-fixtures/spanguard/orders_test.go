package spanguard

import (
	"iter"
	"testing"
)

// cell is a word in memory that several threads share.
type cell struct{ value uint64 }

// view is one thread's access to a cell. It stops before each access, so that every order of accesses can be tried.
type view struct {
	cell *cell
	stop func()
}

func (v view) Load() uint64 {
	v.stop()
	return v.cell.value
}

func (v view) CompareAndSwap(old, new uint64) bool {
	v.stop()
	if v.cell.value != old {
		return false
	}
	v.cell.value = new
	return true
}

func (v view) Store(value uint64) {
	v.stop()
	v.cell.value = value
}

func (v view) Add(delta int64) uint64 {
	v.stop()
	v.cell.value += uint64(delta)
	return v.cell.value
}

// thread is a program that calls stop before everything that others can see.
type thread func(stop func())

// everyOrder runs the threads of a world that is made anew each time, in every order of their steps, and says how many there
// are. Nothing is random: an order is a list of choices, and the lists are counted through.
func everyOrder(t *testing.T, world func() (threads []thread, after func())) (orders int) {
	t.Helper()
	const most = 1 << 20
	var choices, ways []int // of each step: which of the threads that can go on, and how many could
	for {
		threads, after := world()
		runOrder(threads, &choices, &ways)
		after()
		if orders++; orders > most {
			t.Fatalf("more than %d orders: make the world smaller", most)
		}
		last := len(choices) - 1
		for last >= 0 && choices[last]+1 == ways[last] {
			last--
		}
		if last < 0 {
			return orders
		}
		choices, ways = choices[:last+1], ways[:last+1]
		choices[last]++
	}
}

// runOrder goes by the choices that there are, and then always takes the first thread.
func runOrder(threads []thread, choices, ways *[]int) {
	var nexts []func() (struct{}, bool)
	for _, run := range threads {
		next, _ := iter.Pull(func(yield func(struct{}) bool) { run(func() { yield(struct{}{}) }) })
		if _, more := next(); more { // to its first step
			nexts = append(nexts, next)
		}
	}
	for step := 0; len(nexts) > 0; step++ {
		if step == len(*choices) {
			*choices, *ways = append(*choices, 0), append(*ways, len(nexts))
		}
		at := (*choices)[step]
		if _, more := nexts[at](); !more {
			nexts = append(nexts[:at:at], nexts[at+1:]...)
		}
	}
}

// machine is a span's life by one design.
type machine interface {
	retain(stop func()) bool
	release(stop func()) (last bool)
	force(stop func()) bool
	finish(stop func())
}

// verdict counts the orders that went wrong.
type verdict struct{ orders, endedTwice, neverEnded, usedAfterEnd int }

// world is who does something to a span at the same time: so many let their hold go, so many others take one, use the span and
// let it go, and if asked somebody forces the end.
type world struct {
	holders, others int
	forced          bool
}

// judge lets a world happen in every order. Everybody who is told to ends the span.
func judge(t *testing.T, design func(holders int) machine, w world) (v verdict) {
	v.orders = everyOrder(t, func() ([]thread, func()) {
		m := design(w.holders)
		ends, used := 0, false
		end := func(stop func()) {
			stop()
			ends++
			m.finish(stop)
		}
		letGo := func(stop func()) {
			if m.release(stop) {
				end(stop)
			}
		}
		var threads []thread
		for range w.holders {
			threads = append(threads, letGo)
		}
		for range w.others {
			threads = append(threads, func(stop func()) {
				if m.retain(stop) {
					stop()
					used = used || ends > 0
					letGo(stop)
				}
			})
		}
		if w.forced {
			threads = append(threads, func(stop func()) {
				if m.force(stop) {
					end(stop)
				}
			})
		}
		return threads, func() {
			if ends > 1 {
				v.endedTwice++
			}
			if ends == 0 {
				v.neverEnded++
			}
			if used && !w.forced { // who forces an end means it
				v.usedAfterEnd++
			}
		}
	})
	t.Logf("%+v: %+v", w, v)
	return v
}

// oneWord is the design of this package, with its own code.
type oneWord struct{ word cell }

func (m *oneWord) retain(stop func()) bool         { return retain(view{&m.word, stop}) }
func (m *oneWord) release(stop func()) (last bool) { return release(view{&m.word, stop}) }
func (m *oneWord) force(stop func()) bool          { return force(view{&m.word, stop}) }
func (m *oneWord) finish(stop func())              { finish(view{&m.word, stop}) }

// twoWords is the design of the article: a status (0 active, 1 finishing, 2 finished) and a count, each atomic by itself. A
// span that is finishing becomes active again when somebody takes hold of it, as the article's diagram says.
type twoWords struct{ status, refs cell }

func (m *twoWords) retain(stop func()) bool {
	status, refs := view{&m.status, stop}, view{&m.refs, stop}
	switch status.Load() {
	case 2:
		return false
	case 1:
		status.Store(0)
	}
	refs.Add(1)
	return true
}

func (m *twoWords) release(stop func()) (last bool) {
	if (view{&m.refs, stop}).Add(-1) != 0 {
		return false
	}
	return (view{&m.status, stop}).CompareAndSwap(0, 1)
}

func (m *twoWords) force(stop func()) bool {
	status := view{&m.status, stop}
	old := status.Load()
	status.Store(2)
	return old != 2
}

func (m *twoWords) finish(stop func()) { (view{&m.status, stop}).Store(2) }

func ours(holders int) machine    { return &oneWord{cell{active + uint64(holders)}} }
func article(holders int) machine { return &twoWords{refs: cell{uint64(holders)}} }

func TestOneWordIsRightInEveryOrder(t *testing.T) {
	for _, w := range []world{
		{1, 0, false}, {3, 0, false}, {1, 1, false}, {2, 1, false}, {1, 0, true}, {2, 0, true}, {1, 1, true},
	} {
		if v := judge(t, ours, w); v != (verdict{orders: v.orders}) {
			t.Errorf("%+v: %+v", w, v)
		}
	}
}

// The article's two words: each access is atomic, so that the race detector has nothing to say, and the whole is wrong.
func TestTwoWordsRace(t *testing.T) {
	if v := judge(t, article, world{holders: 1, others: 1}); v.endedTwice == 0 || v.usedAfterEnd == 0 {
		t.Errorf("the article's words are said to race, and do not: %+v", v)
	}
	if v := judge(t, article, world{holders: 1, forced: true}); v.endedTwice == 0 {
		t.Errorf("a forced end is said to race with the last release, and does not: %+v", v)
	}
}

// The checker itself: two threads of two steps each have six orders, and two increments that are not atomic lose one.
func TestTheCheckerTriesEveryOrder(t *testing.T) {
	lost := 0
	orders := everyOrder(t, func() ([]thread, func()) {
		var shared cell
		add := func(stop func()) {
			word := view{&shared, stop}
			word.Store(word.Load() + 1)
		}
		return []thread{add, add}, func() {
			if shared.value == 1 {
				lost++
			}
		}
	})
	if orders != 6 || lost != 4 {
		t.Errorf("%d orders, %d of which lose an increment; want 6 and 4", orders, lost)
	}
}
