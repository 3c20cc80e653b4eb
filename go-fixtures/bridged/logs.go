package main

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
)

// lines is set up as the bridge's own page has it, with the defaults of the SDK for logs.
func lines(ctx context.Context, service string) (slog.Handler, func(context.Context) error, error) {
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
