// Package control is a fixture's life: start, ready line, signal, graceful and bounded stop.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"time"

	"go.opentelemetry.io/otel/sdk"
	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ledger"
	"spanfate.dev/fixtures/internal/telemetry"
	"spanfate.dev/fixtures/internal/work"
)

const (
	// serverGrace bounds the wait for requests in flight: spans blocked in End (blocking mode, hung receiver) would
	// otherwise hold the server for ever.
	serverGrace = 2 * time.Second
	// exitGrace is added to all deadlines before the process gives up on an SDK that ignores its own.
	exitGrace = time.Second
)

type ready struct {
	Ready      bool                `json:"ready"`
	PID        int                 `json:"pid"`
	Address    string              `json:"address"`
	GOMAXPROCS int                 `json:"gomaxprocs"`
	Go         string              `json:"go"`
	SDK        string              `json:"sdk"`
	Effective  telemetry.Effective `json:"effective"`
}

type notReady struct {
	Ready bool   `json:"ready"`
	Error string `json:"error"`
}

type stopped struct {
	Stopped       bool    `json:"stopped"`
	ShutdownError *string `json:"shutdown_error"`
	ShutdownNS    int64   `json:"shutdown_ns"`
}

// Run runs the fixture and returns its exit code.
func Run(arguments []string, stdout, stderr io.Writer) int {
	// A reader that went away must not kill the process in the middle of a trial, nor keep it from stopping.
	signal.Ignore(unix.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT) // before ready, so that no early signal kills without a stop
	f, err := start(arguments)
	if err != nil {
		if printErr := line(stdout, notReady{Error: err.Error()}); printErr != nil {
			_, _ = fmt.Fprintln(stderr, "fixture:", err)
		}
		return 1
	}
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(f.listener) }()
	f.telemetry.SetPhase(ledger.PhaseReady)
	err = line(stdout, ready{
		true, os.Getpid(), f.listener.Addr().String(), runtime.GOMAXPROCS(0), runtime.Version(), sdk.Version(),
		f.telemetry.Effective,
	})
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "fixture: cannot print the ready line: %v; read stdout\n", err)
		f.stop(stdout, stderr)
		return 1
	}
	select {
	case <-signals:
	case err = <-served:
		_, _ = fmt.Fprintf(stderr, "fixture: the server stopped by itself: %v; see the address in listen\n", err)
	}
	f.stop(stdout, stderr)
	if err != nil {
		return 1
	}
	return 0
}

type fixture struct {
	telemetry *telemetry.Telemetry
	listener  net.Listener
	server    *http.Server
	timeout   time.Duration
}

func start(arguments []string) (*fixture, error) {
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
	t, err := telemetry.Build(context.Background(), c)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	return &fixture{
		telemetry: t,
		listener:  listener,
		server:    &http.Server{Handler: work.Handler(c, t.Provider), ReadHeaderTimeout: 10 * time.Second},
		timeout:   time.Duration(c.ShutdownTimeoutMS) * time.Millisecond,
	}, nil
}

// stop closes the server, then the provider. Each part has a deadline, and a watchdog ends the process when one of them
// does not keep it.
func (f *fixture) stop(stdout, stderr io.Writer) {
	var once sync.Once
	report := func(err error, took time.Duration) {
		once.Do(func() {
			s := stopped{Stopped: true, ShutdownNS: took.Nanoseconds()}
			if err != nil {
				text := err.Error()
				s.ShutdownError = &text
			}
			if err := line(stdout, s); err != nil {
				_, _ = fmt.Fprintf(stderr, "fixture: cannot print the stopped line: %v; keep stdout open until exit\n", err)
			}
		})
	}
	asked := time.Now()
	watchdog := time.AfterFunc(serverGrace+f.timeout+exitGrace, func() {
		report(errors.New("the SDK's Shutdown ignored its deadline"), time.Since(asked))
		os.Exit(0)
	})
	defer watchdog.Stop()

	f.telemetry.SetPhase(ledger.PhaseServerClosing)
	f.closeServer(stderr)

	f.telemetry.SetPhase(ledger.PhaseProviderStopping)
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	begin := time.Now()
	err := f.telemetry.Shutdown(ctx)
	took := time.Since(begin)
	f.telemetry.SetPhase(ledger.PhaseStopped)
	report(err, took)
}

func (f *fixture) closeServer(stderr io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		_, _ = fmt.Fprintf(stderr, "fixture: requests still in flight after %v were cut: %v; end the load before SIGTERM\n", serverGrace, err)
		_ = f.server.Close() // what it cannot close, the end of the process closes
	}
}

// line prints one JSON object on one line with one write, so that a reader never sees half of it.
func line(to io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = to.Write(append(text, '\n'))
	return err
}
