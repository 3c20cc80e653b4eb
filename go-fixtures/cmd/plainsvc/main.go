// Command plainsvc is an ordinary Go service: it knows nothing of Spanfate. It stands for your own binary, and everything
// about its telemetry is set by OTEL_* variables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// grace is how long requests in flight, and then the spans still queued, have after SIGTERM.
const grace = 10 * time.Second

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to serve on")
	flag.Parse()
	if err := run(*listen); err != nil {
		log.Fatal(err)
	}
}

func run(listen string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exporter, err := newExporter(ctx)
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	if os.Getenv("OTEL_PROPAGATORS") != "none" { // without one it is what Go's default makes of a service
		otel.SetTextMapPropagator(propagation.TraceContext{})
	}
	defer func() { err = errors.Join(err, within(provider.Shutdown)) }() // after the server: no span begins any more

	server := &http.Server{Addr: listen, Handler: handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return within(server.Shutdown)
	}
}

func newExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	switch protocol := os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "grpc":
		return otlptracegrpc.New(ctx)
	case "http/protobuf":
		return otlptracehttp.New(ctx)
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; use grpc or http/protobuf", protocol)
	}
}

func within(shutdown func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return shutdown(ctx)
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /work", otelhttp.NewHandler(http.HandlerFunc(work), "GET /work"))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	return mux
}

func work(w http.ResponseWriter, r *http.Request) {
	total := 0
	for _, step := range []string{"prepare", "compute"} {
		total += sum(r.Context(), step)
	}
	_, _ = fmt.Fprintln(w, total)
}

func sum(ctx context.Context, step string) (total int) {
	_, span := otel.Tracer("plainsvc").Start(ctx, step)
	defer span.End()
	for i := range 20_000 { // some microseconds
		total += i % 7
	}
	return total
}
