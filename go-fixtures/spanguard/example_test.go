package spanguard_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"spanfate.dev/fixtures/spanguard"
)

func Example() {
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	keeper := spanguard.New(spanguard.Options{Flush: provider.ForceFlush})

	_, span := keeper.Start(context.Background(), provider.Tracer("shop"), "checkout")
	mail := span.Hold() // for a goroutine that sends a mail later, and forgets to end it
	span.End()

	fmt.Println("open:", keeper.Open())
	if err := keeper.Close(context.Background()); err != nil { // before provider.Shutdown
		fmt.Println(err)
	}
	for _, ended := range exporter.GetSpans() {
		fmt.Println(ended.Name, ended.Attributes[0].Value.AsString())
	}
	mail.End() // does nothing any more
	// Output:
	// open: 1
	// checkout stop
}
