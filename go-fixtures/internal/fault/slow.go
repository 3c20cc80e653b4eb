package fault

import (
	"context"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/spend"
)

// slowExporter stands between the witness and the real exporter, so that the time it takes is part of the export's.
type slowExporter struct {
	sdktrace.SpanExporter
	faults []*Fault
}

func (e slowExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, f := range e.faults {
		if f.on.Load() && len(spans) > 0 {
			f.dose.Events.Add(1)
			f.dose.Amounts[0].Add(uint64(spend.CPU(f.kind.SlowSerialisation.PerSpanUS * int64(len(spans)))))
		}
	}
	return e.SpanExporter.ExportSpans(ctx, spans)
}

// MarshalLog shows the exporter and not its wrapper.
func (e slowExporter) MarshalLog() any {
	if m, ok := e.SpanExporter.(interface{ MarshalLog() any }); ok {
		return m.MarshalLog()
	}
	return nil
}

// Step says by how much a child span's stamps are wrong, and gives the context that marks it. Each span asks once.
func (s *Set) Step(ctx context.Context) (marked context.Context, by time.Duration) {
	if s == nil {
		return ctx, 0
	}
	f := isOn(s.step)
	if f == nil {
		return ctx, 0
	}
	by = time.Duration(f.kind.ClockStep.ByMS) * time.Millisecond
	f.dose.Amounts[0].Store(uint64(by.Abs()))
	f.dose.Events.Add(1)
	return ids.WithFault(ctx, f.mark()), by
}
