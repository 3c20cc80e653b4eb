package measure

import (
	"context"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"spanfate.dev/fixtures/labelled"
)

// Plan is what a repeat measures.
type Plan struct {
	Runs      int // of each kind
	Hours     int // of a run; something happens from its middle on
	PerMinute int // requests
}

// Outcome is what became of a way of watching, over all runs of a repeat.
type Outcome struct {
	// False alerts by kind: nothing was the matter, or not with this series.
	False map[string]int
	// Found are the runs in which a fault was seen, by kind, and Minutes how long that took in all of them together.
	Found, Minutes map[string]int
}

// Faulty are the kinds of runs that have a fault, and Sound those that have none.
var Faulty, Sound = []string{string(small), string(large)}, []string{string(steady), string(shifted)}

// way is a way of watching.
type way struct {
	name       string
	instrument string
	rule       labelled.Rule
	// knows the fallback's own objective: only who has its label does.
	knows bool
}

// budget is the share of requests that may be slow, and keep for how many minutes an alert lasts after the rule was broken last.
const budget, keep = 0.01, 60

// ways are the contenders. The last one asks besides that chance, of a series that keeps its budget, gives so many slow requests once in a
// thousand looks of all series together.
func ways() []way {
	rule := labelled.Rule{Budget: budget, Pairs: labelled.Pairs, Keep: keep}
	least, sure := rule, rule
	least.Least = 100
	sure.Chance = 1e-3 / float64(len(groups)*len(tiers)*2)
	return []way{
		{"unlabelled", plain, rule, false},
		{"per tier", tiered, rule, false},
		{"labelled", full, rule, true},
		{"labelled, from 100 requests", full, least, true},
		{"labelled, corrected for chance", full, sure, true},
	}
}

// Ways are the names of the contenders.
func Ways() (names []string) {
	for _, way := range ways() {
		names = append(names, way.name)
	}
	return names
}

// Instrument is what a contender records into.
func Instrument(name string) string {
	for _, way := range ways() {
		if way.name == name {
			return way.instrument
		}
	}
	return ""
}

// Run runs a plan, and gives what became of each contender. The same seed gives the same.
func Run(ctx context.Context, plan Plan, seed uint64) (map[string]*Outcome, error) {
	out := map[string]*Outcome{}
	for _, name := range Ways() {
		out[name] = &Outcome{map[string]int{}, map[string]int{}, map[string]int{}}
	}
	for at, kind := range kinds {
		for run := range plan.Runs {
			world := newWorld(kind, seed*1_000_003+uint64(at*plan.Runs+run), warmUp+plan.Hours*30)
			if err := one(ctx, plan, world, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// warmUp is for how many minutes before a run alerts are not counted: a series that has just begun is no wiser than its first requests.
const warmUp = 60

// one run: minute by minute all is recorded, collected, and looked at.
func one(ctx context.Context, plan Plan, world *world, out map[string]*Outcome) error {
	r, err := newRig(metricdata.DeltaTemporality)
	if err != nil {
		return err
	}
	watched := ways()
	watches := make([]*labelled.Watch[labelled.Labels], len(watched))
	found := make([]bool, len(watched))
	for at, way := range watched {
		watches[at] = labelled.NewWatch[labelled.Labels](way.rule)
	}
	fault, faulty := world.kind.fault()
	for minute := range warmUp + plan.Hours*60 {
		began := world.began()
		r.record(ctx, world, plan.PerMinute)
		all, err := r.collect(ctx)
		if err != nil {
			return err
		}
		for at, way := range watched {
			of, kind := out[way.name], string(world.kind)
			for _, series := range watches[at].Look(way.counts(all[way.instrument])) {
				switch {
				case minute < warmUp:
				case !faulty || !began || !meets(fault, series):
					of.False[kind]++
				case !found[at]: // of one that alerts for a fault in several series the first counts
					found[at] = true
					of.Found[kind]++
					of.Minutes[kind] += minute - world.middle + 1
				}
			}
		}
	}
	return nil
}

func (w way) counts(points points) map[labelled.Labels]labelled.Counts {
	out := map[labelled.Labels]labelled.Counts{}
	for series, point := range points {
		threshold := slow
		if w.knows && series.Fallback {
			threshold = slowFallback
		}
		out[series] = labelled.Slower(point, threshold)
	}
	return out
}
