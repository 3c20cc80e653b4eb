// Package hybridsampling decides at the start of a trace whether it is kept, at a rate that follows the load of the service. Key
// spans are kept whatever the rate.
//
//	sampler := hybridsampling.New(hybridsampling.Options{Names: []string{"payment.Charge"}, Rate: 0.1})
//	go sampler.Drive(ctx, hybridsampling.Article(500), hybridsampling.NewMeter(sampler.Traces), 250*time.Millisecond, nil)
//
// What it cannot do no head sampler can: a span's status is set after the decision, so traces that err are kept at the rate and
// no more.
package hybridsampling

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options say what is kept.
type Options struct {
	// Names of key spans.
	Names []string
	// Attributes of key spans, of those that are given at the start: one that equals any of them is a key span.
	Attributes []attribute.KeyValue
	// Rate is the share of the other traces that is kept until SetRate says another.
	Rate float64
}

// Sampler is a head sampler. A key span is kept. Any other span with a parent goes by what was decided for that, so that traces
// stay whole; a trace that begins here is kept by its id, at the rate.
//
// The rate is a threshold on the 56 random bits of a trace id. What is kept at a low rate is kept at every higher one: services with
// different rates keep the same traces as far as the lowest goes, and a change of the rate splits no trace.
type Sampler struct {
	names      map[string]bool
	attributes map[attribute.KeyValue]bool
	policy     atomic.Pointer[policy] // replaced as a whole, never changed
	traces     atomic.Uint64
}

// policy is what decides at one time.
type policy struct {
	rate  float64
	least uint64 // of the random bits of a trace that is kept
}

// randomBits are those of a trace id that W3C Trace Context has random: the low 56.
const randomBits = 56

// New makes a sampler.
func New(options Options) *Sampler {
	s := &Sampler{names: make(map[string]bool), attributes: make(map[attribute.KeyValue]bool)}
	for _, name := range options.Names {
		s.names[name] = true
	}
	for _, one := range options.Attributes {
		s.attributes[one] = true
	}
	s.SetRate(options.Rate)
	return s
}

// SetRate changes the share of the traces that is kept. What lies outside of 0 to 1 is taken as the nearest of the two; what is no
// number changes nothing.
func (s *Sampler) SetRate(rate float64) {
	if math.IsNaN(rate) {
		return
	}
	rate = min(max(rate, 0), 1)
	s.policy.Store(&policy{rate, uint64(math.Round((1 - rate) * (1 << randomBits)))})
}

// Rate is the share of the traces that is kept now.
func (s *Sampler) Rate() float64 { return s.policy.Load().rate }

// Traces is how many traces have begun or come in so far, kept or not: the requests that the service has served.
func (s *Sampler) Traces() uint64 { return s.traces.Load() }

// ShouldSample decides.
func (s *Sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !parent.IsValid() || parent.IsRemote() {
		s.traces.Add(1)
	}
	result := sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	if s.keeps(p, parent) {
		result.Decision = sdktrace.RecordAndSample
	}
	return result
}

func (s *Sampler) keeps(p sdktrace.SamplingParameters, parent trace.SpanContext) bool {
	switch {
	case s.isKey(p):
		return true
	case parent.IsValid():
		return parent.IsSampled()
	}
	return binary.BigEndian.Uint64(p.TraceID[8:])&(1<<randomBits-1) >= s.policy.Load().least
}

func (s *Sampler) isKey(p sdktrace.SamplingParameters) bool {
	if s.names[p.Name] {
		return true
	}
	if len(s.attributes) == 0 {
		return false
	}
	for _, one := range p.Attributes {
		if s.attributes[one] {
			return true
		}
	}
	return false
}

// Description says what it is. It begins as that of the SDK's own samplers that go by the parent.
func (s *Sampler) Description() string {
	return fmt.Sprintf("ParentBased{hybrid,keys:%d,attributes:%d}", len(s.names), len(s.attributes))
}
