package samplingctl_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"spanfate.dev/fixtures/samplingctl"
)

func Example() {
	control := samplingctl.New(samplingctl.Options{})
	exporting := sdktrace.NewBatchSpanProcessor(tracetest.NewInMemoryExporter())
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(control.Processor(exporting)))
	defer func() { _ = provider.Shutdown(context.Background()) }()
	mux := http.NewServeMux()
	mux.Handle(samplingctl.Path, control.Handler())
	server := httptest.NewServer(mux)
	defer server.Close()

	body := strings.NewReader(`{"span_name": "redis.GET", "rate": 0.05, "condition": "status_code==500", "for": "10m"}`)
	answer, err := http.Post(server.URL+samplingctl.Path, "application/json", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	fmt.Printf("%s %s", answer.Status, text)
	// Output: 200 OK {"for":"10m0s","set":"redis.GET"}
}
