package labelled

import (
	"math"
	"math/rand/v2"
)

// Groups and Tiers of the made-up traffic.
var (
	Groups = []string{"control", "treatment"}
	Tiers  = []string{"free", "silver", "gold"}
)

// Kind says what happens to the traffic from the middle of a run on.
type Kind string

// The kinds of runs.
const (
	Steady Kind = "steady" // nothing
	Mixed  Kind = "mixed"  // more requests are answered by the fallback, which is slower by design: nothing is wrong
	Faulty Kind = "faulty" // one combination of labels is slow
)

// Kinds of runs.
var Kinds = []Kind{Steady, Mixed, Faulty}

// Fault is the combination that is slow in a faulty run.
var Fault = Labels{Group: "treatment", Tier: "gold", Fallback: false}

// World makes up requests. The same seed and kind give the same.
type World struct {
	rng   *rand.Rand
	kind  Kind
	began bool
}

// NewWorld makes one.
func NewWorld(kind Kind, seed uint64) *World {
	return &World{rng: rand.New(rand.NewPCG(seed, 0x6c6162656c6c6564)), kind: kind}
}

// Begin begins what the kind is about.
func (w *World) Begin() { w.began = true }

const (
	treatment, gold, silver = 0.2, 0.1, 0.3
	// Shares of requests that the fallback answers, usually and where a switch was turned.
	fallback, turned = 0.03, 0.3
	// Medians of latency in seconds, and how far it spreads (log-normal).
	usual, slower, spread = 0.060, 0.180, 0.35
	// How many times slower a faulty combination is.
	trouble = 6.0
)

// Next is a request: its labels, and its latency in seconds.
func (w *World) Next() (labels Labels, seconds float64) {
	labels = Labels{Group: "control", Tier: "free"}
	if w.rng.Float64() < treatment {
		labels.Group = "treatment"
	}
	switch tier := w.rng.Float64(); {
	case tier < gold:
		labels.Tier = "gold"
	case tier < gold+silver:
		labels.Tier = "silver"
	}
	share := fallback
	if w.began && w.kind == Mixed {
		share = turned
	}
	labels.Fallback = w.rng.Float64() < share
	median := usual
	if labels.Fallback {
		median = slower
	}
	if w.began && w.kind == Faulty && labels == Fault {
		median *= trouble
	}
	return labels, median * math.Exp(spread*w.rng.NormFloat64())
}
