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

// readBack asks the SDK's own log representation. Its types have no names and differ between SDKs but are made of exported fields;
// when a later SDK has others, this fails at the start and not silently.
func readBack(main path, provider *sdktrace.TracerProvider) (Effective, error) {
	used := Effective{
		Protocol: main.Exporter.Protocol, ExporterType: exporterType(main.exporter), Sampler: samplerDescription(provider),
	}
	if main.Simple() { // it has no queue: each End exports, and waits for that
		used.Batch, used.Block = 1, true
		return used, nil
	}
	config, err := settings(main.inner)
	if err != nil {
		return Effective{}, err
	}
	used.Queue = config.MaxQueueSize
	used.Batch = config.MaxExportBatchSize
	used.DelayMS = config.BatchTimeout.Milliseconds()
	used.ExportTimeoutMS = config.ExportTimeout.Milliseconds()
	used.Block = config.BlockOnQueueFull
	return used, nil
}

func settings(batch sdktrace.SpanProcessor) (sdktrace.BatchSpanProcessorOptions, error) {
	unknown := errors.New("the SDK no longer shows its batch processor's settings; adapt internal/telemetry/effective.go")
	m, ok := batch.(marshaler)
	if !ok {
		return sdktrace.BatchSpanProcessorOptions{}, unknown
	}
	config, ok := field[sdktrace.BatchSpanProcessorOptions](m.MarshalLog(), "Config")
	if !ok {
		return sdktrace.BatchSpanProcessorOptions{}, unknown
	}
	return config, nil
}

// exporterType names the exporter's client: our wrapper and the common otlptrace.Exporter look alike for all protocols.
func exporterType(exporter sdktrace.SpanExporter) string {
	m, ok := exporter.(marshaler)
	if !ok {
		return fmt.Sprintf("%T", exporter)
	}
	shown := m.MarshalLog()
	name, named := field[string](shown, "Type")
	client, shownByName := field[string](shown, "Client")
	if !shownByName {
		// SDKs before 1.45 show the client itself.
		if value, ok := field[any](shown, "Client"); ok {
			client, shownByName = fmt.Sprintf("%T", value), true
		}
	}
	if !named || !shownByName {
		return fmt.Sprintf("%+v", shown)
	}
	return name + "(" + client + ")"
}

// field is an exported field of a struct whose type has no name.
func field[T any](of any, name string) (value T, ok bool) {
	structure := reflect.ValueOf(of)
	if structure.Kind() != reflect.Struct {
		return value, false
	}
	found := structure.FieldByName(name)
	if !found.IsValid() || !found.CanInterface() {
		return value, false
	}
	value, ok = found.Interface().(T)
	return value, ok
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
