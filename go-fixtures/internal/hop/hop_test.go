package hop

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"spanfate.dev/fixtures/internal/config"
)

func recorded() (*sdktrace.TracerProvider, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder), sdktrace.WithSampler(sdktrace.AlwaysSample())), recorder
}

func chain(t *testing.T, provider *sdktrace.TracerProvider, to, target string) Chain {
	t.Helper()
	c, err := Open([]config.Hop{{Service: "next", To: to, Target: target}}, provider, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// firstStart says when the first span has started: a gRPC call connects before it has one.
type firstStart struct {
	once sync.Once
	seen chan struct{}
}

func (f *firstStart) OnStart(context.Context, sdktrace.ReadWriteSpan) {
	f.once.Do(func() { close(f.seen) })
}
func (*firstStart) OnEnd(sdktrace.ReadOnlySpan)      {}
func (*firstStart) Shutdown(context.Context) error   { return nil }
func (*firstStart) ForceFlush(context.Context) error { return nil }

func expectOne(t *testing.T, recorder *tracetest.SpanRecorder) {
	t.Helper()
	if len(recorder.Started()) != 1 || len(recorder.Ended()) != 1 {
		t.Errorf("%d spans started, %d ended; want 1", len(recorder.Started()), len(recorder.Ended()))
	}
}

func TestOnlyStatus200IsSuccess(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	provider, recorder := recorded()
	err := chain(t, provider, "http", strings.TrimPrefix(server.URL, "http://")).Call(context.Background())
	if err == nil || !strings.Contains(err.Error(), "302") || !strings.Contains(err.Error(), "hop next") {
		t.Errorf("error %v", err)
	}
	expectOne(t, recorder)
}

// TestCancelledCall: the next service hangs, the caller goes away, and the client span ends.
func TestCancelledCall(t *testing.T) {
	for _, to := range []string{"http", "grpc"} {
		t.Run(to, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = listener.Close() }()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			provider, recorder := recorded()
			started := &firstStart{seen: make(chan struct{})}
			provider.RegisterSpanProcessor(started)
			go func() {
				connection, err := listener.Accept()
				if err == nil {
					_, _ = connection.Read(make([]byte, 1)) // the call has come as far as here; nobody answers it
					select {
					case <-started.seen:
					case <-t.Context().Done():
					}
					cancel()
					defer func() { _ = connection.Close() }()
				}
			}()
			if err := chain(t, provider, to, listener.Addr().String()).Call(ctx); err == nil {
				t.Error("no error")
			}
			expectOne(t, recorder)
		})
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	for _, to := range []string{"http", "grpc"} {
		provider, recorder := recorded()
		if err := chain(t, provider, to, listener.Addr().String()).Call(context.Background()); err == nil {
			t.Errorf("%s: no error", to)
		}
		expectOne(t, recorder)
	}
}
