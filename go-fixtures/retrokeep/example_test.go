package retrokeep_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"spanfate.dev/fixtures/retrokeep"
)

func Example() {
	exporter := tracetest.NewInMemoryExporter()
	kept := retrokeep.New(sdktrace.NewSimpleSpanProcessor(exporter), retrokeep.Options{})
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(kept)).Tracer("shop")
	for _, fails := range []bool{false, true} {
		ctx, root := tracer.Start(context.Background(), "checkout")
		_, child := tracer.Start(ctx, "pay")
		child.End()
		if fails {
			root.SetStatus(codes.Error, "the card was declined")
		}
		root.End()
	}
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.Name, span.Status.Code)
	}
	fmt.Println(kept.Stats().Waiting, "spans wait")
	// Output:
	// pay Unset
	// checkout Error
	// 2 spans wait
}
