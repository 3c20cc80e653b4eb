package labelled_test

import (
	"context"
	"fmt"

	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"spanfate.dev/fixtures/labelled"
)

// Requests of one combination are slow: its series alerts at the first look, and no other.
func Example() {
	ctx, reader := context.Background(), sdk.NewManualReader()
	meter := sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("shop")
	bounds, groups, tiers := []float64{0.1, 0.25, 0.5, 1}, []string{"control", "treatment"}, []string{"free", "gold"}
	requests, err := labelled.New(meter, "app.request.duration", bounds, groups, tiers)
	if err != nil {
		panic(err)
	}
	for i := range 1000 {
		labels := labelled.Labels{Group: groups[i%2], Tier: tiers[i/2%2], Fallback: false}
		seconds := 0.08
		if labels.Group == "treatment" && labels.Tier == "gold" {
			seconds = 0.4
		}
		requests.Record(ctx, seconds, labels)
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		panic(err)
	}
	now := map[labelled.Labels]labelled.Counts{}
	for _, point := range all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64]).DataPoints {
		now[labelled.Of(point.Attributes)] = labelled.Slower(point, 0.25)
	}
	rule := labelled.Rule{Budget: 0.01, Pairs: labelled.Pairs, Chance: 1e-3 / 4}
	fmt.Println(labelled.NewWatch[labelled.Labels](rule).Look(now), "of at most", requests.Series(), "series")
	// Output: [{treatment gold false}] of at most 18 series
}
