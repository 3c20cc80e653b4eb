package main

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// wire are how many spans calls of gRPC were begun with, and with how many the receiver answered that it has them; and how many
// an exporter of this program's own took out on purpose. A span that two exporters send counts twice.
var wire []uint64

const (
	wireSent = iota
	wireTaken
	wireRemoved
	wireWords
)

// countWire says where the counts lie: in a file that outlives the process, where one is named.
func countWire(file string) {
	wire = make([]uint64, wireWords)
	if file != "" {
		wire = mapped(file, wireWords)
	}
}

// counted makes an exporter over gRPC count.
func counted() otlptracegrpc.Option {
	return otlptracegrpc.WithDialOption(grpc.WithUnaryInterceptor(func(
		ctx context.Context, method string, request, answer any, connection *grpc.ClientConn,
		call grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		var spans uint64
		for _, resource := range request.(*coltracepb.ExportTraceServiceRequest).GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				spans += uint64(len(scope.GetSpans()))
			}
		}
		atomic.AddUint64(&wire[wireSent], spans)
		err := call(ctx, method, request, answer, connection, options...)
		if err == nil {
			atomic.AddUint64(&wire[wireTaken], spans)
		}
		return err
	}))
}
