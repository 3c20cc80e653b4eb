package labelled

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestSeriesAreBoundedWhateverTheLabelsAre(t *testing.T) {
	reader := sdk.NewManualReader()
	groups, tiers := []string{"control", "treatment"}, []string{"free", "gold"}
	requests, err := New(sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test"), "requests", []float64{0.1, 1}, groups, tiers)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 500 {
				slip := fmt.Sprintf("%d-%d", worker, i)
				requests.Record(ctx, 0.1, Labels{slip, slip, i%2 == 0})
				requests.Record(ctx, 0.1, Labels{"control", "gold", false})
			}
		})
	}
	all.Wait()
	var found metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &found); err != nil {
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
	if most := (len(groups) + 1) * (len(tiers) + 1) * 2; requests.Series() != most {
		t.Errorf("%d series at most, want %d", requests.Series(), most)
	}
}
