package telemetry

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/config"
)

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func batchOptions(o config.Options) []sdktrace.BatchSpanProcessorOption {
	var options []sdktrace.BatchSpanProcessorOption
	if o.Queue != nil {
		options = append(options, sdktrace.WithMaxQueueSize(*o.Queue))
	}
	if o.Batch != nil {
		options = append(options, sdktrace.WithMaxExportBatchSize(*o.Batch))
	}
	if o.DelayMS != nil {
		options = append(options, sdktrace.WithBatchTimeout(milliseconds(*o.DelayMS)))
	}
	if o.ExportTimeoutMS != nil {
		options = append(options, sdktrace.WithExportTimeout(milliseconds(*o.ExportTimeoutMS)))
	}
	if o.OnFull != nil && *o.OnFull == "block" {
		options = append(options, sdktrace.WithBlocking())
	}
	return options
}

// sampler is nil when the configuration names none: then the SDK reads OTEL_TRACES_SAMPLER itself.
func sampler(o config.Options) (sdktrace.Sampler, error) {
	if o.Sampler == nil {
		return nil, nil
	}
	argument := 1.0
	if o.SamplerArg != nil {
		argument = *o.SamplerArg
	}
	switch *o.Sampler {
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(argument), nil
	case "parentbased_always_on":
		return sdktrace.ParentBased(sdktrace.AlwaysSample()), nil
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample()), nil
	case "parentbased_traceidratio":
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(argument)), nil
	}
	return nil, fmt.Errorf("sampler %q is not known; use one of %q", *o.Sampler, config.Samplers)
}

// pathHeader tells the receiver the number of a further export path.
const pathHeader = "spanfate-path"

// exporter is that of a path; the main path's, number 0, sends no header. Without an endpoint the environment says where to.
func exporter(ctx context.Context, c config.Exporter, path uint32, endpoint string) (sdktrace.SpanExporter, error) {
	var headers map[string]string
	if path > 0 {
		headers = map[string]string{pathHeader: strconv.FormatUint(uint64(path), 10)}
	}
	if c.Protocol == "grpc" {
		options := grpcOptions(c.Options)
		if headers != nil {
			options = append(options, otlptracegrpc.WithHeaders(headers))
		}
		if endpoint != "" {
			options = append(options, otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure())
		}
		return otlptracegrpc.New(ctx, options...)
	}
	options := httpOptions(c.Options)
	if headers != nil {
		options = append(options, otlptracehttp.WithHeaders(headers))
	}
	if endpoint != "" {
		options = append(options, otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure())
	}
	return otlptracehttp.New(ctx, options...)
}

func grpcOptions(o config.Options) []otlptracegrpc.Option {
	var options []otlptracegrpc.Option
	if o.TimeoutMS != nil {
		options = append(options, otlptracegrpc.WithTimeout(milliseconds(*o.TimeoutMS)))
	}
	// "none" is this exporter's default; asking for it by option makes the exporter complain about an unknown name.
	if o.Compression != nil && *o.Compression == "gzip" {
		options = append(options, otlptracegrpc.WithCompressor("gzip"))
	}
	if o.Retry != nil {
		options = append(options, otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig(retry(o.Retry))))
	}
	return options
}

func httpOptions(o config.Options) []otlptracehttp.Option {
	var options []otlptracehttp.Option
	if o.TimeoutMS != nil {
		options = append(options, otlptracehttp.WithTimeout(milliseconds(*o.TimeoutMS)))
	}
	if o.Compression != nil {
		compression := otlptracehttp.NoCompression
		if *o.Compression == "gzip" {
			compression = otlptracehttp.GzipCompression
		}
		options = append(options, otlptracehttp.WithCompression(compression))
	}
	if o.Retry != nil {
		options = append(options, otlptracehttp.WithRetry(otlptracehttp.RetryConfig(retry(o.Retry))))
	}
	return options
}

// retryConfig has the fields of both exporters' RetryConfig, so that one function serves both.
type retryConfig = struct {
	Enabled         bool
	InitialInterval time.Duration
	MaxInterval     time.Duration
	MaxElapsedTime  time.Duration
}

func retry(r *config.Retry) retryConfig {
	return retryConfig{
		r.Enabled, milliseconds(r.InitialMS), milliseconds(r.MaxIntervalMS), milliseconds(r.MaxElapsedMS),
	}
}
