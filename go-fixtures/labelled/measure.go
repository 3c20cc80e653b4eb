package labelled

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Plan is what is measured.
type Plan struct {
	Seed uint64 `json:"seed"`
	// Runs of each kind, Windows of a run, and Requests of a window.
	Runs     int `json:"runs"`
	Windows  int `json:"windows"`
	Requests int `json:"requests"`
}

// Outcome is what a way of watching came to in all runs of a kind.
type Outcome struct {
	Kind Kind `json:"kind"`
	// Way is "plain" or "labelled".
	Way string `json:"way"`
	// Seen are the runs in which the fault was seen, and Windows how many passed until then, in order.
	Seen    int   `json:"seen"`
	Windows []int `json:"windows"`
	// False are alerts of which nothing was the matter, and Alarmed the runs with at least one.
	False   int `json:"false"`
	Alarmed int `json:"alarmed"`
}

// Cost is what a way of recording costs in an export.
type Cost struct {
	Way    string `json:"way"`
	Series int    `json:"series"`
	Bytes  int64  `json:"bytes"`
}

// Result is all of it.
type Result struct {
	Plan     Plan      `json:"plan"`
	Outcomes []Outcome `json:"outcomes"`
	Costs    []Cost    `json:"costs"`
}

// usualRule is the objective of the whole service; a series of the fallback is slower by design, and only labels tell it apart.
var usualRule = Rule{Slow: 0.25, Share: 0.01, For: 2}

func rule(labels Labels) Rule {
	rule := usualRule
	rule.Least = 20
	if labels.Fallback {
		rule.Slow = 0.5
	}
	return rule
}

// Measure runs the plan through the SDK's own metrics.
func Measure(plan Plan) (Result, error) {
	result := Result{Plan: plan}
	for _, kind := range Kinds {
		plain, by := Outcome{Kind: kind, Way: "plain"}, Outcome{Kind: kind, Way: "labelled"}
		for run := range plan.Runs {
			if err := one(plan, kind, plan.Seed+uint64(run), &plain, &by); err != nil {
				return Result{}, err
			}
		}
		slices.Sort(plain.Windows)
		slices.Sort(by.Windows)
		result.Outcomes = append(result.Outcomes, plain, by)
	}
	costs, err := costs(plan)
	result.Costs = costs
	return result, err
}

// rig is a reader with both ways of recording.
type rig struct {
	reader *sdk.ManualReader
	plain  metric.Float64Histogram
	by     *Histogram
}

const plainName, labelledName = "app.request.duration", "app.request.duration.labelled"

func newRig() (*rig, error) {
	delta := func(sdk.InstrumentKind) metricdata.Temporality { return metricdata.DeltaTemporality }
	reader := sdk.NewManualReader(sdk.WithTemporalitySelector(delta))
	meter := sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("labelled")
	plain, err := meter.Float64Histogram(plainName, metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(Bounds...))
	if err != nil {
		return nil, fmt.Errorf("histogram %s: %w", plainName, err)
	}
	by, err := New(meter, labelledName, Groups, Tiers)
	return &rig{reader, plain, by}, err
}

// window records a window of requests and gives its points: of the whole, and by labels.
func (r *rig) window(ctx context.Context, world *World, requests int) (
	whole map[string]metricdata.HistogramDataPoint[float64], by map[Labels]metricdata.HistogramDataPoint[float64], err error,
) {
	for range requests {
		labels, seconds := world.Next()
		r.plain.Record(ctx, seconds)
		r.by.Record(ctx, seconds, labels)
	}
	var all metricdata.ResourceMetrics
	if err := r.reader.Collect(ctx, &all); err != nil {
		return nil, nil, fmt.Errorf("collect: %w", err)
	}
	whole, by = map[string]metricdata.HistogramDataPoint[float64]{}, map[Labels]metricdata.HistogramDataPoint[float64]{}
	for _, scope := range all.ScopeMetrics {
		for _, one := range scope.Metrics {
			data, ok := one.Data.(metricdata.Histogram[float64])
			if !ok {
				return nil, nil, fmt.Errorf("%s is no histogram", one.Name)
			}
			for _, point := range data.DataPoints {
				if one.Name == plainName {
					whole[one.Name] = point
				} else {
					by[Of(point.Attributes)] = point
				}
			}
		}
	}
	return whole, by, nil
}

