package labelled

import (
	"math"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestRequestsAboveTheThresholdAreSlow(t *testing.T) {
	point := metricdata.HistogramDataPoint[float64]{Count: 10, Bounds: []float64{0.1, 0.25, 0.5}, BucketCounts: []uint64{4, 3, 2, 1}}
	for threshold, slow := range map[float64]uint64{0.1: 6, 0.25: 3, 0.5: 1, 0.05: 10} {
		if got := Slower(point, threshold); got != (Counts{10, slow}) {
			t.Errorf("above %v: %v", threshold, got)
		}
	}
}

// looks gives the looks at which a series of counts begins to alert.
func looks(rule Rule, counts []Counts) (alerts []int) {
	watch := NewWatch[string](rule)
	for at, now := range counts {
		series := map[string]Counts{"a": now}
		if now == (Counts{}) {
			series = nil
		}
		if len(watch.Look(series)) > 0 {
			alerts = append(alerts, at)
		}
	}
	return alerts
}

func TestARuleIsBrokenWhereTheBudgetBurnsInBothWindows(t *testing.T) {
	rule := Rule{Budget: 0.01, Pairs: []Pair{{Long: 4, Short: 2, Burn: 10}}}
	well, bad, none := Counts{100, 0}, Counts{100, 20}, Counts{}
	for name, test := range map[string]struct {
		rule   func(*Rule)
		counts []Counts
		alerts []int
	}{
		"both windows":             {nil, []Counts{well, well, well, bad, bad, bad}, []int{4}},
		"the first look":           {nil, []Counts{bad, bad, bad}, []int{0}},
		"the long one is not":      {nil, []Counts{well, well, well, bad, well, well}, nil},
		"no requests":              {nil, []Counts{none, none, bad, bad}, []int{2}},
		"it ends and begins again": {nil, []Counts{bad, well, well, well, well, bad, bad}, []int{0, 6}},
		"it is kept":               {func(r *Rule) { r.Keep = 4 }, []Counts{bad, well, well, well, well, bad, bad}, []int{0}},
		"too few":                  {func(r *Rule) { r.Least = 250 }, []Counts{bad, bad, bad, bad}, []int{2}},
		"by chance":                {func(r *Rule) { r.Chance = 1e-3 }, []Counts{{5, 1}, {5, 1}, {5, 1}, {5, 1}}, []int{2}},
		"beyond chance":            {func(r *Rule) { r.Chance = 1e-3 }, []Counts{bad}, []int{0}},
	} {
		rule := rule
		if test.rule != nil {
			test.rule(&rule)
		}
		if got := looks(rule, test.counts); !equal(got, test.alerts) {
			t.Errorf("%s: alerts at %v, want %v", name, got, test.alerts)
		}
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// The ring of sums gives what adding up gives.
func TestWindowsAreSumsOfWhatWasAdded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	course, all := newCourse([]Pair{{7, 2, 1}, {3, 1, 1}}), []Counts{}
	for range 50 {
		all = append(all, Counts{rng.Uint64N(9), rng.Uint64N(3)})
		course.add(all[len(all)-1])
		for looks := 1; looks <= 7; looks++ {
			want := Counts{}
			for _, one := range all[max(len(all)-looks, 0):] {
				want.All, want.Slow = want.All+one.All, want.Slow+one.Slow
			}
			if got := course.last(looks); got != want {
				t.Fatalf("the last %d of %v: %v, want %v", looks, all, got, want)
			}
		}
	}
}

func TestHowLikelySoManyAreByChance(t *testing.T) {
	for _, c := range []struct {
		slow, all uint64
		p, want   float64
	}{
		{0, 5, 0.01, 1}, {1, 1, 0.01, 0.01}, {1, 10, 0.01, 1 - math.Pow(0.99, 10)}, {2, 2, 0.1, 0.01}, {3, 3, 0.5, 0.125},
		// 1 − (sum of C(20,i) 0.05^i 0.95^(20−i), i < 4)
		{4, 20, 0.05, 0.015902},
	} {
		if got := AtLeast(c.slow, c.all, c.p); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%d of %d at %v: %v, want %v", c.slow, c.all, c.p, got, c.want)
		}
	}
	if got := AtLeast(60_000, 400_000, 0.01); got != 0 {
		t.Errorf("far beyond chance: %v", got)
	}
}
