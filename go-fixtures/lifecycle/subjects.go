package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/trace"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // its codec is wrapped below
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// region is what a runtime trace calls the decoding of a body.
const region = "decode"

// subject is an instrumentation on a real server.
type subject struct {
	name  string
	serve func(provider *sdktrace.TracerProvider, m *marks, on net.Listener) (stop func())
	dial  func(address string, body []string) (client, error)
}

// client sends the same request again and again.
type client struct {
	call  func(context.Context) error
	close func()
}

func subjects() []subject {
	return []subject{
		{"otelhttp, handler", serveHTTP, dialHTTP},
		{"otelgin, middleware", serveGin, dialHTTP},
		{"otelgrpc, stats handler", serveStats, dialGRPC},
		{"own interceptor, gRPC", serveInterceptor, dialGRPC},
	}
}

// decoding marks what read does, as a stage and as a region of a runtime trace.
func decoding(m *marks, read func() error) error {
	m.first(decodeBegin)
	defer m.last(decodeEnd)
	defer trace.StartRegion(context.Background(), region).End()
	return read()
}

func serveHTTP(provider *sdktrace.TracerProvider, m *marks, on net.Listener) func() {
	work := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body []string
		if err := decoding(m, func() error { return json.NewDecoder(r.Body).Decode(&body) }); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, "ok\n") // a client that went away is its own affair
	})
	return serve(&http.Server{Handler: otelhttp.NewHandler(work, "work", otelhttp.WithTracerProvider(provider))}, on)
}

func serveGin(provider *sdktrace.TracerProvider, m *marks, on net.Listener) func() {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(otelgin.Middleware("work", otelgin.WithTracerProvider(provider)))
	engine.POST("/work", func(c *gin.Context) {
		var body []string
		if err := decoding(m, func() error { return c.ShouldBindJSON(&body) }); err != nil {
			c.String(http.StatusBadRequest, err.Error())
			return
		}
		c.String(http.StatusOK, "ok\n")
	})
	return serve(&http.Server{Handler: engine}, on)
}

func serve(server *http.Server, on net.Listener) func() {
	go func() { _ = server.Serve(on) }()
	return func() { _ = server.Close() }
}

func dialHTTP(address string, body []string) (client, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return client{}, err
	}
	transport := new(http.Transport)
	call := func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/work", bytes.NewReader(text))
		if err != nil {
			return err
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("the server answered %s", response.Status)
		}
		return err
	}
	return client{call, transport.CloseIdleConnections}, nil
}

const (
	service = "spanfate.lifecycle.Work"
	method  = "/" + service + "/Do"
)

// description is what protoc would have generated for `service Work { rpc Do(ListValue) returns (Empty); }`.
var description = grpc.ServiceDesc{
	ServiceName: service,
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Do", Handler: func(
		server any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor,
	) (any, error) {
		in := new(structpb.ListValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		handler := func(context.Context, any) (any, error) { return new(emptypb.Empty), nil }
		if interceptor == nil {
			return handler(ctx, in)
		}
		return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: server, FullMethod: method}, handler)
	}}},
}

func serveStats(provider *sdktrace.TracerProvider, m *marks, on net.Listener) func() {
	return serveGRPC(m, on, grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(provider))))
}

// serveInterceptor starts the span where a hand-written interceptor does: behind what gRPC does by itself.
func serveInterceptor(provider *sdktrace.TracerProvider, m *marks, on net.Listener) func() {
	tracer := provider.Tracer("spanfate.dev/fixtures/lifecycle")
	return serveGRPC(m, on, grpc.UnaryInterceptor(
		func(ctx context.Context, in any, about *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			ctx, span := tracer.Start(ctx, about.FullMethod)
			defer span.End()
			return next(ctx, in)
		}))
}

func serveGRPC(m *marks, on net.Listener, option grpc.ServerOption) func() {
	server := grpc.NewServer(option, grpc.ForceServerCodecV2(codec{encoding.GetCodecV2("proto"), m}),
		grpc.MaxRecvMsgSize(most<<10+1<<20))
	server.RegisterService(&description, struct{}{})
	go func() { _ = server.Serve(on) }()
	return server.Stop
}

// codec is gRPC's own, watched.
type codec struct {
	encoding.CodecV2
	marks *marks
}

func (c codec) Unmarshal(data mem.BufferSlice, into any) error {
	return decoding(c.marks, func() error { return c.CodecV2.Unmarshal(data, into) })
}

func dialGRPC(address string, body []string) (client, error) {
	list := new(structpb.ListValue)
	for _, text := range body {
		list.Values = append(list.Values, structpb.NewStringValue(text))
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return client{}, err
	}
	call := func(ctx context.Context) error { return connection.Invoke(ctx, method, list, new(emptypb.Empty)) }
	return client{call, func() { _ = connection.Close() }}, nil
}