func one(plan Plan, kind Kind, seed uint64, plain, by *Outcome) error {
	r, err := newRig()
	if err != nil {
		return err
	}
	ctx, world := context.Background(), NewWorld(kind, seed)
	ofAll := NewWatch(func(string) Rule { return usualRule })
	ofEach := NewWatch(rule)
	// Of one that alerts twice for the same fault the first counts.
	seen, falsely := [2]bool{}, [2]bool{}
	note := func(way int, to *Outcome, since int, right bool) {
		switch {
		case right && !seen[way]:
			seen[way] = true
			to.Seen++
			to.Windows = append(to.Windows, since)
		case !right:
			to.False++
			if !falsely[way] {
				falsely[way] = true
				to.Alarmed++
			}
		}
	}
	for at := range plan.Windows {
		if at == plan.Windows/2 {
			world.Begin()
		}
		faulty := kind == Faulty && at >= plan.Windows/2
		whole, each, err := r.window(ctx, world, plan.Requests)
		if err != nil {
			return err
		}
		since := at - plan.Windows/2 + 1
		for range ofAll.Look(whole) {
			note(0, plain, since, faulty)
		}
		for _, labels := range ofEach.Look(each) {
			note(1, by, since, faulty && labels == Fault)
		}
	}
	return nil
}

// costs exports a window of each way by the SDK's exporter, and counts what a collector would get.
func costs(plan Plan) ([]Cost, error) {
	var bytes atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		read, err := io.Copy(io.Discard, request.Body)
		bytes.Store(read)
		if err != nil {
			answer.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer server.Close()
	ctx := context.Background()
	exporter, err := otlpmetrichttp.New(ctx,
		otlpmetrichttp.WithEndpoint(strings.TrimPrefix(server.URL, "http://")), otlpmetrichttp.WithInsecure())
	if err != nil {
		return nil, fmt.Errorf("exporter: %w", err)
	}
	r, err := newRig()
	if err != nil {
		return nil, err
	}
	world := NewWorld(Steady, plan.Seed)
	for range plan.Windows * plan.Requests {
		labels, seconds := world.Next()
		r.plain.Record(ctx, seconds)
		r.by.Record(ctx, seconds, labels)
	}
	var all metricdata.ResourceMetrics
	if err := r.reader.Collect(ctx, &all); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	var out []Cost
	for _, way := range []struct{ way, name string }{{"plain", plainName}, {"labelled", labelledName}} {
		one, series := only(all, way.name)
		if err := exporter.Export(ctx, &one); err != nil {
			return nil, errors.Join(fmt.Errorf("export: %w", err), exporter.Shutdown(ctx))
		}
		out = append(out, Cost{way.way, series, bytes.Load()})
	}
	if err := exporter.Shutdown(ctx); err != nil {
		return nil, fmt.Errorf("exporter: %w", err)
	}
	return out, nil
}

// only leaves one metric, and says how many series it has.
func only(all metricdata.ResourceMetrics, name string) (out metricdata.ResourceMetrics, series int) {
	out = metricdata.ResourceMetrics{Resource: all.Resource}
	for _, scope := range all.ScopeMetrics {
		for _, one := range scope.Metrics {
			if one.Name != name {
				continue
			}
			if data, ok := one.Data.(metricdata.Histogram[float64]); ok {
				series = len(data.DataPoints)
			}
			out.ScopeMetrics = append(out.ScopeMetrics, metricdata.ScopeMetrics{Scope: scope.Scope, Metrics: []metricdata.Metrics{one}})
		}
	}
	return out, series
}
