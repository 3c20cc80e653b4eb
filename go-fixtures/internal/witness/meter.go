package witness

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/ledger"
)

// The scopes whose metrics are witnessed. Every other scope gets a meter that does nothing.
const (
	sdkScope      = "go.opentelemetry.io/otel/sdk/trace/internal/observ"
	oldSDKScope   = "go.opentelemetry.io/otel/sdk/trace" // SDK 1.38: the same instruments, added to at the same places
	exporterScope = "go.opentelemetry.io/otel/exporters/otlp/otlptrace/"
)

// Switches are the variables that make the SDK count itself. The SDK reads one of them when a tracer, an exporter or a
// batch processor is made: 1.38 knows only the second, whose name 1.39 changed.
var Switches = []string{"OTEL_GO_X_OBSERVABILITY", "OTEL_GO_X_SELF_OBSERVABILITY"}

// MeterProvider receives the SDK's metrics about itself. It must be set globally before the first Tracer, exporter or
// batch processor is made: each asks for its meter once.
type MeterProvider struct {
	noop.MeterProvider
	w *Witness
}

// MeterProvider is the witness's meter provider.
func (w *Witness) MeterProvider() MeterProvider { return MeterProvider{w: w} }

// Meter returns a witnessing meter for the SDK and its OTLP exporters.
func (p MeterProvider) Meter(scope string, _ ...metric.MeterOption) metric.Meter {
	if scope == sdkScope || scope == oldSDKScope || strings.HasPrefix(scope, exporterScope) {
		return meter{w: p.w}
	}
	return noop.Meter{}
}

type meter struct {
	noop.Meter
	w *Witness
}

func (m meter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	switch name {
	case "otel.sdk.span.started":
		return startedCounter{w: m.w}, nil
	case "otel.sdk.processor.span.processed":
		return processedCounter{w: m.w}, nil
	case "otel.sdk.exporter.span.exported":
		return exportedCounter{w: m.w}, nil
	}
	return noop.Int64Counter{}, nil
}

func (m meter) Int64UpDownCounter(name string, _ ...metric.Int64UpDownCounterOption) (metric.Int64UpDownCounter, error) {
	if name == "otel.sdk.span.live" {
		return liveCounter{w: m.w}, nil
	}
	return noop.Int64UpDownCounter{}, nil
}

// startedCounter hears of every span, recording or not, at the end of Tracer.Start.
type startedCounter struct {
	noop.Int64Counter
	w *Witness
}

func (startedCounter) Enabled(context.Context) bool { return true }

// Add takes the sampling result from the span in ctx: it is what the SDK made its attribute of, and reading it costs a
// tenth of looking into the attribute set.
func (c startedCounter) Add(ctx context.Context, n int64, _ ...metric.AddOption) {
	span := trace.SpanContextFromContext(ctx)
	if span.IsSampled() {
		c.w.ledger.StartedSampled.Add(uint64(n))
	} else {
		c.w.ledger.StartedNotSampled.Add(uint64(n))
	}
	slot := c.w.slot(span.SpanID(), true)
	if slot == nil {
		return
	}
	if span.IsSampled() {
		slot.Flags |= ledger.Sampled
	}
	slot.MarkStarted(c.w.clock)
}

// liveCounter hears of recording spans only: +1 just before started, -1 as the last act of End.
type liveCounter struct {
	noop.Int64UpDownCounter
	w *Witness
}

func (liveCounter) Enabled(context.Context) bool { return true }

func (c liveCounter) Add(ctx context.Context, n int64, _ ...metric.AddOption) {
	c.w.ledger.Live.Add(uint64(n)) // two's complement: adding -1 subtracts
	slot := c.w.slot(trace.SpanContextFromContext(ctx).SpanID(), false)
	if slot == nil {
		return
	}
	if n > 0 {
		slot.Flags |= ledger.Recording
	} else {
		slot.MarkClosed(c.w.clock)
	}
}

// processedCounter hears of each batch handed to the exporter and of each drop.
type processedCounter struct {
	noop.Int64Counter
	w *Witness
}

func (processedCounter) Enabled(context.Context) bool { return true }

func (c processedCounter) Add(ctx context.Context, n int64, options ...metric.AddOption) {
	if !isQueueFull(options) {
		c.w.ledger.Processed.Add(uint64(n))
		return
	}
	c.w.ledger.QueueFull.Add(uint64(n))
	if ctx.Value(flushKey{}) != nil {
		return // a flush gave up; no span was dropped
	}
	// In drop mode this runs inside a batch processor's OnEnd, under our lock. In blocking mode the SDK never gets here.
	if passage := c.w.drops.passage; passage != nil {
		passage.MarkDropped(c.w.clock)
	}
}

// exportedCounter hears the exporter's own view of each batch.
type exportedCounter struct {
	noop.Int64Counter
	w *Witness
}

func (exportedCounter) Enabled(context.Context) bool { return true }

func (c exportedCounter) Add(_ context.Context, n int64, options ...metric.AddOption) {
	if hasError(options) {
		c.w.ledger.ExportFailed.Add(uint64(n))
	} else {
		c.w.ledger.Exported.Add(uint64(n))
	}
}

const errorType = attribute.Key("error.type")

// hasError looks for error.type, whatever its value.
func hasError(options []metric.AddOption) bool {
	attributes := metric.NewAddConfig(options).Attributes()
	return attributes.HasValue(errorType)
}

// isQueueFull looks for the error type of a drop: the simple processor of SDKs before 1.46 counts failed exports with another.
func isQueueFull(options []metric.AddOption) bool {
	attributes := metric.NewAddConfig(options).Attributes()
	value, ok := attributes.Value(errorType)
	return ok && value.AsString() == "queue_full"
}
