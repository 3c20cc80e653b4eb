package measure

import (
	"context"
	"math"
	"reflect"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"spanfate.dev/fixtures/labelled"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every kind keeps every objective but for what it is about: else an alert would be right that is counted as false.
func TestTrafficKeepsItsBudgetsUnlessSomethingHappens(t *testing.T) {
	const requests = 400_000
	for _, kind := range kinds {
		world := newWorld(kind, 7, 1)
		for minute := range 2 {
			slowOf, of := map[labelled.Labels]float64{}, map[labelled.Labels]float64{}
			all := 0.0
			for range requests {
				labels, seconds := world.next()
				threshold := slow
				if labels.Fallback {
					threshold = slowFallback
				}
				of[labels]++
				if seconds > threshold {
					slowOf[labels]++
				}
				if seconds > slow {
					all++
				}
			}
			fault, faulty := kind.fault()
			for labels, n := range of {
				share := slowOf[labels] / n
				if struck := faulty && minute == 1 && meets(fault, labels); struck && share < 0.5 || !struck && n > 1000 && share > budget {
					t.Errorf("%s, minute %d, %+v: %.4f of %.0f are slow", kind, minute, labels, share, n)
				}
			}
			// Seen without labels, it is too much where the mix has shifted, and hardly so where a small fault is.
			whole := all / requests / budget
			if over := whole > 14.4; over != (kind == shifted && minute == 1) || kind == small && whole > 2 {
				t.Errorf("%s, minute %d: the budget of all burns %.1f times too fast", kind, minute, whole)
			}
			world.minute++
		}
	}
}

func TestEveryWayRecordsEveryRequest(t *testing.T) {
	r, err := newRig(metricdata.DeltaTemporality)
	if err != nil {
		t.Fatal(err)
	}
	ctx, world := context.Background(), newWorld(steady, 3, 10)
	for minute := range 3 {
		r.record(ctx, world, 500+minute)
		all, err := r.collect(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range instruments {
			sum := uint64(0)
			for series, point := range all[name] {
				sum += point.Count
				if (series.Group == "") != (name != full) || (series.Tier == "") != (name == plain) {
					t.Errorf("%s has the series %+v", name, series)
				}
			}
			if sum != uint64(500+minute) {
				t.Errorf("minute %d: %s has %d requests", minute, name, sum)
			}
		}
	}
}

func TestWhomAFaultMeets(t *testing.T) {
	fault, _ := small.fault()
	for series, want := range map[labelled.Labels]bool{
		{Group: "treatment", Tier: "gold"}:                 true,
		{Group: "treatment", Tier: "gold", Fallback: true}: false,
		{Group: "control", Tier: "gold"}:                   false,
		{Tier: "gold"}:                                     true,
		{Tier: "free"}:                                     false,
		{}:                                                 true,
	} {
		if meets(fault, series) != want {
			t.Errorf("%+v: %v", series, !want)
		}
	}
}

// What labels are for does not depend on luck: a small fault is seen by its labels and not without, and a shift alerts without alone.
func TestLabelsSeeAFaultThatAllHideAndKnowTheFallback(t *testing.T) {
	plan := Plan{Runs: 1, Hours: 6, PerMinute: 1200}
	first, err := Run(context.Background(), plan, 1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Run(context.Background(), plan, 1)
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("another outcome the second time: %v", err)
	}
	unlabelled, sure := first["unlabelled"], first["labelled, corrected for chance"]
	if unlabelled.Found[string(small)] != 0 || unlabelled.False[string(shifted)] != 1 || unlabelled.False[string(steady)] != 0 {
		t.Errorf("unlabelled: %+v", unlabelled)
	}
	for _, name := range []string{"labelled", "labelled, from 100 requests", "labelled, corrected for chance"} {
		of := first[name]
		if of.Found[string(small)] != 1 || of.Found[string(large)] != 1 || of.Minutes[string(small)] > 30 {
			t.Errorf("%s: %+v", name, of)
		}
	}
	for kind, alerts := range sure.False {
		if alerts != 0 {
			t.Errorf("corrected for chance: %d false alerts in the %s run", alerts, kind)
		}
	}
}

func TestLabelsCostSeriesAndBytes(t *testing.T) {
	costs, err := Costs(context.Background(), Plan{PerMinute: 300}, 1)
	if err != nil {
		t.Fatal(err)
	}
	one, three, all := costs[plain], costs[tiered], costs[full]
	if one.Series != 1 || three.Series != len(tiers) || all.Series != len(groups)*len(tiers)*2 {
		t.Errorf("%+v", costs)
	}
	// Each series has its own buckets and attributes: what is shared is the envelope.
	each := func(a, b Cost) float64 { return float64(b.Bytes-a.Bytes) / float64(b.Series-a.Series) }
	if one.Bytes < 100 || each(one, three) < 100 || math.Abs(each(three, all)/each(one, three)-1.2) > 0.4 {
		t.Errorf("%+v", costs)
	}
}
