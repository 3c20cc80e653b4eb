package serve

import (
	"context"
	"errors"
	"net"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/types/known/emptypb"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/fault"
)

// description is what protoc would have generated for `service Work { rpc Do(Empty) returns (Empty); }`.
var description = grpc.ServiceDesc{
	ServiceName: call.Service,
	HandlerType: (*Worker)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: call.Method, Handler: do}},
}

func do(worker any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	in := new(emptypb.Empty)
	if err := decode(in); err != nil {
		return nil, err
	}
	handler := func(ctx context.Context, _ any) (any, error) {
		if err := worker.(Worker).Do(ctx); err != nil {
			code := codes.Unavailable
			if errors.Is(err, fault.ErrFailed) {
				code = codes.Internal
			}
			return nil, status.Error(code, err.Error())
		}
		return new(emptypb.Empty), nil
	}
	if interceptor == nil {
		return handler(ctx, in)
	}
	return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: worker, FullMethod: call.FullMethod}, handler)
}

// recovery answers Internal when a handler panics, as services have it: gRPC itself lets the process die.
func recovery(faults *fault.Set) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (out any, err error) {
		defer func() {
			if value := recover(); value != nil {
				faults.Recovered(value)
				out, err = nil, status.Errorf(codes.Internal, "the handler panicked: %v", value)
			}
		}()
		return next(ctx, in)
	}
}

type grpcServer struct{ server *grpc.Server }

func newGRPC(
	worker Worker, provider trace.TracerProvider, propagator propagation.TextMapPropagator, faults *fault.Set,
) grpcServer {
	options := []grpc.ServerOption{
		grpc.InTapHandle(takeNumber),
		grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(provider),
			otelgrpc.WithPropagators(propagator),
			otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()), // the same in both arms
		)),
	}
	if faults != nil {
		options = append(options, grpc.UnaryInterceptor(recovery(faults)))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&description, worker)
	return grpcServer{server}
}

// takeNumber runs before otelgrpc starts the span, where the trace id is made, and can still refuse the request. A stats
// handler could not refuse, and an interceptor would come too late.
func takeNumber(ctx context.Context, info *tap.Info) (context.Context, error) {
	if ids := info.Header.Get(call.RequestIDKey); len(ids) > 0 {
		ctx = call.WithRequestID(ctx, ids[0])
	}
	values := info.Header.Get(call.NumberKey)
	if len(values) == 0 {
		return ctx, nil
	}
	numbered, err := call.WithNumber(ctx, values[0])
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return numbered, nil
}

func (s grpcServer) Serve(listener net.Listener) error { return s.server.Serve(listener) }

// Stop does not wait for handlers that ctx did not wait for: one blocked in End would hold it for ever. gRPC's Stop is not
// waited for either: GracefulStop holds the server's lock while it waits for handlers, and Stop may need that lock.
func (s grpcServer) Stop(ctx context.Context) error {
	stopped := make(chan struct{})
	go func() { s.server.GracefulStop(); close(stopped) }()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		go s.server.Stop() // closes the connections
		return ctx.Err()
	}
}
