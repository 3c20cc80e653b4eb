package zerocopy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// batch is how many spans the SDK puts into a request by default.
const batch = 512

// SpanData is so many bytes of what a service sends: bodies of export requests as the SDK's exporter writes them, one after the
// other, the last one cut off.
func SpanData(bytes int) ([]byte, error) {
	bodies := make(chan []byte, 1)
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot listen for span data: %w", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is cut off is too short, which is looked at below
		bodies <- body
	})}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithEndpoint(listener.Addr().String()), otlptracehttp.WithInsecure(),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("cannot make an exporter: %w", err)
	}
	kept := new(keeper)
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(kept)).Tracer("spanfate.dev/fixtures/zerocopy")
	data := make([]byte, 0, bytes)
	for len(data) < bytes {
		kept.spans = kept.spans[:0]
		for i := range batch {
			_, span := tracer.Start(context.Background(), "work.child")
			span.SetAttributes(attribute.Int("number", len(data)+i), attribute.String("user.tier", "gold"),
				attribute.Bool("fallback", i%7 == 0), attribute.Float64("score", float64(i)/batch))
			span.End()
		}
		if err := exporter.ExportSpans(context.Background(), kept.spans); err != nil {
			return nil, fmt.Errorf("cannot export spans: %w", err)
		}
		body := <-bodies
		if len(body) < batch {
			return nil, fmt.Errorf("a body of %d bytes holds no %d spans", len(body), batch)
		}
		data = append(data, body[:min(len(body), bytes-len(data))]...)
	}
	return data, nil
}

// keeper keeps the spans that end.
type keeper struct{ spans []sdktrace.ReadOnlySpan }

func (*keeper) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (k *keeper) OnEnd(span sdktrace.ReadOnlySpan)              { k.spans = append(k.spans, span) }
func (*keeper) Shutdown(context.Context) error                  { return nil }
func (*keeper) ForceFlush(context.Context) error                { return nil }
