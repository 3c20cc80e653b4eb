// Package measure makes up traffic, records it with and without labels by the real SDK, and counts what a rule of burn rates says of it.
package measure

import (
	"math"
	"math/rand/v2"

	"spanfate.dev/fixtures/labelled"
)

// The labels of the made-up traffic.
var (
	groups = []string{"control", "treatment"}
	tiers  = []string{"free", "silver", "gold"}
)

// kind says what happens to the traffic from the middle of a run on.
type kind string

const (
	steady  kind = "steady"  // nothing
	shifted kind = "shifted" // for two hours a switch sends half of the requests to the fallback, which is slower by design
	small   kind = "small"   // one combination of the labels is slow, half a percent of the requests
	large   kind = "large"   // one group is slow, a tenth of the requests
)

var kinds = []kind{steady, shifted, small, large}

// fault is whom a fault strikes; an empty label is any. The fallback is sound.
func (k kind) fault() (labels labelled.Labels, is bool) {
	switch k {
	case small:
		return labelled.Labels{Group: "treatment", Tier: "gold"}, true
	case large:
		return labelled.Labels{Group: "treatment"}, true
	}
	return labels, false
}

// meets says whether a series holds requests that a fault strikes. A series that has not the label holds them, too.
func meets(fault, series labelled.Labels) bool {
	same := func(a, b string) bool { return a == "" || b == "" || a == b }
	return !series.Fallback && same(fault.Group, series.Group) && same(fault.Tier, series.Tier)
}

const (
	// Shares of the requests: the new group of the experiment, the tiers above free, and what the fallback answers, usually and shifted.
	treatment, gold, silver = 0.1, 0.05, 0.2
	fallback, turned        = 0.01, 0.5
	shiftMinutes            = 120
	// Latency is log-normal: its median in seconds, usually and by the fallback, and its spread.
	usual, byFallback, spread = 0.080, 0.220, 0.42
	// How many times slower a faulty request is.
	trouble = 4
	// What is slow, in seconds: usually, and for the fallback, where one knows of it. Both keep their budget, so a sound run has nothing to tell.
	slow, slowFallback = 0.25, 0.75
)

// Bounds of the buckets, in seconds.
var bounds = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5}

// world makes up requests, each independent of the others. The same seed and kind give the same.
type world struct {
	rng    *rand.Rand
	kind   kind
	middle int // the minute from which on something happens
	minute int
}

func newWorld(kind kind, seed uint64, middle int) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 0x6c6162656c6c6564)), kind: kind, middle: middle}
}

// began says whether it happens now.
func (w *world) began() bool { return w.minute >= w.middle }

// next is a request of this minute: its labels, and its latency in seconds.
func (w *world) next() (labels labelled.Labels, seconds float64) {
	labels = labelled.Labels{Group: groups[0], Tier: tiers[0]}
	if w.rng.Float64() < treatment {
		labels.Group = groups[1]
	}
	switch tier := w.rng.Float64(); {
	case tier < gold:
		labels.Tier = tiers[2]
	case tier < gold+silver:
		labels.Tier = tiers[1]
	}
	share, median := fallback, usual
	if w.kind == shifted && w.began() && w.minute < w.middle+shiftMinutes {
		share = turned
	}
	if labels.Fallback = w.rng.Float64() < share; labels.Fallback {
		median = byFallback
	}
	if fault, is := w.kind.fault(); is && w.began() && meets(fault, labels) {
		median *= trouble
	}
	return labels, median * math.Exp(spread*w.rng.NormFloat64())
}
