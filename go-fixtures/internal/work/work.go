// Package work is what the fixture does for a request: a server span, its children, and a measured amount of processor
// time, sleep and garbage.
package work

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ids"
)

const (
	scope         = "spanfate.dev/fixtures/work"
	requestHeader = "spanfate-request"
	workPattern   = "GET /work"
)

// Handler serves GET /work and GET /healthz.
func Handler(c *config.Config, provider trace.TracerProvider) http.Handler {
	unit := &unit{work: c.Work, tracer: provider.Tracer(scope), attributes: attributes(c.Work)}
	propagator := propagation.NewCompositeTextMapPropagator() // empty: a local root ignores any traceparent
	if c.Root == "remote" {
		propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{})
	}
	instrumented := otelhttp.NewHandler(unit, workPattern,
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithPropagators(propagator),
		// The same in both arms: otelhttp's own metrics must not be part of the witness's price.
		otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
	)
	mux := http.NewServeMux()
	mux.Handle(workPattern, numbered(instrumented))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w) })
	return mux
}

// numbered stands outside otelhttp, because the trace id is made when otelhttp starts the span. A request without a number
// is served too and its trace says that it has none.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := r.Header.Get(requestHeader)
		if text == "" {
			next.ServeHTTP(w, r)
			return
		}
		number, err := strconv.ParseUint(text, 10, 32)
		if err != nil || uint32(number) == ids.NoRequest {
			http.Error(w, fmt.Sprintf("%s must be a decimal number below %d", requestHeader, ids.NoRequest), http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r.WithContext(ids.WithRequest(r.Context(), uint32(number))))
	})
}

func answer(w http.ResponseWriter) { _, _ = io.WriteString(w, "ok\n") } // a client that went away is its own affair

// unit does one request's work inside the server span.
type unit struct {
	work       config.Work
	tracer     trace.Tracer
	attributes []attribute.KeyValue
}

func (u *unit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allocate(u.work.AllocateBytes)
	burn(time.Duration(u.work.CPUUS) * time.Microsecond)
	if u.work.SleepUS > 0 {
		time.Sleep(time.Duration(u.work.SleepUS) * time.Microsecond)
	}
	for range u.work.Spans - 1 {
		u.child(r)
	}
	answer(w)
}

func (u *unit) child(r *http.Request) {
	_, span := u.tracer.Start(r.Context(), "work.child")
	defer span.End()
	span.SetAttributes(u.attributes...)
}

// attributes are made once: making them is not what is measured. They differ from each other, or gzip would hide them.
func attributes(w config.Work) []attribute.KeyValue {
	list := make([]attribute.KeyValue, 0, w.Attributes)
	for i := range w.Attributes {
		var text strings.Builder
		for n := uint64(i) << 32; text.Len() < w.AttributeBytes; n++ {
			fmt.Fprintf(&text, "%016x", ids.Mix(n))
		}
		list = append(list, attribute.String(fmt.Sprintf("spanfate.attribute.%d", i), text.String()[:w.AttributeBytes]))
	}
	return list
}

// burn uses processor time and not time on the wall: a busy loop against the wall clock would do less work exactly when
// the machine is short of processors. The thread is held, because the clock belongs to it.
func burn(amount time.Duration) {
	if amount <= 0 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	end := threadTime() + amount
	for x := uint64(1); threadTime() < end; {
		for range 2000 { // some microseconds between two system calls
			x = ids.Mix(x + 1)
		}
		runtime.KeepAlive(x)
	}
}

func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 1<<63 - 1 // cannot happen on Linux; ends the loop
	}
	return time.Duration(t.Nano())
}

// allocate makes garbage and touches it, so that the pages exist.
func allocate(bytes int64) {
	if bytes <= 0 {
		return
	}
	garbage := make([]byte, bytes)
	for i := 0; i < len(garbage); i += 4096 {
		garbage[i] = 1
	}
	runtime.KeepAlive(garbage)
}
