// Package control is a fixture's life: start, ready line, signal, graceful and bounded stop.
package control

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"time"

	"go.opentelemetry.io/otel/sdk"
	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/api"
	"spanfate.dev/fixtures/internal/ledger"
	"spanfate.dev/fixtures/internal/logs"
	"spanfate.dev/fixtures/internal/telemetry"
)

const (
	// serverGrace bounds the wait for requests in flight: spans blocked in End (blocking mode, hung receiver) would
	// otherwise hold the server for ever.
	serverGrace = 2 * time.Second
	// exitGrace is added to all deadlines before the process gives up on an SDK that ignores its own.
	exitGrace = time.Second
)

type ready struct {
	Ready      bool                 `json:"ready"`
	PID        int                  `json:"pid"`
	Address    string               `json:"address"`
	GOMAXPROCS int                  `json:"gomaxprocs"`
	Go         string               `json:"go"`
	SDK        string               `json:"sdk"`
	Effective  *telemetry.Effective `json:"effective"`
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

// Bridges are what only a program of its own has built in; nil: it has not.
type Bridges struct {
	Logs logs.Bridge
	APIs map[string]api.Bridge // by the words of the configuration
}

// Run runs the fixture and returns its exit code.
func Run(arguments []string, stdout, stderr io.Writer, bridges Bridges) int {
	// A reader that went away must not kill the process in the middle of a trial, nor keep it from stopping.
	signal.Ignore(unix.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT) // before ready, so that no early signal kills without a stop
	out := &printer{to: stdout}
	f, err := start(arguments, bridges)
	if err != nil {
		if printErr := out.line(notReady{Error: err.Error()}); printErr != nil {
			_, _ = fmt.Fprintln(stderr, "fixture:", err)
		}
		return 1
	}
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(f.listener) }()
	f.setPhase(ledger.PhaseReady)
	err = out.line(ready{
		true, os.Getpid(), f.listener.Addr().String(), runtime.GOMAXPROCS(0), runtime.Version(), sdk.Version(),
		f.effective(),
	})
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "fixture: cannot print the ready line: %v; read stdout\n", err)
		f.stop(out, stderr)
		return 1
	}
	stopSwitch := f.startSwitch(stderr)
	if f.faults != nil {
		go obey(f.faults, os.Stdin, out, stderr)
	}
	select {
	case <-signals:
	case err = <-served:
		_, _ = fmt.Fprintf(stderr, "fixture: the server stopped by itself: %v; see the address in listen\n", err)
	}
	stopSwitch() // before the server that it asks
	f.stop(out, stderr)
	if err != nil {
		return 1
	}
	return 0
}

// printer prints the lines of several goroutines.
type printer struct {
	lock sync.Mutex
	to   io.Writer
}

// line prints one JSON object on one line with one write, so that a reader never sees half of it.
func (p *printer) line(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	_, err = p.to.Write(append(text, '\n'))
	return err
}
