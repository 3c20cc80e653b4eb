package telemetry

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Effective is what the SDK really uses, read back from the SDK and not from the configuration.
type Effective struct {
	Protocol        string `json:"protocol"`
	Queue           int    `json:"queue"`
	Batch           int    `json:"batch"`
	DelayMS         int64  `json:"delay_ms"`
	ExportTimeoutMS int64  `json:"export_timeout_ms"`
	Block           bool   `json:"block"`
	ExporterType    string `json:"exporter_type"`
	Sampler         string `json:"sampler"`
}

type marshaler interface{ MarshalLog() any }

// readBack asks the SDK's own log representation. Its types have no names but are made of exported fields, so an identical
// type here converts; when a later SDK changes them, this fails at the start and not silently.
func readBack(
	protocol string, batch sdktrace.SpanProcessor, exporter sdktrace.SpanExporter, provider *sdktrace.TracerProvider,
) (Effective, error) {
	unknown := errors.New("the SDK no longer shows its batch processor's settings; adapt internal/telemetry/effective.go")
	m, ok := batch.(marshaler)
	if !ok {
		return Effective{}, unknown
	}
	shown, ok := m.MarshalLog().(struct {
		Type         string
		SpanExporter string
		Config       sdktrace.BatchSpanProcessorOptions
	})
	if !ok {
		return Effective{}, unknown
	}
	return Effective{
		Protocol:        protocol,
		Queue:           shown.Config.MaxQueueSize,
		Batch:           shown.Config.MaxExportBatchSize,
		DelayMS:         shown.Config.BatchTimeout.Milliseconds(),
		ExportTimeoutMS: shown.Config.ExportTimeout.Milliseconds(),
		Block:           shown.Config.BlockOnQueueFull,
		ExporterType:    exporterType(exporter),
		Sampler:         samplerDescription(provider),
	}, nil
}

// exporterType names the exporter's client: our wrapper and the common otlptrace.Exporter look alike for all protocols.
func exporterType(exporter sdktrace.SpanExporter) string {
	m, ok := exporter.(marshaler)
	if !ok {
		return fmt.Sprintf("%T", exporter)
	}
	shown, ok := m.MarshalLog().(struct{ Type, Client string })
	if !ok {
		return fmt.Sprintf("%+v", m.MarshalLog())
	}
	return shown.Type + "(" + shown.Client + ")"
}

// samplerDescription looks into the provider. The SDK chooses the sampler from a variable itself and shows it nowhere with
// its argument; guessing it from the variable would report what we asked for and not what is used.
func samplerDescription(provider *sdktrace.TracerProvider) string {
	field := reflect.ValueOf(provider).Elem().FieldByName("sampler")
	if !field.IsValid() || field.Type() != reflect.TypeFor[sdktrace.Sampler]() {
		return "unknown"
	}
	return (*(*sdktrace.Sampler)(unsafe.Pointer(field.UnsafeAddr()))).Description()
}
