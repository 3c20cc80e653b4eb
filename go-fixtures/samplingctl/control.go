// Package samplingctl lets an operator change what a running service exports: an endpoint takes rules, and a span processor goes by
// them.
//
//	POST /debug/observability/sampling   {"span_name": "redis.GET", "rate": 0.05, "condition": "status_code==500", "for": "10m"}
//	GET  /debug/observability/sampling   the rules that hold
//
// A rule keeps every span of that name that meets its condition, and of the other ones those of a share of the traces. It ends
// by itself. Spans that no rule names are kept. A rule looks at single spans: it leaves gaps in traces.
package samplingctl

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Path is where the handler belongs.
const Path = "/debug/observability/sampling"

// MaxRules bounds the rules that hold at one time.
const MaxRules = 64

// Options say who may change what; the zero value lets clients on this machine.
type Options struct {
	// Token that a request must bear. Empty: only clients on this machine may ask, and none through a proxy.
	Token string
	// Audit hears of every change and of every request that was refused. Nil: slog.Default.
	Audit *slog.Logger
	// Dropped hears of every ended span that a rule leaves out. Nil: nobody.
	Dropped func(sdktrace.ReadOnlySpan)
	// Now is the clock by which rules end. Nil: time.Now.
	Now func() time.Time
}

// Control holds the rules.
type Control struct {
	options  Options
	changing sync.Mutex
	policy   atomic.Pointer[map[string]*active] // replaced as a whole, never changed
}

// active is a rule that holds.
type active struct {
	Rule
	ends          time.Time
	below         uint64
	kept, dropped atomic.Uint64
}

// New makes a control without rules.
func New(options Options) *Control {
	if options.Audit == nil {
		options.Audit = slog.Default()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	c := &Control{options: options}
	c.policy.Store(&map[string]*active{})
	return c
}

// set puts a rule in force, in place of an older one for the same name. It fails when there are too many.
func (c *Control) set(rule Rule) bool {
	c.changing.Lock()
	defer c.changing.Unlock()
	now := c.options.Now()
	next := maps.Clone(*c.policy.Load())
	maps.DeleteFunc(next, func(_ string, old *active) bool { return !now.Before(old.ends) })
	next[rule.SpanName] = &active{Rule: rule, ends: now.Add(rule.Lasting), below: threshold(rule.Rate)}
	if len(next) > MaxRules {
		return false
	}
	c.policy.Store(&next)
	return true
}

// Keep says whether an ended span is kept. All spans of a name and a trace are kept, or none of those that no condition keeps.
func (c *Control) Keep(span sdktrace.ReadOnlySpan) bool {
	rule, named := (*c.policy.Load())[span.Name()]
	if !named || !c.options.Now().Before(rule.ends) {
		return true
	}
	id := span.SpanContext().TraceID()
	if rule.Rate >= 1 || binary.BigEndian.Uint64(id[8:])>>1 < rule.below || rule.Condition.Holds(span) {
		rule.kept.Add(1)
		return true
	}
	rule.dropped.Add(1)
	return false
}

// Processor stands before the processor that exports.
func (c *Control) Processor(next sdktrace.SpanProcessor) sdktrace.SpanProcessor {
	return processor{next, c}
}

type processor struct {
	sdktrace.SpanProcessor
	control *Control
}

func (p processor) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	p.SpanProcessor.OnStart(ctx, span)
}

func (p processor) OnEnd(span sdktrace.ReadOnlySpan) {
	if p.control.Keep(span) {
		p.SpanProcessor.OnEnd(span)
	} else if p.control.options.Dropped != nil {
		p.control.options.Dropped(span)
	}
}

// shown is a rule as GET answers it.
type shown struct {
	SpanName  string    `json:"span_name"`
	Rate      float64   `json:"rate"`
	Condition string    `json:"condition,omitempty"`
	Until     time.Time `json:"until"`
	Kept      uint64    `json:"kept"`
	Dropped   uint64    `json:"dropped"`
}

func (a *active) shown() shown {
	return shown{a.SpanName, a.Rate, a.Condition.String(), a.ends.UTC(), a.kept.Load(), a.dropped.Load()}
}

// list is the rules that hold, by name.
func (c *Control) list() []byte {
	now := c.options.Now()
	all := []shown{}
	for _, rule := range *c.policy.Load() {
		if now.Before(rule.ends) {
			all = append(all, rule.shown())
		}
	}
	slices.SortFunc(all, func(a, b shown) int {
		if a.SpanName < b.SpanName {
			return -1
		}
		return 1 // no two have one name
	})
	text, _ := json.Marshal(all) // of texts, numbers and times
	return text
}
