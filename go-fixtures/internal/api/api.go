// Package api is how the service's own spans are made: by the API of OpenTelemetry, or by another one through a bridge.
package api

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/config"
)

// Providers are one tracer provider, as those who use it see it.
type Providers struct {
	Library trace.TracerProvider // for what instruments the service
	Own     trace.TracerProvider // for the spans that the service makes itself
}

// Started hears of a span that has just begun, with the context that it was begun with.
type Started func(context.Context, trace.SpanContext)

// Bridge puts another API before a provider, by which the service makes its spans. Each of these it tells where the SDK does not
// get the context that the service gave. A fixture without one has no such API: what the bridge requires would join the
// fixtures' version graph.
type Bridge func(trace.TracerProvider, Started) Providers

// Through is the provider as the configuration has it used; bridges are by the words that it has for them.
func Through(c *config.Config, bridges map[string]Bridge, provider trace.TracerProvider, started Started) (Providers, error) {
	if c.API == config.OpenTelemetry {
		return Providers{provider, provider}, nil
	}
	bridge := bridges[c.API]
	if bridge == nil {
		return Providers{}, fmt.Errorf("this fixture has no %s in it; build go-fixtures/bridged in its place", c.API)
	}
	return bridge(provider, started), nil
}
