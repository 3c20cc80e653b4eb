package serve

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/config"
)

type worker func(context.Context) error

func (w worker) Do(ctx context.Context) error { return w(ctx) }

type rig struct {
	server   Server
	address  string
	recorder *tracetest.SpanRecorder
}

func start(t *testing.T, serve string, do worker) *rig {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder), sdktrace.WithSampler(sdktrace.AlwaysSample()))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := New(&config.Config{Serve: serve, Root: "remote"}, do, provider, nil, nil)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = server.Stop(ctx)
	})
	return &rig{server, listener.Addr().String(), recorder}
}

// ask gives a code: OK, InvalidArgument, Unavailable or what gRPC says.
func (r *rig) ask(t *testing.T, serve, number string) codes.Code {
	t.Helper()
	if serve == "grpc" {
		return r.askGRPC(t, call.FullMethod, number)
	}
	request, err := http.NewRequest(http.MethodGet, "http://"+r.address+call.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(call.NumberKey, number)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return codes.Unknown
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return map[int]codes.Code{200: codes.OK, 400: codes.InvalidArgument, 502: codes.Unavailable}[response.StatusCode]
}

func (r *rig) askGRPC(t *testing.T, method, number string) codes.Code {
	t.Helper()
	connection, err := grpc.NewClient(r.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	ctx := metadata.AppendToOutgoingContext(context.Background(), call.NumberKey, number)
	return status.Code(connection.Invoke(ctx, method, new(emptypb.Empty), new(emptypb.Empty)))
}

func (r *rig) stop(t *testing.T) {
	t.Helper()
	if err := r.server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestNumbers(t *testing.T) {
	for _, serve := range []string{"http", "grpc"} {
		t.Run(serve, func(t *testing.T) {
			var numbers []string
			r := start(t, serve, func(ctx context.Context) error {
				numbers = append(numbers, call.Number(ctx))
				return nil
			})
			for _, test := range []struct {
				number string
				want   codes.Code
			}{
				{"", codes.OK}, {"0", codes.OK}, {"4294967294", codes.OK},
				{"4294967295", codes.InvalidArgument}, {"-1", codes.InvalidArgument}, {"x", codes.InvalidArgument},
			} {
				if got := r.ask(t, serve, test.number); got != test.want {
					t.Errorf("number %q: %v, want %v", test.number, got, test.want)
				}
			}
			r.stop(t) // every span has ended then
			if len(numbers) != 3 || numbers[0] != "" || numbers[1] != "0" || numbers[2] != "4294967294" {
				t.Errorf("numbers %q", numbers)
			}
			if got := len(r.recorder.Started()); got != 3 || len(r.recorder.Ended()) != 3 {
				t.Errorf("%d spans started, %d ended; a refused request makes none", got, len(r.recorder.Ended()))
			}
		})
	}
}

func TestFailedWork(t *testing.T) {
	for _, serve := range []string{"http", "grpc"} {
		r := start(t, serve, func(context.Context) error { return errors.New("hop x: gone") })
		if got := r.ask(t, serve, "1"); got != codes.Unavailable {
			t.Errorf("%s: %v", serve, got)
		}
		r.stop(t)
		if len(r.recorder.Ended()) != 1 {
			t.Errorf("%s: %d spans", serve, len(r.recorder.Ended()))
		}
	}
}

// TestStopIsBounded: a handler that does not listen to its context, as one blocked in End, must not hold the stop.
func TestStopIsBounded(t *testing.T) {
	for _, serve := range []string{"http", "grpc"} {
		t.Run(serve, func(t *testing.T) {
			entered, release := make(chan struct{}), make(chan struct{})
			defer close(release)
			r := start(t, serve, func(context.Context) error {
				close(entered)
				<-release
				return nil
			})
			answered := make(chan codes.Code, 1)
			go func() { answered <- r.ask(t, serve, "1") }()
			<-entered
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := r.server.Stop(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("stop: %v", err)
			}
			if got := <-answered; got == codes.OK {
				t.Error("the request was answered")
			}
		})
	}
}
