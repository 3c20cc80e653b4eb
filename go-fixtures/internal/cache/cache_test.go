package cache

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/store"
)

func open(t *testing.T, work config.Work) (*Cache, *tracetest.SpanRecorder, *sdktrace.TracerProvider) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := store.New(work)
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // cut what is in work
		_ = s.Stop(ctx)
	})
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder), sdktrace.WithSampler(sdktrace.AlwaysSample()))
	c, err := Open(&config.Cache{Store: listener.Addr().String(), Pool: 1, Entries: 10, Keys: 1 << 40}, provider, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, recorder, provider
}

func TestAttributes(t *testing.T) {
	c, recorder, _ := open(t, config.Work{})
	for range 2 {
		if err := c.Get(ids.WithRequest(context.Background(), 1)); err != nil {
			t.Fatal(err)
		}
	}
	spans := recorder.Ended() // in the order of their ends
	names := ""
	for _, s := range spans {
		names += s.Name() + " "
	}
	if names != "cache.lru pool.wait store.GET cache.Get cache.lru cache.Get " {
		t.Fatalf("spans: %s", names)
	}
	for at, hit := range map[int]bool{3: false, 5: true} {
		got := attribute.NewSet(spans[at].Attributes()...)
		if value, ok := got.Value("cache.hit"); !ok || value.AsBool() != hit {
			t.Errorf("span %d: cache.hit %v, %v", at, value, ok)
		}
	}
	get := attribute.NewSet(spans[2].Attributes()...)
	for key, want := range map[attribute.Key]string{
		"db.system.name": "redis", "db.operation.name": "GET", "server.address": "127.0.0.1",
	} {
		if value, _ := get.Value(key); value.AsString() != want {
			t.Errorf("%s is %q, want %q", key, value.AsString(), want)
		}
	}
	if port, _ := get.Value("server.port"); port.AsInt64() == 0 || spans[2].SpanKind() != trace.SpanKindClient {
		t.Errorf("store.GET is %v to port %v", spans[2].SpanKind(), port)
	}
}

// begun says the name of each span that starts.
type begun struct {
	sdktrace.SpanProcessor
	names chan string
}

func (b begun) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) { b.names <- s.Name() }

// TestCancelledRequest: whoever goes away while the store works, or while another holds the only connection, gets an
// error, the spans end, and the connection's place in the pool is free again.
func TestCancelledRequest(t *testing.T) {
	c, recorder, provider := open(t, config.Work{SleepUS: time.Hour.Microseconds()})
	starts := begun{sdktrace.NewSimpleSpanProcessor(tracetest.NewNoopExporter()), make(chan string, 100)}
	provider.RegisterSpanProcessor(starts)
	ctx, cancel := context.WithCancel(ids.WithRequest(context.Background(), 2))
	defer cancel()
	done := make(chan error)
	for range 2 {
		go func() { done <- c.Get(ctx) }()
	}
	for waiting := map[string]int{"pool.wait": 2, "store.GET": 1}; waiting["pool.wait"]+waiting["store.GET"] > 0; {
		waiting[<-starts.names]--
	}
	cancel()
	for range 2 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	if got, want := len(recorder.Ended()), 4+3; got != want || len(recorder.Started()) != want {
		t.Errorf("%d spans ended of %d, want %d", got, len(recorder.Started()), want)
	}
	for _, s := range recorder.Ended() {
		if s.Name() == "cache.Get" && s.Status().Code != codes.Error {
			t.Errorf("status %+v", s.Status())
		}
	}
	connection, err := c.pool.GetContext(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := connection.Do("PING"); answer != "PONG" || err != nil {
		t.Errorf("afterwards: %v, %v", answer, err)
	}
}

func TestNoCache(t *testing.T) {
	c, err := Open(nil, nil, nil)
	if c != nil || err != nil || c.Get(context.Background()) != nil || c.Close() != nil {
		t.Errorf("no configuration gives %v, %v", c, err)
	}
}

func TestKeys(t *testing.T) {
	c := &Cache{keys: 7}
	if got := c.key(context.Background()); got != "key:0" {
		t.Errorf("without a number: %s", got)
	}
	seen := make(map[string]int)
	for request := range uint32(7000) {
		seen[c.key(ids.WithRequest(context.Background(), request))]++
	}
	if len(seen) != 7 {
		t.Errorf("%d keys, want 7", len(seen))
	}
}
