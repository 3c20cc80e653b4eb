package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"spanfate.dev/fixtures/internal/ledger"
)

// stop closes the server, then the clients, then the provider. Each part has a deadline, and a watchdog ends the process
// when one of them does not keep it.
func (f *fixture) stop(out *printer, stderr io.Writer) {
	var once sync.Once
	report := func(err error, took time.Duration) {
		once.Do(func() {
			s := stopped{Stopped: true, ShutdownNS: took.Nanoseconds()}
			if err != nil {
				text := err.Error()
				s.ShutdownError = &text
			}
			if err := out.line(s); err != nil {
				_, _ = fmt.Fprintf(stderr, "fixture: cannot print the stopped line: %v; keep stdout open until exit\n", err)
			}
		})
	}
	asked := time.Now()
	watchdog := time.AfterFunc(serverGrace+f.logGrace()+f.timeout+exitGrace, func() {
		report(errors.New("the SDK's Shutdown ignored its deadline"), time.Since(asked))
		os.Exit(0)
	})
	defer watchdog.Stop()

	f.setPhase(ledger.PhaseServerClosing)
	f.closeServer(stderr)
	f.closeClients(stderr)
	f.closeLog(stderr)

	f.setPhase(ledger.PhaseProviderStopping)
	took, err := f.shutDownProvider()
	f.faults.AfterShutdown()
	f.setPhase(ledger.PhaseStopped)
	if err := f.trace.Stop(); err != nil {
		_, _ = fmt.Fprintf(stderr, "fixture: %v\n", err)
	}
	report(err, took)
}

func (f *fixture) closeServer(stderr io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
	defer cancel()
	if err := f.server.Stop(ctx); err != nil {
		_, _ = fmt.Fprintf(stderr, "fixture: requests still in flight after %v were cut: %v; end the load before SIGTERM\n", serverGrace, err)
	}
}

// closeClients comes before the provider's end, so that the spans of calls that are cut here still reach it.
func (f *fixture) closeClients(stderr io.Writer) {
	if f.unit == nil {
		return
	}
	if err := f.unit.Close(); err != nil {
		_, _ = fmt.Fprintf(stderr, "fixture: cannot close the clients: %v; the end of the process closes them\n", err)
	}
}

// logGrace is how long the pending log lines may take: as long as the provider.
func (f *fixture) logGrace() time.Duration {
	if f.log == nil {
		return 0
	}
	return f.timeout
}

func (f *fixture) closeLog(stderr io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), f.logGrace())
	defer cancel()
	if err := f.log.Close(ctx); err != nil {
		_, _ = fmt.Fprintf(stderr, "fixture: log lines are missing: %v\n", err)
	}
}

func (f *fixture) shutDownProvider() (time.Duration, error) {
	if f.telemetry == nil {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	begin := time.Now()
	err := f.telemetry.Shutdown(ctx)
	return time.Since(begin), err
}
