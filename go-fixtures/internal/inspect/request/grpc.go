package request

import (
	"context"
	"net"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that is made slow
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// decoding is how long the server takes to read a message.
const decoding = 200 * time.Millisecond

// slowCodec reads messages slowly, and notes when it read one.
type slowCodec struct {
	encoding.CodecV2
	seen *decoded
}

// decoded is when a message was read. A span holds that if it began before and ended after it, however slow the machine is.
type decoded struct {
	sync.Mutex
	began, ended time.Time
	messages     int
}

func (d *decoded) within(from, to time.Time) bool {
	d.Lock()
	defer d.Unlock()
	return !from.After(d.began) && !to.Before(d.ended)
}

func (c slowCodec) Unmarshal(data mem.BufferSlice, into any) error {
	began := time.Now()
	<-time.After(decoding)
	err := c.CodecV2.Unmarshal(data, into)
	c.seen.Lock()
	defer c.seen.Unlock()
	c.seen.began, c.seen.ended = began, time.Now()
	c.seen.messages++
	return err
}

// GRPC calls a server that decodes slowly, with a span of otelgrpc and one that an interceptor starts. Figures: decoding_ms, messages
// (that it decoded),
// otelgrpc_ms, interceptor_ms (lengths of the spans), otelgrpc_decodes, interceptor_decodes (1: the decoding is inside).
func GRPC(string) (answer.Answer, error) {
	exporter := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
	const own = "interceptor"
	seen := &decoded{}
	intercept := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		ctx, span := provider.Tracer("look").Start(ctx, own)
		defer span.End()
		return handle(ctx, request)
	}
	server := grpc.NewServer(
		grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(provider))),
		grpc.UnaryInterceptor(intercept),
		grpc.ForceServerCodecV2(slowCodec{encoding.GetCodecV2("proto"), seen}),
	)
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return answer.Answer{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := call(listener.Addr().String()); err != nil {
		server.Stop()
		return answer.Answer{}, err
	}
	// It waits for its calls, and so for the ends of their spans.
	server.GracefulStop()
	if err := <-ended; err != nil {
		return answer.Answer{}, err
	}
	figures := map[string]float64{"decoding_ms": float64(decoding.Milliseconds()), "messages": float64(seen.messages)}
	for _, span := range exporter.GetSpans() {
		name := "otelgrpc"
		if span.Name == own {
			name = own
		}
		length := span.EndTime.Sub(span.StartTime)
		figures[name+"_ms"] = float64(length.Microseconds()) / 1e3
		figures[name+"_decodes"] = answer.Bit(seen.within(span.StartTime, span.EndTime))
	}
	return answer.Answer{Figures: figures}, nil
}

func call(address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{})
	return err
}
