// Package hop calls the next services of a chain with the instrumentation that users have: otelhttp's transport and
// otelgrpc's stats handler. Each call makes one client span.
package hop

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/fault"
)

// propagator makes the trace go on in the next service.
var propagator = propagation.TraceContext{}

type client interface {
	call(ctx context.Context) error
	close() error
}

type hop struct {
	service  string
	client   client
	overHTTP bool
}

// Chain is the hops of a service, in the order in which they are called.
type Chain struct {
	hops   []hop
	faults *fault.Set
}

// Open makes one client per hop. Nothing is called yet. faults may lose the context of calls or leave answers unread.
func Open(hops []config.Hop, provider trace.TracerProvider, faults *fault.Set) (Chain, error) {
	chain := Chain{faults: faults}
	for _, h := range hops {
		client, err := open(h, provider, faults)
		if err != nil {
			return Chain{}, errors.Join(fmt.Errorf("cannot make a client for hop %s: %w; check its target", h.Service, err), chain.Close())
		}
		chain.hops = append(chain.hops, hop{h.Service, client, h.To != "grpc"})
	}
	return chain, nil
}

func open(h config.Hop, provider trace.TracerProvider, faults *fault.Set) (client, error) {
	if h.To == "grpc" {
		return newGRPC(h.Target, provider, faults)
	}
	return newHTTP(h.Target, provider, faults), nil
}

// Call calls one hop after the other. The first that fails ends it: the request has failed then.
func (c Chain) Call(ctx context.Context) error {
	for _, h := range c.hops {
		if err := h.client.call(c.faults.Outgoing(ctx, h.overHTTP)); err != nil {
			return fmt.Errorf("hop %s: %w", h.service, err)
		}
	}
	return nil
}

// Close ends the clients.
func (c Chain) Close() error {
	var errs []error
	for _, h := range c.hops {
		errs = append(errs, h.client.close())
	}
	return errors.Join(errs...)
}
