package hop

import (
	"context"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/fault"
)

type grpcClient struct{ connection *grpc.ClientConn }

func newGRPC(target string, provider trace.TracerProvider, faults *fault.Set) (*grpcClient, error) {
	connection, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(
			otelgrpc.WithTracerProvider(provider),
			otelgrpc.WithPropagators(faults.Propagator(propagator)),
			otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()), // the same in both arms
		)),
		// otelgrpc makes a span per attempt, and a call shall have one. What gRPC still repeats by itself is a call that
		// no server has seen.
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		grpc.WithNoProxy(), // the services of a chain stand beside each other
	)
	if err != nil {
		return nil, err
	}
	return &grpcClient{connection}, nil
}

func (c *grpcClient) call(ctx context.Context) error {
	if number := call.Number(ctx); number != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, call.NumberKey, number)
	}
	return c.connection.Invoke(ctx, call.FullMethod, new(emptypb.Empty), new(emptypb.Empty), grpc.WaitForReady(false))
}

func (c *grpcClient) close() error { return c.connection.Close() }
