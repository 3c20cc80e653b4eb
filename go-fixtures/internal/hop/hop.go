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
)

// propagator makes the trace go on in the next service.
var propagator = propagation.TraceContext{}

type client interface {
	call(ctx context.Context) error
	close() error
}

type hop struct {
	service string
	client  client
}

// Chain is the hops of a service, in the order in which they are called.
type Chain []hop

// Open makes one client per hop. Nothing is called yet.
func Open(hops []config.Hop, provider trace.TracerProvider) (Chain, error) {
	var chain Chain
	for _, h := range hops {
		client, err := open(h, provider)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot make a client for hop %s: %w; check its target", h.Service, err), chain.Close())
		}
		chain = append(chain, hop{h.Service, client})
	}
	return chain, nil
}

func open(h config.Hop, provider trace.TracerProvider) (client, error) {
	if h.To == "grpc" {
		return newGRPC(h.Target, provider)
	}
	return newHTTP(h.Target, provider), nil
}

// Call calls one hop after the other. The first that fails ends it: the request has failed then.
func (c Chain) Call(ctx context.Context) error {
	for _, h := range c {
		if err := h.client.call(ctx); err != nil {
			return fmt.Errorf("hop %s: %w", h.service, err)
		}
	}
	return nil
}

// Close ends the clients.
func (c Chain) Close() error {
	var errs []error
	for _, h := range c {
		errs = append(errs, h.client.close())
	}
	return errors.Join(errs...)
}
