package config

import (
	"errors"
	"slices"
)

// Design is the design under test that the service has built in. Exactly one field is not nil.
type Design struct {
	Guard *Guard `json:"guard,omitempty"`
	Logs  *Logs  `json:"logs,omitempty"`
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

func (c *Config) checkDesign() error {
	switch {
	case c.Design == nil:
		return nil
	case c.Serve == "store":
		return errors.New("design is for a service that makes spans; a store makes none: leave it out")
	case (c.Design.Guard == nil) == (c.Design.Logs == nil):
		return errors.New("design names nothing, or more than one; give guard or logs, or leave it out for none")
	case c.Design.Logs != nil:
		return c.Design.Logs.check()
	case c.Design.Guard.FlushMS != nil && *c.Design.Guard.FlushMS < 1:
		return errors.New("design.guard.flush_ms is below 1; leave it out to flush nothing")
	}
	return nil
}
