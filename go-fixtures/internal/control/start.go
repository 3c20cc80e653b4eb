package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/api"
	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/fault"
	"spanfate.dev/fixtures/internal/ledger"
	"spanfate.dev/fixtures/internal/logs"
	"spanfate.dev/fixtures/internal/runtimetrace"
	"spanfate.dev/fixtures/internal/serve"
	"spanfate.dev/fixtures/internal/store"
	"spanfate.dev/fixtures/internal/telemetry"
	"spanfate.dev/fixtures/internal/work"
	"spanfate.dev/fixtures/samplingctl"
)

// fixture is a started service. A store has neither unit nor telemetry.
type fixture struct {
	listener  net.Listener
	server    serve.Server
	unit      *work.Unit
	telemetry *telemetry.Telemetry
	timeout   time.Duration
	faults    *fault.Set
	rules     *samplingctl.Switch // nil: the service asks for none itself
	trace     *runtimetrace.Trace
	log       *logs.Log // nil: it writes no log lines
}

func start(arguments []string, bridges Bridges) (*fixture, error) {
	if len(arguments) != 2 {
		return nil, errors.New("give exactly one argument: the configuration file (docs/fixture-protocol.md)")
	}
	c, err := config.Load(arguments[1])
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w; use \"127.0.0.1:0\" to let the kernel choose the port", err)
	}
	f := &fixture{listener: listener, timeout: time.Duration(c.ShutdownTimeoutMS) * time.Millisecond}
	if err := f.build(c, bridges); err != nil {
		_ = listener.Close()
		return nil, err
	}
	// Last, so that the trace begins with the service and not with its making.
	if c.RuntimeTrace != nil {
		if f.trace, err = runtimetrace.Start(*c.RuntimeTrace); err != nil {
			_ = listener.Close()
			return nil, err
		}
	}
	return f, nil
}

func (f *fixture) build(c *config.Config, bridges Bridges) (err error) {
	if c.Serve == "store" {
		f.server = store.New(c.Work)
		return nil
	}
	if f.telemetry, err = telemetry.Build(context.Background(), c); err != nil {
		return err
	}
	f.faults = f.telemetry.Faults
	f.rules = ownRules(c, f.telemetry)
	f.faults.OnShutdown(f.shutDownInPanic)
	through := func(provider trace.TracerProvider) (api.Providers, error) {
		return api.Through(c, bridges.APIs, provider, f.telemetry.Started)
	}
	providers, err := through(f.telemetry.Provider)
	if err != nil {
		return err
	}
	shares := make([]work.Share, 0, len(f.telemetry.Further))
	for _, further := range f.telemetry.Further {
		its, err := through(further)
		if err != nil {
			return err
		}
		shares = append(shares, work.Share{Provider: its.Own, Children: further.Children})
	}
	if f.unit, err = work.New(c, providers, f.faults, shares...); err != nil {
		return err
	}
	if c.Design != nil && c.Design.Guard != nil {
		f.unit.Guard(f.telemetry.Keeper(*c.Design.Guard))
	}
	if c.Design != nil && c.Design.Logs != nil {
		if f.log, err = logs.Open(context.Background(), *c.Design.Logs, c.Service, bridges.Logs); err != nil {
			return err
		}
		f.unit.Log(f.log)
	}
	f.server = serve.New(c, f.unit, providers.Library, f.faults, f.telemetry.Control)
	return nil
}

// shutDownInPanic is what a goroutine that is about to end the process has deferred. It leaves the same records as the
// ordinary stop.
func (f *fixture) shutDownInPanic() {
	f.setPhase(ledger.PhaseProviderStopping)
	_, _ = f.shutDownProvider() // the log has its error
}

func (f *fixture) setPhase(phase uint32) {
	if f.telemetry != nil {
		f.telemetry.SetPhase(phase)
	}
}

func (f *fixture) effective() *telemetry.Effective {
	if f.telemetry == nil {
		return nil
	}
	return &f.telemetry.Effective
}
