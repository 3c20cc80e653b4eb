package telemetry

import (
	"context"
	"log/slog"
	"os"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/hybridsampling"
	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ledger"
	"spanfate.dev/fixtures/internal/witness"
	"spanfate.dev/fixtures/retrokeep"
	"spanfate.dev/fixtures/samplingctl"
	"spanfate.dev/fixtures/spanguard"
)

// Keeper guards spans of the main provider.
func (t *Telemetry) Keeper(c config.Guard) *spanguard.Keeper {
	options := spanguard.Options{}
	if c.FlushMS != nil {
		options.Flush = t.Provider.ForceFlush
		options.FlushWithin = milliseconds(*c.FlushMS)
	}
	return spanguard.New(options)
}

// sampler is that of a design, or else of the options; nil when neither names one.
func (t *Telemetry) sampler(ctx context.Context, c *config.Config) (sdktrace.Sampler, error) {
	switch {
	case c.Design != nil && c.Design.Hybrid != nil:
		t.hybrid = hybridsampling.New(hybridsampling.Options{Names: c.Work.Key, Rate: 1})
		return t.hybrid, nil
	case c.Design != nil && c.Design.JaegerRemote != nil:
		return t.jaegerRemote(ctx, c)
	}
	return sampler(c.Exporter.Options)
}

// drive lets the rate of a hybrid sampler follow the load until ctx ends. The ledger hears of every rate.
func (t *Telemetry) drive(ctx context.Context, c config.Hybrid) {
	policy := hybridsampling.Article(c.BusyPerS)
	if c.Bare {
		policy.Slack, policy.Hold = 1, 1
	}
	record := func(rate float64, by hybridsampling.Readings) {
		if t.Ledger != nil {
			t.Ledger.Rate(ledger.RateChange{Rate: rate, CPU: by.CPU, Memory: by.Memory, Requests: by.Requests})
		}
	}
	meter := hybridsampling.NewMeter(t.hybrid.Traces)
	t.hybrid.Drive(ctx, policy, meter, milliseconds(c.EveryMS), record)
}

// inFront puts a design's processor before that of the main path. What it does not hand on, it tells the witness.
func (t *Telemetry) inFront(design *config.Design, next sdktrace.SpanProcessor, w *witness.Witness) sdktrace.SpanProcessor {
	if !design.Holds() {
		return next
	}
	hidden := func(sdktrace.ReadOnlySpan) {}
	if w != nil {
		hidden = w.Hidden
	}
	if design.Endpoint != nil {
		t.Control = samplingctl.New(samplingctl.Options{
			Token: design.Endpoint.Token, Audit: slog.New(slog.NewTextHandler(os.Stderr, nil)), Dropped: hidden,
		})
		return t.Control.Processor(next)
	}
	options := retrokeep.Options{Dropped: func(s sdktrace.ReadOnlySpan, _ retrokeep.Reason) { hidden(s) }}
	optional := func(to *time.Duration, from *int64) {
		if from != nil {
			*to = milliseconds(*from)
		}
	}
	optional(&options.Slow, design.Retrokeep.SlowMS)
	optional(&options.Wait, design.Retrokeep.WaitMS)
	if design.Retrokeep.Spans != nil {
		options.Spans = *design.Retrokeep.Spans
	}
	front := retrokeep.New(next, options)
	if w == nil {
		return front
	}
	return w.Held(front)
}
