package labelled

import (
	"math"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Counts are the requests of a series in a time, and how many of them were slow.
type Counts struct{ All, Slow uint64 }

// Slower counts the requests of a point, and those that took longer than a threshold, which is one of its bounds.
func Slower(point metricdata.HistogramDataPoint[float64], threshold float64) Counts {
	slow := point.Count
	for i, bound := range point.Bounds {
		if bound <= threshold {
			slow -= point.BucketCounts[i]
		}
	}
	return Counts{point.Count, slow}
}

// Pair is a long and a short window, in looks. A rule is broken where the budget burns so many times too fast in both: the long one says that
// it matters, the short one that it has not ended.
type Pair struct {
	Long, Short int
	Burn        float64
}

// Pairs are those of the SRE workbook for pages, at a look a minute: 2 % of a month's budget in an hour, or 5 % of it in six.
var Pairs = []Pair{{60, 5, 14.4}, {360, 30, 6}}

// Rule is an objective of service, and when somebody is told.
type Rule struct {
	// Budget is the share of the requests that may be slow.
	Budget float64
	Pairs  []Pair
	// Least requests in a long window; fewer prove nothing.
	Least uint64
	// Chance, where it is not 0: so many slow requests in the long window must be less likely than this in a series that just keeps its
	// budget. Divide it by the number of series that are watched.
	Chance float64
	// Keep is for how many looks an alert lasts after the rule was broken last, so that one that comes and goes is one.
	Keep int
}

// broken says whether one of the pairs is.
func (r Rule) broken(last func(looks int) Counts) bool {
	for _, pair := range r.Pairs {
		long, short := last(pair.Long), last(pair.Short)
		if long.All < r.Least || r.burn(long) < pair.Burn || r.burn(short) < pair.Burn {
			continue
		}
		if r.Chance == 0 || AtLeast(long.Slow, long.All, r.Budget) <= r.Chance {
			return true
		}
	}
	return false
}

// burn is how many times faster than the objective permits the budget is used up.
func (r Rule) burn(of Counts) float64 {
	if of.All == 0 {
		return 0
	}
	return float64(of.Slow) / float64(of.All) / r.Budget
}

// AtLeast is how likely it is that so many of all requests, or more, are slow by chance, where each is with that probability. The count of
// slow requests must be above what is expected.
func AtLeast(slow, all uint64, probability float64) float64 {
	if slow == 0 {
		return 1
	}
	n, k := float64(all), float64(slow)
	log := func(x float64) float64 { value, _ := math.Lgamma(x + 1); return value }
	term := math.Exp(log(n) - log(k) - log(n-k) + k*math.Log(probability) + (n-k)*math.Log1p(-probability))
	sum := term
	for ; k < n && term > sum*1e-12; k++ { // terms fall from here on
		term *= (n - k) / (k + 1) * probability / (1 - probability)
		sum += term
	}
	return min(sum, 1)
}

// Watch looks at the series of a rule again and again.
type Watch[K comparable] struct {
	rule   Rule
	series map[K]*course
}

// NewWatch makes one.
func NewWatch[K comparable](rule Rule) *Watch[K] { return &Watch[K]{rule, map[K]*course{}} }

// Look takes what came since the look before, and gives the series that begin to alert. A series that is not there had no requests.
func (w *Watch[K]) Look(now map[K]Counts) (alerts []K) {
	for key := range now {
		if w.series[key] == nil {
			w.series[key] = newCourse(w.rule.Pairs)
		}
	}
	for key, course := range w.series {
		course.add(now[key])
		switch {
		case w.rule.broken(course.last):
			if course.lasts == 0 {
				alerts = append(alerts, key)
			}
			course.lasts = w.rule.Keep + 1
		case course.lasts > 0:
			course.lasts--
		}
	}
	return alerts
}

// course is what a series counted so far, after each of the last looks.
type course struct {
	sums  []Counts // a ring
	looks int
	lasts int // for so many looks an alert lasts; 0: there is none
}

func newCourse(pairs []Pair) *course {
	longest := 0
	for _, pair := range pairs {
		longest = max(longest, pair.Long, pair.Short)
	}
	return &course{sums: make([]Counts, longest+1)}
}

func (c *course) sum(look int) Counts { return c.sums[look%len(c.sums)] }

func (c *course) add(now Counts) {
	before := c.sum(c.looks)
	c.looks++
	c.sums[c.looks%len(c.sums)] = Counts{before.All + now.All, before.Slow + now.Slow}
}

// last is what was counted in the last looks, or in all where there were fewer.
func (c *course) last(looks int) Counts {
	to, from := c.sum(c.looks), c.sum(max(c.looks-looks, 0))
	return Counts{to.All - from.All, to.Slow - from.Slow}
}
