// Command receiver sends bodies to the Collector's own OTLP receiver, over HTTP and over gRPC, and says what it took.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"spanfate.dev/go-fixtures/collector/answer"
)

const export = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	collector, err := start(ctx)
	if err != nil {
		return err
	}
	if err := answer.Each(os.Stdin, os.Stdout, collector.take); err != nil {
		return err
	}
	return errors.Join(collector.calls.Close(), collector.receiver.Shutdown(ctx))
}

// collector is a running OTLP receiver whose spans stay here.
type collector struct {
	receiver receiver.Traces
	calls    *grpc.ClientConn
	traces   string
	taken    []string
}

func start(ctx context.Context) (*collector, error) {
	c := &collector{}
	next, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		c.taken = answer.Spans(traces)
		return nil
	})
	if err != nil {
		return nil, err
	}
	overHTTP, overGRPC, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	config.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = overHTTP
	config.Protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = overGRPC
	settings := receiver.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
		BuildInfo:         component.NewDefaultBuildInfo(),
	}
	if c.receiver, err = factory.CreateTraces(ctx, settings, config, next); err != nil {
		return nil, err
	}
	if err := c.receiver.Start(ctx, componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	c.traces = "http://" + overHTTP + "/v1/traces"
	c.calls, err = grpc.NewClient(overGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	return c, err
}

// take sends a body; protobuf over both transports, which must agree.
func (c *collector) take(isJSON bool, body []byte) ([]string, error) {
	spans, err := c.post(isJSON, body)
	if err != nil || isJSON {
		return spans, err
	}
	called, err := c.call(body)
	if err == nil && (!slices.Equal(called, spans) || (called == nil) != (spans == nil)) {
		err = fmt.Errorf("HTTP took %v, gRPC took %v of %x", spans, called, body)
	}
	return spans, err
}

func (c *collector) post(isJSON bool, body []byte) ([]string, error) {
	media := "application/x-protobuf"
	if isJSON {
		media = "application/json"
	}
	c.taken = []string{}
	response, err := http.Post(c.traces, media, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusOK:
		return c.taken, nil
	case http.StatusBadRequest:
		return nil, nil
	case http.StatusInternalServerError:
		// It refuses, and cannot encode the text of it where that quotes bytes that are not UTF-8.
		return nil, nil
	default:
		return nil, fmt.Errorf("the receiver answered %s", response.Status)
	}
}

func (c *collector) call(body []byte) ([]string, error) {
	c.taken = []string{}
	err := c.calls.Invoke(context.Background(), export, &body, new([]byte))
	switch status.Code(err) {
	case codes.OK:
		return c.taken, nil
	case codes.Internal:
		// What the codec of a gRPC server cannot read.
		return nil, nil
	default:
		return nil, err
	}
}

// raw sends bytes as they are.
type raw struct{}

func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (raw) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = slices.Clone(data)
	return nil
}

func (raw) Name() string { return "proto" }
