// Package config reads the file that the harness gives a fixture.
//
// It is strict: a key that the fixture does not know, or that is missing, is an error and not a silent no-op, because a knob
// that was never turned makes a wrong measurement look right. How much may be asked for is the harness's affair, which checks
// it before it writes the file; two sets of bounds would differ some day.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
)

// Version is the version of the file that this fixture understands.
const Version = 1

// The APIs by which a service may make its own spans.
const (
	OpenTelemetry = "otel"
	OpenTracing   = "opentracing-bridge"
	OpenCensus    = "opencensus-bridge"
)

// Config is one fixture's whole configuration. See docs/fixture-protocol.md. Here and below every key must be there but those
// that say omitempty: forgetting "ledger" would switch the witness off without a word; null says so openly.
type Config struct {
	Version           int      `json:"version"`
	Service           string   `json:"service"`
	Serve             string   `json:"serve,omitempty"`
	Process           uint16   `json:"process"`
	Incarnation       uint32   `json:"incarnation"`
	Listen            string   `json:"listen"`
	Ledger            *Ledger  `json:"ledger"`
	Trace             Trace    `json:"trace"`
	Root              string   `json:"root"`
	API               string   `json:"api,omitempty"` // by which the service makes its own spans
	Exporter          Exporter `json:"exporter"`
	Processor         *string  `json:"processor,omitempty"` // of the main path
	Keep              *uint64  `json:"keep,omitempty"`
	Paths             []Path   `json:"paths,omitempty"`
	Work              Work     `json:"work"`
	Cache             *Cache   `json:"cache,omitempty"`
	Hops              []Hop    `json:"hops,omitempty"`
	Design            *Design  `json:"design,omitempty"`
	Plant             Plant    `json:"plant,omitempty"`
	Faults            []Fault  `json:"faults,omitempty"`
	RuntimeTrace      *string  `json:"runtime_trace,omitempty"`
	ShutdownTimeoutMS int64    `json:"shutdown_timeout_ms"`
}

// Ledger says where the span ledger lies; a nil *Ledger switches the process witness off.
type Ledger struct {
	Path     string `json:"path"`
	Slots    uint64 `json:"slots"`
	LogBytes uint64 `json:"log_bytes"`
	Salt     U64    `json:"salt"`
}

// Trace holds the trial's part of every trace id.
type Trace struct {
	RunTag uint16 `json:"run_tag"`
	Trial  uint16 `json:"trial"`
	Key    U64    `json:"key"`
}

// Exporter chooses the exporter package and the knobs that are set by option.
type Exporter struct {
	Protocol string  `json:"protocol"`
	Options  Options `json:"options"`
}

// Options are knobs set in code. A nil field is a knob that nobody turned: the SDK's default or its variable holds.
type Options struct {
	Queue           *int     `json:"queue,omitempty"`
	Batch           *int     `json:"batch,omitempty"`
	DelayMS         *int64   `json:"delay_ms,omitempty"`
	ExportTimeoutMS *int64   `json:"export_timeout_ms,omitempty"`
	TimeoutMS       *int64   `json:"timeout_ms,omitempty"`
	Compression     *string  `json:"compression,omitempty"`
	Sampler         *string  `json:"sampler,omitempty"`
	SamplerArg      *float64 `json:"sampler_arg,omitempty"`
	OnFull          *string  `json:"on_full,omitempty"`
	Retry           *Retry   `json:"retry,omitempty"`
}

// Retry is the exporter's retry policy, whole: the exporter's option replaces all four values at once.
type Retry struct {
	Enabled       bool  `json:"enabled"`
	InitialMS     int64 `json:"initial_ms"`
	MaxIntervalMS int64 `json:"max_interval_ms"`
	MaxElapsedMS  int64 `json:"max_elapsed_ms"`
}

// Work is what one request costs.
type Work struct {
	Spans          int      `json:"spans"`
	Attributes     int      `json:"attributes"`
	AttributeBytes int      `json:"attribute_bytes"`
	CPUUS          int64    `json:"cpu_us"`
	SleepUS        int64    `json:"sleep_us"`
	AllocateBytes  int64    `json:"allocate_bytes"`
	Names          []string `json:"names,omitempty"`
	Key            []string `json:"key,omitempty"` // of Names
}

// Cache is a local LRU in front of a store; a nil *Cache is none.
type Cache struct {
	Store   string `json:"store"`
	Pool    int    `json:"pool"`
	Entries int    `json:"entries"`
	Keys    uint64 `json:"keys"`
}

// Hop is a service that is called for each request.
type Hop struct {
	Service string `json:"service"`
	To      string `json:"to"`
	Target  string `json:"target"`
}

// Plant holds faults planted in the exporter wrapper to calibrate the instrument.
type Plant struct {
	Filter     []uint64 `json:"filter"`
	DoubleSend []uint32 `json:"double_send"`
}

// U64 is a decimal number in a JSON string: JSON numbers lose precision above 2^53.
type U64 uint64

// UnmarshalJSON reads a quoted decimal.
func (u *U64) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%s must be a decimal number in quotes (a JSON number loses precision above 2^53)", data)
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a decimal number below 2^64", text)
	}
	*u = U64(number)
	return nil
}

// Load reads and checks the file. Its error says what to do.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w; give an existing file as the only argument", err)
	}
	c, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; see docs/fixture-protocol.md section 2", path, err)
	}
	return c, nil
}

// Parse reads and checks the text of a configuration.
func Parse(data []byte) (*Config, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	c := &Config{Serve: "http", API: OpenTelemetry}
	if err := decoder.Decode(c); err != nil {
		return nil, explain(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the configuration object; give exactly one object")
	}
	if err := complete(data, reflect.TypeOf(c), ""); err != nil {
		return nil, err
	}
	return c, c.check()
}

func explain(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("key %q has the wrong type: got %s, need %s", wrong.Field, wrong.Value, wrong.Type)
	}
	return fmt.Errorf("not a valid configuration: %w", err)
}
