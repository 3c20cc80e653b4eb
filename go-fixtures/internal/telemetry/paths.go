package telemetry

import (
	"context"
	"fmt"
	"os"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/ledger"
	"spanfate.dev/fixtures/internal/witness"
)

// compressions are variables that would reach every exporter made after them. Further paths are set by option alone, and an
// exporter over gRPC cannot be told by option to compress nothing.
var compressions = []string{"OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"}

// path is an export path of the SDK with its hooks.
type path struct {
	config.Path
	number    uint32
	exporter  sdktrace.SpanExporter
	inner     sdktrace.SpanProcessor // the SDK's
	processor sdktrace.SpanProcessor // what the provider calls
}

// describesApart says whether no single path's processor sees every span.
func describesApart(c *config.Config) bool {
	return c.Keep != nil || len(c.Paths) > 0 || c.Design.Holds()
}

// makePaths makes the main path and then the further ones, in the order of their numbers.
func (t *Telemetry) makePaths(ctx context.Context, c *config.Config, w *witness.Witness) ([]path, error) {
	paths := []path{{Path: c.Main()}}
	for i, further := range c.Paths {
		paths = append(paths, path{Path: further, number: uint32(i) + 1})
	}
	for i := range paths {
		if err := t.makePath(ctx, &paths[i], c, w); err != nil {
			return nil, err
		}
		if i > 0 || len(c.Paths) == 0 {
			continue
		}
		for _, name := range compressions { // the main path has read them
			if err := os.Unsetenv(name); err != nil {
				return nil, fmt.Errorf("cannot unset %s: %w", name, err)
			}
		}
	}
	return paths, nil
}

func (t *Telemetry) makePath(ctx context.Context, p *path, c *config.Config, w *witness.Witness) (err error) {
	if p.exporter, err = exporter(ctx, p.Exporter, p.number, p.Endpoint); err != nil {
		return fmt.Errorf("cannot make the %s exporter: %w; check OTEL_EXPORTER_OTLP_*", p.Exporter.Protocol, err)
	}
	p.exporter = t.Faults.Exporter(p.exporter)
	seen := witness.Path{Number: p.number, Blocking: p.Exporter.Blocking(), Simple: p.Simple()}
	if w != nil {
		plant := c.Plant
		if p.number > 0 {
			plant = config.Plant{} // it is for the main path
		}
		p.exporter = w.Exporter(p.exporter, seen, plant.Filter, plant.DoubleSend)
	}
	if p.Simple() {
		p.inner = sdktrace.NewSimpleSpanProcessor(p.exporter)
	} else {
		p.inner = sdktrace.NewBatchSpanProcessor(p.exporter, batchOptions(p.Exporter.Options)...)
	}
	p.processor = p.inner
	if w != nil {
		p.processor = w.Processor(p.inner, seen)
	}
	if p.number == 0 {
		p.processor = t.inFront(c.Design, p.processor, w)
	}
	if p.Keep != nil && w != nil {
		p.processor = w.Filter(p.processor, seen, *p.Keep)
	}
	return nil
}

// makeProviders makes every provider with its paths. They share resource, sampler and ids.
func (t *Telemetry) makeProviders(
	c *config.Config, common []sdktrace.TracerProviderOption, paths []path, w *witness.Witness, traceIDs ids.TraceIDs,
) {
	for number := range c.Providers() {
		generator := sdktrace.IDGenerator(witness.PlainGenerator{IDs: traceIDs})
		if w != nil {
			generator = w.Generator(uint8(number))
		}
		options := append(common[:len(common):len(common)], sdktrace.WithIDGenerator(generator))
		if describesApart(c) {
			options = append(options, sdktrace.WithSpanProcessor(w.Describer()))
		}
		for _, p := range paths {
			if p.Provider == number+1 {
				options = append(options, sdktrace.WithSpanProcessor(p.processor))
			}
		}
		provider := sdktrace.NewTracerProvider(options...)
		if number == 0 {
			t.Provider = provider
		} else {
			t.Further = append(t.Further, Provider{provider, c.ChildrenOf(number + 1)})
		}
	}
}

// recordPaths writes into the log what the paths are made of, where there are several.
func (t *Telemetry) recordPaths(paths []path) error {
	if t.Ledger == nil || len(paths) == 1 {
		return nil
	}
	for _, p := range paths {
		info := ledger.PathInfo{
			Path: p.number, Provider: uint32(p.Provider - 1), Simple: p.Simple(), Filtered: p.Keep != nil,
			Name: p.Name, Exporter: "otlp http",
		}
		if p.Exporter.Protocol == "grpc" {
			info.Exporter = "otlp grpc"
		}
		if p.Simple() {
			info.Batch = 1
		} else {
			used, err := settings(p.inner)
			if err != nil {
				return err
			}
			info.Blocking, info.Queue, info.Batch = used.BlockOnQueueFull, uint32(used.MaxQueueSize), uint32(used.MaxExportBatchSize)
			info.DelayUS, info.TimeoutUS = uint64(used.BatchTimeout.Microseconds()), uint64(used.ExportTimeout.Microseconds())
		}
		t.Ledger.PathInfo(info)
	}
	return nil
}
