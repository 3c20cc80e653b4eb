package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Cost is what an instrument costs in each export.
type Cost struct {
	Series int
	// Bytes of the body of an export request, as the SDK's exporter writes it, without compression.
	Bytes int64
}

// costHours is long enough for every series to be there.
const costHours = 6

// Costs records some hours of traffic, cumulative as exporters send it by default, and exports each instrument alone.
func Costs(ctx context.Context, plan Plan, seed uint64) (out map[string]Cost, err error) {
	var bytes atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		read, err := io.Copy(io.Discard, request.Body)
		bytes.Store(read)
		if err != nil {
			answer.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer collector.Close()
	exporter, err := otlpmetrichttp.New(ctx,
		otlpmetrichttp.WithEndpoint(strings.TrimPrefix(collector.URL, "http://")), otlpmetrichttp.WithInsecure(),
		otlpmetrichttp.WithCompression(otlpmetrichttp.NoCompression), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("exporter: %w", err)
	}
	defer func() { err = errors.Join(err, exporter.Shutdown(ctx)) }()
	r, err := newRig(metricdata.CumulativeTemporality)
	if err != nil {
		return nil, err
	}
	r.record(ctx, newWorld(steady, seed, 1), costHours*60*plan.PerMinute)
	var all metricdata.ResourceMetrics
	if err := r.reader.Collect(ctx, &all); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	out = map[string]Cost{}
	for _, name := range instruments {
		one, series := only(all, name)
		if err := exporter.Export(ctx, &one); err != nil {
			return nil, fmt.Errorf("export of %s: %w", name, err)
		}
		out[name] = Cost{series, bytes.Load()}
	}
	return out, nil
}

// only leaves one instrument, and says how many series it has.
func only(all metricdata.ResourceMetrics, name string) (out metricdata.ResourceMetrics, series int) {
	out = metricdata.ResourceMetrics{Resource: all.Resource}
	for _, scope := range all.ScopeMetrics {
		for _, one := range scope.Metrics {
			if data, ok := one.Data.(metricdata.Histogram[float64]); ok && one.Name == name {
				series = len(data.DataPoints)
				kept := metricdata.ScopeMetrics{Scope: scope.Scope, Metrics: []metricdata.Metrics{one}}
				out.ScopeMetrics = append(out.ScopeMetrics, kept)
			}
		}
	}
	return out, series
}
