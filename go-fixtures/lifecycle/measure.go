package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/trace"
	"slices"
	"strings"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	xtrace "golang.org/x/exp/trace"
)

// Spread is how long something took, in microseconds.
type Spread struct {
	Median, P95 float64
}

// Figures say which part of a request lies outside its server span.
type Figures struct {
	Instrumentation string
	Whole           Spread // first byte read to last byte written
	Before          Spread // of it before the span
	Span            Spread // from its start to its end
	After           Spread // behind the span
	Decode          Spread // reading and decoding the body; of gRPC decoding alone
	DecodeOutside   Spread // of it outside the span
	// The second view: the same of decoding by regions and tasks of Go's runtime trace, which the SDK begins for each span.
	TracedDecode, TracedOutside Spread
}

const (
	warmup   = 20
	deadline = 30 * time.Second // of a request, far beyond any
)

// measure sends requests with a body of so many KiB, one after the other; a quarter more while a runtime trace is taken.
func measure(s subject, requests, kibibytes int) (Figures, error) {
	m := newMarks()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithSpanProcessor(watcher{m}))
	on, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Figures{}, err
	}
	stop := s.serve(provider, m, listener{on, m})
	defer stop()
	c, err := s.dial(on.Addr().String(), body(kibibytes))
	if err != nil {
		return Figures{}, err
	}
	defer c.close()
	if _, err := run(c, m, warmup); err != nil {
		return Figures{}, err
	}
	all, err := run(c, m, requests)
	if err != nil {
		return Figures{}, err
	}
	f := figures(s.name, all)
	f.TracedDecode, f.TracedOutside, err = traced(c, m, max(requests/4, 20))
	return f, err
}

// body is text that no coding makes shorter: 64 bytes a piece.
func body(kibibytes int) []string {
	return slices.Repeat([]string{strings.Repeat("x", 61)}, kibibytes<<10/64)
}

func run(c client, m *marks, requests int) ([][stages]time.Time, error) {
	all := make([][stages]time.Time, 0, requests)
	for range requests {
		at, err := one(c, m)
		if err != nil {
			return nil, err
		}
		all = append(all, at)
	}
	return all, nil
}

func one(c client, m *marks) ([stages]time.Time, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	m.reset()
	if err := c.call(ctx); err != nil {
		return [stages]time.Time{}, err
	}
	at, err := m.whole(ctx)
	if err != nil {
		return at, fmt.Errorf("a request has no whole life: %w", err)
	}
	for s := range stages {
		if at[s].IsZero() {
			return at, fmt.Errorf("stage %d of a request was not seen", s)
		}
	}
	return at, nil
}

func figures(name string, all [][stages]time.Time) Figures {
	of := func(part func(at [stages]time.Time) time.Duration) Spread {
		values := make([]float64, 0, len(all))
		for _, at := range all {
			values = append(values, float64(max(part(at), 0).Nanoseconds())/1e3)
		}
		return spread(values)
	}
	between := func(from, to stage) Spread {
		return of(func(at [stages]time.Time) time.Duration { return at[to].Sub(at[from]) })
	}
	return Figures{
		Instrumentation: name,
		Whole:           of(func(at [stages]time.Time) time.Duration { return later(at[lastByte], at[spanEnd]).Sub(at[firstByte]) }),
		Before:          between(firstByte, spanStart), Span: between(spanStart, spanEnd), After: between(spanEnd, lastByte),
		Decode: between(decodeBegin, decodeEnd),
		DecodeOutside: of(func(at [stages]time.Time) time.Duration {
			return outside(at[decodeBegin].Sub(at[firstByte]), at[decodeEnd].Sub(at[firstByte]),
				at[spanStart].Sub(at[firstByte]), at[spanEnd].Sub(at[firstByte]))
		}),
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// outside is how much of one interval does not lie in another.
func outside[T ~int64](from, to, inFrom, inTo T) T {
	return to - from - max(min(to, inTo)-max(from, inFrom), 0)
}

func spread(values []float64) Spread {
	slices.Sort(values)
	at := func(share float64) float64 { return values[int(share*float64(len(values)-1)+0.5)] }
	return Spread{at(0.5), at(0.95)}
}

// traced measures decoding once more, by a runtime trace.
func traced(c client, m *marks, requests int) (decode, beyond Spread, err error) {
	var written bytes.Buffer
	if err := trace.Start(&written); err != nil {
		return decode, beyond, err
	}
	_, err = run(c, m, requests)
	trace.Stop()
	if err != nil {
		return decode, beyond, err
	}
	decodes, tasks, err := intervals(&written)
	if err != nil {
		return decode, beyond, err
	}
	if len(decodes) != requests || len(tasks) != requests {
		return decode, beyond, fmt.Errorf("a runtime trace of %d requests has %d regions and %d tasks", requests, len(decodes), len(tasks))
	}
	var took, out []float64
	for i, d := range decodes {
		took = append(took, float64(d[1]-d[0])/1e3)
		out = append(out, float64(outside(d[0], d[1], tasks[i][0], tasks[i][1]))/1e3)
	}
	return spread(took), spread(out), nil
}

// intervals are the regions of decoding and the tasks of spans, each in the order in which they began.
func intervals(written io.Reader) (decodes, tasks [][2]int64, err error) {
	reader, err := xtrace.NewReader(written)
	if err != nil {
		return nil, nil, err
	}
	task, open := map[xtrace.TaskID]int64{}, map[xtrace.GoID]int64{}
	for {
		event, err := reader.ReadEvent()
		switch {
		case errors.Is(err, io.EOF):
			byBegin := func(a, b [2]int64) int { return int(a[0] - b[0]) }
			slices.SortFunc(decodes, byBegin)
			slices.SortFunc(tasks, byBegin)
			return decodes, tasks, nil
		case err != nil:
			return nil, nil, err
		}
		at := int64(event.Time())
		switch event.Kind() {
		case xtrace.EventTaskBegin:
			task[event.Task().ID] = at
		case xtrace.EventTaskEnd:
			if began, ok := task[event.Task().ID]; ok {
				tasks = append(tasks, [2]int64{began, at})
			}
		case xtrace.EventRegionBegin:
			if event.Region().Type == region {
				open[event.Goroutine()] = at
			}
		case xtrace.EventRegionEnd:
			if began, ok := open[event.Goroutine()]; ok && event.Region().Type == region {
				decodes = append(decodes, [2]int64{began, at})
			}
		}
	}
}
