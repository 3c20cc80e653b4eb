package hybridsampling_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"spanfate.dev/fixtures/hybridsampling"
)

func Example() {
	sampler := hybridsampling.New(hybridsampling.Options{Names: []string{"payment.Charge"}, Rate: 0})
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSyncer(exporter))
	tracer := provider.Tracer("shop")
	for _, name := range []string{"cart.Load", "payment.Charge"} {
		_, span := tracer.Start(context.Background(), name)
		span.End()
	}
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.Name)
	}
	// Output: payment.Charge
}
