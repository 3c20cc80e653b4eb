// Package telemetry builds the OpenTelemetry SDK of a fixture from its configuration.
//
// A knob that the configuration does not name is not touched, so that the SDK's own default or its variable holds: what
// users set is what is measured.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/hybridsampling"
	"spanfate.dev/fixtures/internal/api"
	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/fault"
	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
	"spanfate.dev/fixtures/internal/witness"
	"spanfate.dev/fixtures/samplingctl"
)

// Telemetry is a running SDK and, unless switched off, its witness.
type Telemetry struct {
	Provider  *sdktrace.TracerProvider // that of the main path
	Further   []Provider
	Effective Effective            // of the main path
	Ledger    *ledger.Ledger       // nil: the witness is off
	Faults    *fault.Set           // nil: none
	Control   *samplingctl.Control // nil: there is no endpoint
	Started   api.Started          // what is to hear of spans that are begun by another API

	hybrid *hybridsampling.Sampler // nil: another one
	stop   context.CancelFunc      // ends what watches and drives

	closeRemote func() // ends the sampler that asks, and whom it asks
}

// Provider is a tracer provider behind the first.
type Provider struct {
	*sdktrace.TracerProvider
	Children int // child spans of a request that its tracer makes
}

// Build makes the ledger, the witness and the SDK, in this order: the SDK's parts ask for their meter when they are made.
func Build(ctx context.Context, c *config.Config) (*Telemetry, error) {
	t := &Telemetry{
		Started: func(context.Context, trace.SpanContext) {}, stop: func() {}, closeRemote: func() {},
	}
	traceIDs := ids.TraceIDs{RunTag: c.Trace.RunTag, Trial: c.Trace.Trial, Key: uint64(c.Trace.Key), Part: c.Process}
	described, err := resource.Merge(resource.Default(), resource.NewSchemaless(attribute.String("service.name", c.Service)))
	if err != nil {
		return nil, fmt.Errorf("cannot describe the service: %w; check OTEL_RESOURCE_ATTRIBUTES", err)
	}
	common := []sdktrace.TracerProviderOption{sdktrace.WithResource(described)}
	sampler, err := t.sampler(ctx, c)
	if err != nil {
		return nil, err
	}
	if sampler != nil {
		common = append(common, sdktrace.WithSampler(sampler))
	}
	var w *witness.Witness
	if c.Ledger != nil {
		if w, err = t.startWitness(c, traceIDs); err != nil {
			return nil, err
		}
	}
	if err := t.makeFaults(c, traceIDs, w); err != nil {
		return nil, err
	}
	paths, err := t.makePaths(ctx, c, w)
	if err != nil {
		return nil, err
	}
	t.makeProviders(c, common, paths, w, traceIDs)
	if err := t.recordPaths(paths); err != nil {
		return nil, err
	}
	if t.Effective, err = readBack(paths[0], t.Provider); err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(context.Background())
	t.stop = stop
	if w != nil {
		go w.Observe(watching)
	}
	if t.hybrid != nil {
		go t.drive(watching, *c.Design.Hybrid)
	}
	return t, nil
}

func (t *Telemetry) startWitness(c *config.Config, traceIDs ids.TraceIDs) (*witness.Witness, error) {
	l, err := ledger.Create(ledger.Options{
		Path:        c.Ledger.Path,
		Slots:       c.Ledger.Slots,
		LogBytes:    c.Ledger.LogBytes,
		Salt:        uint64(c.Ledger.Salt),
		Service:     c.Service,
		SDK:         sdk.Version(),
		Process:     c.Process,
		Incarnation: c.Incarnation,
		Blocking:    c.Exporter.Blocking(),
		Paths:       uint32(len(c.Paths)),
	})
	if err != nil {
		return nil, err
	}
	t.Ledger = l
	l.SetPhase(ledger.PhaseStarting)
	for _, name := range witness.Switches {
		if err := os.Setenv(name, "true"); err != nil {
			return nil, fmt.Errorf("cannot set %s: %w", name, err)
		}
	}
	w := witness.New(l, ids.SpanIDs{Process: c.Process, Salt: uint64(c.Ledger.Salt)}, traceIDs)
	if describesApart(c) {
		w.DescribeApart()
	}
	if len(c.Work.Key) > 0 {
		w.ExpectKeySpans()
	}
	t.Started = w.MarkStarted
	otel.SetErrorHandler(otel.ErrorHandlerFunc(w.HandleError))
	otel.SetMeterProvider(w.MeterProvider())
	return w, nil
}

// makeFaults needs the ledger, where the doses go, and comes before the exporter, which may be slowed.
func (t *Telemetry) makeFaults(c *config.Config, traceIDs ids.TraceIDs, w *witness.Witness) (err error) {
	host := fault.Host{Ledger: t.Ledger, TraceIDs: traceIDs}
	if w != nil && len(c.Faults) > 0 {
		w.ExpectFaults()
		host.Touch = w.MarkFault
	}
	t.Faults, err = fault.New(c, host)
	return err
}

// Shutdown stops the providers in order within ctx and records the result. Sampling goes on until it has returned, because
// queues are still draining.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	err := t.Provider.Shutdown(ctx)
	for _, further := range t.Further {
		err = errors.Join(err, further.Shutdown(ctx))
	}
	if t.Ledger != nil {
		t.Ledger.ShutdownEnd(err)
		t.Ledger.ClockPair() // brackets the last second
	}
	t.stop()
	t.closeRemote()
	return err
}

// SetPhase records the phase, if there is a ledger.
func (t *Telemetry) SetPhase(phase uint32) {
	if t.Ledger != nil {
		t.Ledger.SetPhase(phase)
	}
}
