package serve

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/fault"
	"spanfate.dev/fixtures/samplingctl"
)

// WorkSpan is the name of the server span, and the pattern of the request.
const WorkSpan = "GET " + call.Path

type httpServer struct{ server *http.Server }

func newHTTP(
	worker Worker, provider trace.TracerProvider, propagator propagation.TextMapPropagator, control *samplingctl.Control,
) httpServer {
	work := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := worker.Do(r.Context()); err != nil {
			status := http.StatusBadGateway
			if errors.Is(err, fault.ErrFailed) {
				status = http.StatusInternalServerError
			}
			http.Error(w, err.Error(), status)
			return
		}
		answer(w)
	})
	instrumented := otelhttp.NewHandler(work, WorkSpan,
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithPropagators(propagator),
		// The same in both arms: otelhttp's own metrics must not be part of the witness's price.
		otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
	)
	mux := http.NewServeMux()
	mux.Handle(WorkSpan, numbered(instrumented))
	if control != nil {
		mux.Handle(samplingctl.Path, control.Handler())
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w) })
	return httpServer{&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}}
}

// numbered stands outside otelhttp, because the trace id is made when otelhttp starts the span.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, id := r.Header.Get(call.NumberKey), r.Header.Get(call.RequestIDKey)
		if text == "" && id == "" {
			next.ServeHTTP(w, r)
			return
		}
		ctx, err := call.WithNumber(call.WithRequestID(r.Context(), id), text)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func answer(w http.ResponseWriter) { _, _ = io.WriteString(w, "ok\n") } // a client that went away is its own affair

func (s httpServer) Serve(listener net.Listener) error { return s.server.Serve(listener) }

func (s httpServer) Stop(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		return errors.Join(err, s.server.Close()) // what it cannot close, the end of the process closes
	}
	return nil
}
