package labelled

import "go.opentelemetry.io/otel/sdk/metric/metricdata"

// Rule is an objective: of the requests of a series in a window at most a share is slower than a threshold.
type Rule struct {
	// Slow is the threshold in seconds, one of Bounds.
	Slow float64
	// Share is how many may be slower, 0 to 1.
	Share float64
	// Least requests in a window; fewer prove nothing.
	Least uint64
	// For so many windows in a row, at least, before it alerts.
	For int
}

// Broken says whether the points of a window break it.
func (r Rule) Broken(point metricdata.HistogramDataPoint[float64]) bool {
	if point.Count < r.Least || point.Count == 0 {
		return false
	}
	slower := point.Count
	for i, bound := range point.Bounds {
		if bound <= r.Slow {
			slower -= point.BucketCounts[i]
		}
	}
	return float64(slower) > r.Share*float64(point.Count)
}

// Watch looks at windows one after the other.
type Watch[K comparable] struct {
	rule    func(K) Rule
	running map[K]int
}

// NewWatch makes one that judges each series by its own rule.
func NewWatch[K comparable](rule func(K) Rule) *Watch[K] {
	return &Watch[K]{rule: rule, running: map[K]int{}}
}

// Look takes the points of a window and gives the series that begin to alert. A series that was not there in a window is well.
func (w *Watch[K]) Look(points map[K]metricdata.HistogramDataPoint[float64]) (alerts []K) {
	for series := range w.running {
		if _, there := points[series]; !there {
			delete(w.running, series)
		}
	}
	for series, point := range points {
		rule := w.rule(series)
		if !rule.Broken(point) {
			delete(w.running, series)
			continue
		}
		w.running[series]++
		if w.running[series] == max(rule.For, 1) {
			alerts = append(alerts, series)
		}
	}
	return alerts
}
