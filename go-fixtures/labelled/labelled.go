// Package labelled records the latency of requests with what the business calls them, in a number of series that is bounded, and watches
// an objective of service series by series, by how fast its budget burns.
package labelled

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Other stands for every value that is not listed.
const Other = "other"

// Labels are what the business calls a request.
type Labels struct {
	Group    string // of an experiment
	Tier     string // of the user
	Fallback bool   // whether the request was answered by the fallback
}

// Histogram records latencies in seconds, with labels. Its methods may be called by several goroutines.
type Histogram struct {
	of            metric.Float64Histogram
	groups, tiers []string
	known         map[Labels]metric.MeasurementOption
}

// New makes a histogram of that name. Groups and tiers that are not listed are recorded as Other, so that a slip in a label, or an attacker
// who sets it, makes no new series. Thresholds of objectives must be among the bounds of its buckets.
func New(meter metric.Meter, name string, bounds []float64, groups, tiers []string) (*Histogram, error) {
	of, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...))
	if err != nil {
		return nil, fmt.Errorf("histogram %s: %w", name, err)
	}
	h := &Histogram{of: of, groups: slices.Clone(groups), tiers: slices.Clone(tiers), known: map[Labels]metric.MeasurementOption{}}
	for _, group := range append(slices.Clone(groups), Other) {
		for _, tier := range append(slices.Clone(tiers), Other) {
			for _, fallback := range []bool{false, true} {
				labels := Labels{group, tier, fallback}
				h.known[labels] = metric.WithAttributeSet(labels.set())
			}
		}
	}
	return h, nil
}

// Series is the most that there can be.
func (h *Histogram) Series() int { return len(h.known) }

// Record notes the latency of a request.
func (h *Histogram) Record(ctx context.Context, seconds float64, labels Labels) {
	h.of.Record(ctx, seconds, h.known[h.listed(labels)])
}

func (h *Histogram) listed(labels Labels) Labels {
	if !slices.Contains(h.groups, labels.Group) {
		labels.Group = Other
	}
	if !slices.Contains(h.tiers, labels.Tier) {
		labels.Tier = Other
	}
	return labels
}

// The names of the attributes.
const (
	GroupKey    = attribute.Key("app.experiment.group")
	TierKey     = attribute.Key("app.user.tier")
	FallbackKey = attribute.Key("app.fallback")
)

func (l Labels) set() attribute.Set {
	return attribute.NewSet(GroupKey.String(l.Group), TierKey.String(l.Tier), FallbackKey.Bool(l.Fallback))
}

// Of reads labels back from a series; one that it has not is empty.
func Of(series attribute.Set) Labels {
	group, _ := series.Value(GroupKey)
	tier, _ := series.Value(TierKey)
	fallback, _ := series.Value(FallbackKey)
	return Labels{group.AsString(), tier.AsString(), fallback.AsBool()}
}
