package request

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// tapped keeps every byte that comes over its connections, as a capture of packets would.
type tapped struct {
	net.Listener
	mu    sync.Mutex
	bytes bytes.Buffer
}

type tap struct {
	net.Conn
	all *tapped
}

func (t *tapped) Accept() (net.Conn, error) {
	connection, err := t.Listener.Accept()
	return tap{connection, t}, err
}

func (t tap) Read(into []byte) (int, error) {
	n, err := t.Conn.Read(into)
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	t.all.bytes.Write(into[:n])
	return n, err
}

// Packets exports spans over HTTP and counts how many of their names are seen in the bytes on the wire. Figures: spans,
// seen_plain, seen_gzip.
func Packets(string) (answer.Answer, error) {
	figures := map[string]float64{"spans": captured}
	ways := map[string]otlptracehttp.Compression{
		"seen_plain": otlptracehttp.NoCompression, "seen_gzip": otlptracehttp.GzipCompression,
	}
	for name, way := range ways {
		seen, err := capture(way)
		if err != nil {
			return answer.Answer{}, err
		}
		figures[name] = float64(seen)
	}
	return answer.Answer{Figures: figures}, nil
}

// captured is how many spans are sent.
const captured = 100

func capture(way otlptracehttp.Compression) (int, error) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	all := &tapped{Listener: server.Listener}
	server.Listener = all
	server.Start()
	defer server.Close()
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithInsecure(),
		otlptracehttp.WithEndpoint(all.Addr().String()), otlptracehttp.WithCompression(way))
	if err != nil {
		return 0, err
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	name := func(at int) string { return fmt.Sprintf("span-number-%03d-of-the-look", at) }
	for at := range captured {
		_, span := provider.Tracer("look").Start(ctx, name(at))
		span.End()
	}
	if err := provider.Shutdown(ctx); err != nil {
		return 0, err
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	seen := 0
	for at := range captured {
		if bytes.Contains(all.bytes.Bytes(), []byte(name(at))) {
			seen++
		}
	}
	return seen, nil
}
