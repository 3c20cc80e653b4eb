package labelled_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/metric/noop"

	"spanfate.dev/go-fixtures/labelled"
)

func Example() {
	meter := noop.NewMeterProvider().Meter("shop")
	requests, err := labelled.New(meter, "app.request.duration", []string{"control", "treatment"}, []string{"free", "gold"})
	if err != nil {
		panic(err)
	}
	requests.Record(context.Background(), 0.042, labelled.Labels{Group: "treatment", Tier: "gold", Fallback: false})
	fmt.Println(requests.Series(), "series at most")
	// Output: 18 series at most
}
