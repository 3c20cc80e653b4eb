// Command causes has a tracer provider for each way in which an export fails, makes a span with each, and shuts them down.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Longest time of an export. Those that shall be refused or closed are so at once.
const patience = 400 * time.Millisecond

func overGrpc(url string, own ...otlptracegrpc.Option) sdktrace.SpanExporter {
	options := []otlptracegrpc.Option{
		otlptracegrpc.WithEndpointURL(url), otlptracegrpc.WithTimeout(patience),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{}),
	}
	return must(otlptracegrpc.New(context.Background(), append(options, own...)...))
}

func overHTTP(url string, own ...otlptracehttp.Option) sdktrace.SpanExporter {
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(url), otlptracehttp.WithTimeout(patience),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}),
	}
	return must(otlptracehttp.New(context.Background(), append(options, own...)...))
}

// answering is a server that answers every request with a status.
func answering(status int) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "413 timeout exceeds: connection refused")
	}))
	return server.URL
}

// connected does something with every connection.
func connected(do func(net.Conn)) string {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go do(connection)
		}
	}()
	return "http://" + listener.Addr().String()
}

// closed is where nobody listens: the port stays taken while the program lives, so that nobody else gets it.
func closed() string {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

// foreign is an exporter of this program's own; none of the SDK's is in it.
type foreign struct{ failing func() error }

type foreignError struct{ text string }

func (e *foreignError) Error() string { return e.text }

func (f foreign) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return f.failing() }

func (foreign) Shutdown(context.Context) error { return nil }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	ctx := context.Background()
	hang := func(connection net.Conn) { _, _ = io.Copy(io.Discard, connection) }
	hangUp := func(connection net.Conn) { _ = connection.Close() }
	plain := answering(http.StatusOK)
	exporters := []sdktrace.SpanExporter{
		overGrpc(closed()),
		overHTTP(closed()),
		overHTTP(connected(hang)),
		overHTTP(connected(hangUp)),
		overHTTP("https" + plain[len("http"):]),
		overGrpc("https" + plain[len("http"):]),
		overHTTP("http://otel..collector:4137"),
		overHTTP(answering(http.StatusUnauthorized)),
		overHTTP(answering(http.StatusRequestEntityTooLarge)),
		overHTTP(answering(http.StatusInternalServerError)),
		overHTTP(answering(http.StatusServiceUnavailable)),
		overGrpc(plain, otlptracegrpc.WithMaxRequestSize(1)),
		must(otlptracegrpc.New(ctx)),
		foreign{func() error {
			_, err := net.Dial("tcp", closed()[len("http://"):])
			return errors.Join(fmt.Errorf("one shard: %w", context.DeadlineExceeded), fmt.Errorf("another: %w", err))
		}},
		foreign{func() error { return &foreignError{"disk full at 413, timeout exceeds EOF"} }},
	}
	for at, exporter := range exporters {
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
		name := fmt.Sprintf("work %d", at)
		if at == 12 {
			name = "\xe4\xbd" // cut in the middle of a letter
		}
		_, span := provider.Tracer("causes").Start(ctx, name)
		span.End()
		_ = provider.Shutdown(ctx)
	}
}
