package control

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/serve"
	"spanfate.dev/fixtures/internal/telemetry"
	"spanfate.dev/fixtures/internal/work"
	"spanfate.dev/fixtures/samplingctl"
)

// switchEvery is how often the switch looks at the counters.
const switchEvery = 50 * time.Millisecond

// startSwitch lets the service ask its own endpoint for rules while exporting is in trouble, by the SDK's own counters. What it returns
// ends that, and returns when it has ended.
func (f *fixture) startSwitch(stderr io.Writer) (stop func()) {
	if f.rules == nil {
		return func() {}
	}
	ledger, queue := f.telemetry.Ledger, float64(max(f.telemetry.Effective.Queue, 1))
	look := func() samplingctl.Health {
		return samplingctl.Health{Filled: float64(ledger.QueueLength.Load()) / queue, Failed: ledger.ExportFailed.Load()}
	}
	told := func(err error) {
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "fixture: %v\n", err)
		}
	}
	f.rules.URL = "http://" + f.listener.Addr().String() + samplingctl.Path
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.rules.Drive(ctx, switchEvery, look, told)
	}()
	return func() {
		cancel()
		<-done
		f.rules.Client.CloseIdleConnections()
	}
}

// ownRules are the rules that a switch asks for: one for each name that the service gives to its spans.
func ownRules(c *config.Config, t *telemetry.Telemetry) *samplingctl.Switch {
	if t.Control == nil || c.Design.Endpoint.Switch == nil {
		return nil
	}
	s := c.Design.Endpoint.Switch
	out := &samplingctl.Switch{At: s.Filled, Token: c.Design.Endpoint.Token, Client: &http.Client{Transport: &http.Transport{}}}
	for _, name := range append([]string{serve.WorkSpan}, work.Names(c)...) {
		out.Rules = append(out.Rules, samplingctl.Rule{
			SpanName: name, Rate: s.Rate, Condition: samplingctl.OnError(), Lasting: time.Duration(s.LastingMS) * time.Millisecond,
		})
	}
	return out
}
