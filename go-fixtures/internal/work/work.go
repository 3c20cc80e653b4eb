// Package work is what a fixture does for a request inside its server span: a measured amount of processor time, sleep
// and garbage, child spans, a look into the cache, and the calls to the next services.
package work

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/api"
	"spanfate.dev/fixtures/internal/cache"
	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/fault"
	"spanfate.dev/fixtures/internal/hop"
	"spanfate.dev/fixtures/internal/ids"
	"spanfate.dev/fixtures/internal/logs"
	"spanfate.dev/fixtures/internal/spend"
	"spanfate.dev/fixtures/spanguard"
)

const scope = "spanfate.dev/fixtures/work"

// Unit does one request's work. It does not know how the request came in.
type Unit struct {
	work       config.Work
	tracers    []trace.Tracer // of each child
	names      []string
	attributes []attribute.KeyValue
	cache      *cache.Cache
	hops       hop.Chain
	faults     *fault.Set
	guard      *spanguard.Keeper // nil: spans are not guarded
	log        *logs.Log         // nil: nothing is logged
}

// Share is a further provider whose tracer makes some of a request's child spans.
type Share struct {
	Provider trace.TracerProvider
	Children int
}

// New makes the clients that the work needs; Close ends them. faults may disturb it. The last children are those of the last
// share, and those before them of the one before it.
func New(c *config.Config, providers api.Providers, faults *fault.Set, shares ...Share) (*Unit, error) {
	values, err := cache.Open(c.Cache, providers.Own, faults)
	if err != nil {
		return nil, err
	}
	hops, err := hop.Open(c.Hops, providers.Library, faults)
	if err != nil {
		return nil, errors.Join(err, values.Close())
	}
	return &Unit{
		work: c.Work, tracers: tracers(c.Work.Spans-1, providers.Own, shares), names: Names(c), attributes: attributes(c.Work),
		cache: values, hops: hops, faults: faults,
	}, nil
}

// Names are those of the child spans, in turn.
func Names(c *config.Config) []string {
	if len(c.Work.Names) == 0 {
		return []string{"work.child"}
	}
	return c.Work.Names
}

func tracers(children int, provider trace.TracerProvider, shares []Share) []trace.Tracer {
	list := slices.Repeat([]trace.Tracer{provider.Tracer(scope)}, max(children, 1))
	end := children
	for _, share := range slices.Backward(shares) {
		tracer := share.Provider.Tracer(scope)
		for range min(share.Children, end) {
			end--
			list[end] = tracer
		}
	}
	return list
}

// Do works inside the span of ctx. Its error means that a service behind this one failed, or that a fault made it fail.
func (u *Unit) Do(ctx context.Context) error {
	ctx = u.log.Request(ctx)
	spend.Memory(u.work.AllocateBytes)
	spend.CPU(u.work.CPUUS)
	spend.Sleep(u.work.SleepUS)
	taken, failed := u.faults.Children(ctx, u)
	for i := taken; i < u.Children(); i++ {
		u.child(ctx, i)
	}
	if err := u.cache.Get(ctx); err != nil {
		return err
	}
	return errors.Join(u.hops.Call(ctx), failed)
}

// Children is how many child spans a request has.
func (u *Unit) Children() int { return u.work.Spans - 1 }

// Start begins the i-th child.
func (u *Unit) Start(ctx context.Context, i int) (context.Context, trace.Span) {
	return u.start(ctx, i)
}

func (u *Unit) start(
	ctx context.Context, i int, options ...trace.SpanStartOption,
) (context.Context, trace.Span) {
	name := u.names[i%len(u.names)]
	if len(u.work.Key) > 0 {
		ctx = ids.WithKey(ctx, slices.Contains(u.work.Key, name))
	}
	ctx, span := u.tracers[i].Start(ctx, name, options...)
	span.SetAttributes(u.attributes...)
	if u.guard != nil {
		span = u.guard.Guard(span)
		ctx = trace.ContextWithSpan(ctx, span)
	}
	return ctx, span
}

func (u *Unit) child(ctx context.Context, i int) {
	if marked, by := u.faults.Step(ctx); by != 0 {
		u.stepped(marked, i, by)
		return
	}
	_, span := u.start(ctx, i)
	defer span.End()
	u.log.Step(ctx, span)
}

// stepped is a child whose clock is wrong.
func (u *Unit) stepped(ctx context.Context, i int, by time.Duration) {
	_, span := u.start(ctx, i, trace.WithTimestamp(time.Now().Add(by)))
	span.End(trace.WithTimestamp(time.Now().Add(by)))
}

// Log lets the request and its children write log lines.
func (u *Unit) Log(log *logs.Log) { u.log = log }

// Guard lets a keeper guard the children.
func (u *Unit) Guard(keeper *spanguard.Keeper) { u.guard = keeper }

// guardGrace bounds the wait for spans that the guard ends: one that waits for a full queue must not hold up the stop.
const guardGrace = 500 * time.Millisecond

// Close ends the clients. What is still in flight fails, so that its spans end; what is guarded is ended.
func (u *Unit) Close() error {
	err := errors.Join(u.hops.Close(), u.cache.Close())
	if u.guard == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), guardGrace)
	defer cancel()
	return errors.Join(err, u.guard.Close(ctx))
}

// attributes are made once: making them is not what is measured. They differ from each other, or gzip would hide them.
func attributes(w config.Work) []attribute.KeyValue {
	list := make([]attribute.KeyValue, 0, w.Attributes)
	for i := range w.Attributes {
		var text strings.Builder
		for n := uint64(i) << 32; text.Len() < w.AttributeBytes; n++ {
			fmt.Fprintf(&text, "%016x", ids.Mix(n))
		}
		list = append(list, attribute.String(fmt.Sprintf("spanfate.attribute.%d", i), text.String()[:w.AttributeBytes]))
	}
	return list
}
