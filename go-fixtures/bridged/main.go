// Command bridged is the fixture with the contrib bridge from log/slog to OTLP in it: its log lines go to the endpoint of its
// spans, as log records. It is a module of its own, so that what the bridge requires does not decide which SDKs the fixture
// can be built with.
package main

import (
	"context"
	"log/slog"
	"os"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"

	"spanfate.dev/fixtures/internal/control"
)

func main() {
	os.Exit(control.Run(os.Args, os.Stdout, os.Stderr, bridge))
}

// bridge is set up as the bridge's own page has it, with the defaults of the SDK for logs.
func bridge(ctx context.Context, service string) (slog.Handler, func(context.Context) error, error) {
	exporter, err := otlploghttp.New(ctx)
	if err != nil {
		return nil, nil, err
	}
	provider := log.NewLoggerProvider(
		log.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
		log.WithProcessor(log.NewBatchProcessor(exporter)),
	)
	return otelslog.NewHandler("spanfate.dev/fixtures/bridged", otelslog.WithLoggerProvider(provider)), provider.Shutdown, nil
}
