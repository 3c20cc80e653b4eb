package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/retrokeep"
	"spanfate.dev/fixtures/retrokeep/edge"
)

// contender is a way to keep the traces that matter. The first one is what the others are held against.
type contender struct {
	name    string
	measure func(context.Context, plan) (outcome, error)
}

var contenders = []contender{
	{"all to a centre", sendAll},
	{"retrokeep in each service", inService},
	{"disk of the edge", onDisk},
}

func asItIs(p sdktrace.SpanProcessor) sdktrace.SpanProcessor { return p }

func nothing() error { return nil }

// layout is how services reach the back end behind all.
type layout struct {
	back  *backend
	to    func(service int) string                            // where it exports
	wrap  func(sdktrace.SpanProcessor) sdktrace.SpanProcessor // what it has before its batch processor
	ask   func() error                                        // is called after each flush, and once more at the end
	tally func(*outcome) error                                // what waits, and what left the hosts
}

// play makes the traces of a plan, and says what became of them.
func (l layout) play(ctx context.Context, plan plan) (out outcome, err error) {
	var all []service
	defer func() { err = shut(ctx, all, err) }()
	for at := range services {
		one, err := newService(ctx, fmt.Sprintf("service-%d", at), l.to(at), l.wrap)
		if err != nil {
			return out, err
		}
		all = append(all, one)
	}
	before, began := heap(), spent()
	erred, err := made(ctx, plan, all, l.ask)
	// What the last ones told the first ones hear now.
	if err = errors.Join(err, l.ask()); err != nil {
		return out, err
	}
	out.cpu, out.heap = spent()-began, heap()-before
	if err := l.tally(&out); err != nil {
		return out, err
	}
	return out, l.back.counted(erred, &out)
}

// sendAll sends every span to a centre, which holds it until it decides: what tail sampling costs on the way, and at least holds.
func sendAll(ctx context.Context, plan plan) (outcome, error) {
	back := newBackend(true)
	defer back.Close()
	tally := func(out *outcome) error {
		out.waiting, out.traffic = plan.traces*services*spansEach, back.received()
		return nil
	}
	return layout{back, func(int) string { return back.URL }, asItIs, nothing, tally}.play(ctx, plan)
}

// inService lets spans wait in the service that made them. Each knows its own part of a trace.
func inService(ctx context.Context, plan plan) (outcome, error) {
	back := newBackend(false)
	defer back.Close()
	var kept []*retrokeep.Processor
	wrap := func(next sdktrace.SpanProcessor) sdktrace.SpanProcessor {
		p := retrokeep.New(next, retrokeep.Options{Wait: time.Hour, Spans: plan.traces * spansEach})
		kept = append(kept, p)
		return p
	}
	tally := func(out *outcome) error {
		for _, p := range kept {
			out.waiting += p.Stats().Waiting
		}
		out.traffic = back.received()
		return nil
	}
	return layout{back, func(int) string { return back.URL }, wrap, nothing, tally}.play(ctx, plan)
}

// onDisk lets spans wait on the disk of the edge, an agent beside each service. A centre decides.
func onDisk(ctx context.Context, plan plan) (out outcome, err error) {
	back := newBackend(false)
	defer back.Close()
	centre := httptest.NewServer(new(edge.Centre))
	defer centre.Close()
	var agents []*edge.Agent
	defer func() {
		for _, agent := range agents {
			err = errors.Join(err, agent.Close())
		}
	}()
	var at []string
	for range services {
		agent, err := edge.New(edge.Options{Centre: centre.URL, Backend: back.URL, Segments: 64})
		if err != nil {
			return out, err
		}
		agents = append(agents, agent)
		local := httptest.NewServer(agent)
		defer local.Close()
		at = append(at, local.URL)
	}
	ask := func() error {
		var errs []error
		for _, agent := range agents {
			errs = append(errs, agent.Ask(ctx))
		}
		return errors.Join(errs...)
	}
	tally := func(out *outcome) error {
		for _, agent := range agents {
			stats := agent.Stats()
			if stats.Aged+stats.Untold > 0 {
				return fmt.Errorf("the disk is too small for so many traces: %d spans were dropped; give fewer -traces", stats.Aged)
			}
			out.waiting, out.disk = out.waiting+stats.Waiting, out.disk+stats.Disk
			out.traffic += stats.Told + stats.Answered + stats.Sent
		}
		return nil
	}
	return layout{back, func(service int) string { return at[service] }, asItIs, ask, tally}.play(ctx, plan)
}
