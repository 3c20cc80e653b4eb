// Package serve is how work comes in: over HTTP or over gRPC, with the server instrumentation that users have. Each
// request makes one server span.
package serve

import (
	"context"
	"net"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/fault"
	"spanfate.dev/fixtures/samplingctl"
)

// Server is a service's open side.
type Server interface {
	// Serve returns when the server stops.
	Serve(net.Listener) error
	// Stop lets requests in flight finish until ctx ends; then it cuts them and says so.
	Stop(ctx context.Context) error
}

// Worker does one request's work inside the server span of ctx. Its error means that a service behind this one failed, or
// that a fault made the request fail.
type Worker interface {
	Do(ctx context.Context) error
}

// New makes the server that the configuration names. With faults the gRPC server has a recovery, as net/http's always has.
// control, which may be nil, is mounted over HTTP.
func New(
	c *config.Config, worker Worker, provider trace.TracerProvider, faults *fault.Set, control *samplingctl.Control,
) Server {
	propagator := propagation.NewCompositeTextMapPropagator() // empty: a local root ignores any traceparent
	if c.Root == "remote" {
		propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{})
	}
	if c.Serve == "grpc" {
		return newGRPC(worker, provider, propagator, faults)
	}
	return newHTTP(worker, provider, propagator, control)
}
