package measure

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"spanfate.dev/fixtures/labelled"
)

// The instruments: one for each way of recording.
const (
	plain  = "app.request.duration"
	tiered = "app.request.duration.tier"
	full   = "app.request.duration.labelled"
)

var instruments = []string{plain, tiered, full}

// rig records each request in every way, by the SDK.
type rig struct {
	reader *sdk.ManualReader
	plain  metric.Float64Histogram
	tiered metric.Float64Histogram
	tier   map[string]metric.MeasurementOption
	full   *labelled.Histogram
}

func newRig(temporality metricdata.Temporality) (*rig, error) {
	reader := sdk.NewManualReader(sdk.WithTemporalitySelector(func(sdk.InstrumentKind) metricdata.Temporality { return temporality }))
	meter := sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("spanfate.dev/fixtures/labelled")
	r := &rig{reader: reader, tier: map[string]metric.MeasurementOption{}}
	var err error
	options := []metric.Float64HistogramOption{metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...)}
	if r.plain, err = meter.Float64Histogram(plain, options...); err != nil {
		return nil, fmt.Errorf("histogram %s: %w", plain, err)
	}
	if r.tiered, err = meter.Float64Histogram(tiered, options...); err != nil {
		return nil, fmt.Errorf("histogram %s: %w", tiered, err)
	}
	for _, tier := range tiers {
		r.tier[tier] = metric.WithAttributeSet(attribute.NewSet(labelled.TierKey.String(tier)))
	}
	r.full, err = labelled.New(meter, full, bounds, groups, tiers)
	return r, err
}

// record records the requests of a minute.
func (r *rig) record(ctx context.Context, world *world, requests int) {
	for range requests {
		labels, seconds := world.next()
		r.plain.Record(ctx, seconds)
		r.tiered.Record(ctx, seconds, r.tier[labels.Tier])
		r.full.Record(ctx, seconds, labels)
	}
	world.minute++
}

// points are those of an instrument, by series.
type points map[labelled.Labels]metricdata.HistogramDataPoint[float64]

// collect reads all instruments, as an exporter does.
func (r *rig) collect(ctx context.Context) (map[string]points, error) {
	var all metricdata.ResourceMetrics
	if err := r.reader.Collect(ctx, &all); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	out := map[string]points{}
	for _, scope := range all.ScopeMetrics {
		for _, one := range scope.Metrics {
			data, ok := one.Data.(metricdata.Histogram[float64])
			if !ok {
				return nil, fmt.Errorf("%s is no histogram", one.Name)
			}
			of := points{}
			for _, point := range data.DataPoints {
				of[labelled.Of(point.Attributes)] = point
			}
			out[one.Name] = of
		}
	}
	return out, nil
}
