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

// rig is services, and the back end behind all.
type rig struct {
	back     *backend
	services []service
	heap     int64 // before anything was made
	cpu      time.Duration
}

// begin makes the services; to says where each exports.
func begin(ctx context.Context, back *backend, to func(int) string, wrap func(sdktrace.SpanProcessor) sdktrace.SpanProcessor) (*rig, error) {
	r := &rig{back: back}
	for at := range services {
		one, err := newService(ctx, fmt.Sprintf("service-%d", at), to(at), wrap)
		if err != nil {
			return nil, shut(ctx, r.services, err)
		}
		r.services = append(r.services, one)
	}
	r.heap, r.cpu = heap(), spent()
	return r, nil
}

// sendAll sends every span to a centre, which holds it until it decides: what tail sampling costs on the way, and at least holds.
func sendAll(ctx context.Context, plan plan) (out outcome, err error) {
	back := newBackend(true)
	defer back.Close()
	r, err := begin(ctx, back, func(int) string { return back.URL }, asItIs)
	if err != nil {
		return out, err
	}
	defer func() { err = shut(ctx, r.services, err) }()
	erred, err := made(ctx, plan, r.services, func() error { return nil })
	if err != nil {
		return out, err
	}
	out.cpu, out.heap = spent()-r.cpu, heap()-r.heap
	out.waiting, out.traffic = plan.traces*services*spansEach, back.received()
	return out, back.counted(erred, &out)
}

// inService lets spans wait in the service that made them. Each knows its own part of a trace.
func inService(ctx context.Context, plan plan) (out outcome, err error) {
	back := newBackend(false)
	defer back.Close()
	var kept []*retrokeep.Processor
	r, err := begin(ctx, back, func(int) string { return back.URL }, func(next sdktrace.SpanProcessor) sdktrace.SpanProcessor {
		p := retrokeep.New(next, retrokeep.Options{Wait: time.Hour, Spans: plan.traces * spansEach})
		kept = append(kept, p)
		return p
	})
	if err != nil {
		return out, err
	}
	defer func() { err = shut(ctx, r.services, err) }()
	erred, err := made(ctx, plan, r.services, func() error { return nil })
	if err != nil {
		return out, err
	}
	out.cpu, out.heap = spent()-r.cpu, heap()-r.heap
	for _, p := range kept {
		out.waiting += p.Stats().Waiting
	}
	out.traffic = back.received()
	return out, back.counted(erred, &out)
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
	r, err := begin(ctx, back, func(service int) string { return at[service] }, asItIs)
	if err != nil {
		return out, err
	}
	defer func() { err = shut(ctx, r.services, err) }()
	ask := func() error {
		var errs []error
		for _, agent := range agents {
			errs = append(errs, agent.Ask(ctx))
		}
		return errors.Join(errs...)
	}
	erred, err := made(ctx, plan, r.services, ask)
	// What the last ones told the first ones hear now.
	if err = errors.Join(err, ask()); err != nil {
		return out, err
	}
	out.cpu, out.heap = spent()-r.cpu, heap()-r.heap
	for _, agent := range agents {
		stats := agent.Stats()
		if stats.Aged+stats.Untold > 0 {
			return out, fmt.Errorf("the disk is too small for so many traces: %d spans were dropped; give fewer -traces", stats.Aged)
		}
		out.waiting, out.disk = out.waiting+stats.Waiting, out.disk+stats.Disk
		out.traffic += stats.Told + stats.Answered + stats.Sent
	}
	return out, back.counted(erred, &out)
}
