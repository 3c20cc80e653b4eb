package config

import (
	"errors"
	"fmt"
	"slices"
)

// Design is the design under test that the service has built in. Exactly one field is not nil.
type Design struct {
	Guard        *Guard        `json:"guard,omitempty"`
	Hybrid       *Hybrid       `json:"hybrid,omitempty"`
	Retrokeep    *Retrokeep    `json:"retrokeep,omitempty"`
	JaegerRemote *JaegerRemote `json:"jaeger_remote,omitempty"`
	Endpoint     *Endpoint     `json:"endpoint,omitempty"`
	Logs         *Logs         `json:"logs,omitempty"`
}

// Guard guards the service's own child spans (spanguard).
type Guard struct {
	FlushMS *int64 `json:"flush_ms,omitempty"` // bound of the flush while a panic passes; nil: nothing is flushed
}

// Logs lets the service write a log line per span.
type Logs struct {
	Arm       string `json:"arm"`
	File      string `json:"file,omitempty"`       // where the lines go; the arm that sends them on has none
	MostBytes int64  `json:"most_bytes,omitempty"` // of that file
}

// The ways in which lines name their spans.
const (
	LogsHandler            = "handler"                // tracelog
	LogsOTLP               = "otelslog"               // the contrib bridge: lines are sent on as OTLP
	LogsWrongNames         = "wrong_names"            // traceId, spanId
	LogsNoContext          = "no_context"             // tracelog, and slog.Info for children
	LogsRequestID          = "request_id"             // tracelog, and the request's id beside it
	LogsRequestIDAsTraceID = "request_id_as_trace_id" // the request's id in place of the trace's
)

var logArms = []string{
	LogsHandler, LogsOTLP, LogsWrongNames, LogsNoContext, LogsRequestID, LogsRequestIDAsTraceID,
}

func (l *Logs) check() error {
	switch {
	case !slices.Contains(logArms, l.Arm):
		return oneOf("design.logs.arm", l.Arm, logArms...)
	case l.Arm == LogsOTLP && (l.File != "" || l.MostBytes != 0):
		return errors.New("design.logs.file is for lines in a file; otelslog sends them on: leave file and most_bytes out")
	case l.Arm != LogsOTLP && (l.File == "" || l.MostBytes < 1):
		return errors.New("design.logs needs a file and most_bytes above 0; say where lines go, and how many bytes of them")
	}
	return nil
}

// Hybrid samples at a rate that follows the load (hybridsampling).
type Hybrid struct {
	BusyPerS float64 `json:"busy_per_s"`
	EveryMS  int64   `json:"every_ms"`
	Bare     bool    `json:"bare"` // without hysteresis
}

// Retrokeep lets ended spans wait (retrokeep). A nil field is its own default.
type Retrokeep struct {
	SlowMS *int64 `json:"slow_ms,omitempty"`
	WaitMS *int64 `json:"wait_ms,omitempty"`
	Spans  *int   `json:"spans,omitempty"`
}

// JaegerRemote is the contrib's sampler that asks an endpoint, which the service itself serves, for its rate.
type JaegerRemote struct {
	Ratio float64 `json:"ratio"`
}

// Endpoint takes rules (samplingctl).
type Endpoint struct {
	Token  string  `json:"token"`
	Switch *Switch `json:"switch,omitempty"` // nil: rules come from outside alone
}

// Switch is when the service sends rules to its own endpoint, and which.
type Switch struct {
	Filled    float64 `json:"filled"` // share of the queue
	Rate      float64 `json:"rate"`
	LastingMS int64   `json:"lasting_ms"`
}

// Holds says whether a design's processor stands in front of the main path's.
func (d *Design) Holds() bool { return d != nil && (d.Retrokeep != nil || d.Endpoint != nil) }

// named are the designs that the object names, by their checks.
func (d *Design) named() (checks []func() error) {
	add := func(is bool, check func() error) {
		if is {
			checks = append(checks, check)
		}
	}
	add(d.Guard != nil, func() error { return atLeast1("guard.flush_ms", d.Guard.FlushMS) })
	add(d.Hybrid != nil, func() error {
		if d.Hybrid.BusyPerS <= 0 {
			return errors.New("design.hybrid.busy_per_s must be above 0")
		}
		return atLeast1("hybrid.every_ms", &d.Hybrid.EveryMS)
	})
	add(d.Retrokeep != nil, func() error {
		if d.Retrokeep.Spans != nil && *d.Retrokeep.Spans < 1 {
			return errors.New("design.retrokeep.spans is below 1; leave it out for the default")
		}
		return errors.Join(
			atLeast1("retrokeep.slow_ms", d.Retrokeep.SlowMS), atLeast1("retrokeep.wait_ms", d.Retrokeep.WaitMS))
	})
	add(d.JaegerRemote != nil, func() error {
		if d.JaegerRemote.Ratio < 0 || d.JaegerRemote.Ratio > 1 {
			return fmt.Errorf("design.jaeger_remote.ratio is %v; it must be 0 to 1", d.JaegerRemote.Ratio)
		}
		return nil
	})
	add(d.Endpoint != nil, func() error {
		if d.Endpoint.Token == "" {
			return errors.New("design.endpoint.token is empty; give the one that requests bear")
		}
		if d.Endpoint.Switch != nil {
			return atLeast1("endpoint.switch.lasting_ms", &d.Endpoint.Switch.LastingMS)
		}
		return nil
	})
	add(d.Logs != nil, func() error { return d.Logs.check() })
	return checks
}

func atLeast1(key string, value *int64) error {
	if value != nil && *value < 1 {
		return fmt.Errorf("design.%s is below 1; leave it out, or give it a time", key)
	}
	return nil
}

func (c *Config) checkDesign() error {
	switch {
	case c.Design == nil:
		return nil
	case c.Serve == "store":
		return errors.New("design is for a service that makes spans; a store makes none: leave it out")
	}
	checks := c.Design.named()
	if len(checks) != 1 {
		return fmt.Errorf("design names %d designs; give one, or leave it out for none", len(checks))
	}
	if err := checks[0](); err != nil {
		return err
	}
	if c.Exporter.Options.Sampler != nil && (c.Design.Hybrid != nil || c.Design.JaegerRemote != nil) {
		return errors.New("design decides itself which spans are sampled; leave exporter.options.sampler out")
	}
	if c.Design.Endpoint != nil && c.Design.Endpoint.Switch != nil && c.Ledger == nil {
		return errors.New("design.endpoint.switch reads the SDK's counters in the ledger; give one, or leave it out")
	}
	if c.Design.Endpoint != nil && c.Serve != "http" {
		return errors.New("design.endpoint needs serve \"http\": that is where it is mounted")
	}
	return nil
}
