package labelled

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestSeriesAreBoundedWhateverTheLabelsAre(t *testing.T) {
	r, err := newRig()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 500 {
				slip := fmt.Sprintf("%d-%d", worker, i)
				r.by.Record(ctx, 0.1, Labels{slip, slip, i%2 == 0})
				r.by.Record(ctx, 0.1, Labels{"control", "gold", false})
			}
		})
	}
	all.Wait()
	var found metricdata.ResourceMetrics
	if err := r.reader.Collect(ctx, &found); err != nil {
		t.Fatal(err)
	}
	counts := map[Labels]uint64{}
	for _, point := range found.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64]).DataPoints {
		counts[Of(point.Attributes)] = point.Count
	}
	want := map[Labels]uint64{{"control", "gold", false}: 2000, {Other, Other, false}: 1000, {Other, Other, true}: 1000}
	if !reflect.DeepEqual(counts, want) {
		t.Errorf("%v, want %v", counts, want)
	}
	if most := (len(Groups) + 1) * (len(Tiers) + 1) * 2; r.by.Series() != most {
		t.Errorf("%d series at most, want %d", r.by.Series(), most)
	}
}

// point has so many requests at and under 250 ms, and above.
func point(fast, slow uint64) metricdata.HistogramDataPoint[float64] {
	counts := make([]uint64, len(Bounds)+1)
	counts[4], counts[5] = fast, slow
	return metricdata.HistogramDataPoint[float64]{Count: fast + slow, Bounds: Bounds, BucketCounts: counts}
}

func TestARuleIsBrokenByAShareOfEnoughRequests(t *testing.T) {
	rule := Rule{Slow: 0.25, Share: 0.01, Least: 20}
	for _, c := range []struct {
		fast, slow uint64
		broken     bool
	}{{99, 1, false}, {98, 2, true}, {0, 0, false}, {0, 19, false}, {0, 20, true}, {1000, 0, false}} {
		if got := rule.Broken(point(c.fast, c.slow)); got != c.broken {
			t.Errorf("%d fast, %d slow: %v", c.fast, c.slow, got)
		}
	}
	// A slower threshold counts the next bucket as well.
	if rule.Slow = 0.5; rule.Broken(point(0, 20)) {
		t.Error("requests under 500 ms are not slow")
	}
}

func TestAnAlertBeginsOnceAndEndsWhenItsSeriesIsWellOrGone(t *testing.T) {
	watch := NewWatch(func(string) Rule { return Rule{Slow: 0.25, Share: 0.01, For: 2} })
	type window = map[string]metricdata.HistogramDataPoint[float64]
	bad, well := window{"a": point(0, 1)}, window{"a": point(1, 0)}
	for at, step := range []struct {
		window window
		alerts int
	}{{bad, 0}, {bad, 1}, {bad, 0}, {well, 0}, {bad, 0}, {window{}, 0}, {bad, 0}, {bad, 1}} {
		if got := watch.Look(step.window); len(got) != step.alerts {
			t.Errorf("window %d: %v", at, got)
		}
	}
}

func TestTheSameSeedGivesTheSameResultAndTheFaultIsSeenByLabel(t *testing.T) {
	plan := Plan{Seed: 1, Runs: 6, Windows: 12, Requests: 3000}
	first, err := Measure(plan)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Measure(plan); err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("%v\n%v %v", first, second, err)
	}
	of := map[string]Outcome{}
	for _, one := range first.Outcomes {
		of[string(one.Kind)+" "+one.Way] = one
	}
	if seen := of["faulty labelled"].Seen; seen != plan.Runs {
		t.Errorf("the fault was seen in %d of %d runs", seen, plan.Runs)
	}
	// More requests of the slower, sound kind break the rule of the whole and none of the rules by label.
	if plain, by := of["mixed plain"].Alarmed, of["mixed labelled"].Alarmed; plain != plan.Runs || by != 0 {
		t.Errorf("false alarms in %d runs without labels, in %d with", plain, by)
	}
	costs := first.Costs
	if len(costs) != 2 || costs[0].Series != 1 || costs[1].Series != len(Groups)*len(Tiers)*2 || costs[1].Bytes <= costs[0].Bytes {
		t.Errorf("%+v", costs)
	}
}
