//go:build plant

package main

import (
	"context"
	"hash/fnv"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// plantConfig says which spans are lost on purpose: of those whose id hashes so with the seed, the first so many.
type plantConfig struct {
	Seed  uint64 `mapstructure:"seed"`
	Count int    `mapstructure:"count"`
	// Of how many spans about one is lost.
	Every uint64 `mapstructure:"every"`
	// File to which the ids of lost spans are appended, one a line.
	File string `mapstructure:"file"`
	// So many spans an exporter is said to have sent that nobody ever made.
	Boast    int64  `mapstructure:"boast"`
	Exporter string `mapstructure:"exporter"`
}

// planted are processors that only tests have: a collector must not lose spans without anybody who counts them.
func planted() []processor.Factory {
	name := component.MustNewType("plant")
	config := func() component.Config { return &plantConfig{Every: 10} }
	traces := func(
		ctx context.Context,
		settings processor.Settings,
		config component.Config,
		next consumer.Traces,
	) (processor.Traces, error) {
		p := &plant{config: config.(*plantConfig), next: next}
		return p, p.boast(ctx, settings.MeterProvider)
	}
	return []processor.Factory{
		processor.NewFactory(name, config, processor.WithTraces(traces, component.StabilityLevelDevelopment)),
	}
}

// plant loses spans, and tells the collector nothing of it.
type plant struct {
	component.StartFunc
	component.ShutdownFunc
	config *plantConfig
	next   consumer.Traces
	lock   sync.Mutex
	lost   []string
	// How many of them stand in the file.
	noted int
}

// boast counts spans that were never sent, in the metric that counts those that were.
func (p *plant) boast(ctx context.Context, meters metric.MeterProvider) error {
	if p.config.Boast == 0 {
		return nil
	}
	sent, err := meters.Meter("plant").Int64Counter("otelcol_exporter_sent_spans")
	if err != nil {
		return err
	}
	// Without a word of its own it would be the exporter's own series a second time, and there would be no page at all.
	labels := metric.WithAttributes(attribute.String("exporter", p.config.Exporter), attribute.Bool("plant", true))
	sent.Add(ctx, p.config.Boast, labels)
	return nil
}

func (*plant) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

func (p *plant) ConsumeTraces(ctx context.Context, traces ptrace.Traces) error {
	p.lock.Lock()
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			scope.Spans().RemoveIf(p.loses)
		}
	}
	err := p.note()
	p.lock.Unlock()
	if err != nil || traces.SpanCount() == 0 {
		return err
	}
	return p.next.ConsumeTraces(ctx, traces)
}

func (p *plant) loses(span ptrace.Span) bool {
	if len(p.lost) >= p.config.Count {
		return false
	}
	id := span.SpanID()
	hash := fnv.New64a()
	for shift := 0; shift < 64; shift += 8 {
		hash.Write([]byte{byte(p.config.Seed >> shift)})
	}
	hash.Write(id[:])
	if hash.Sum64()%p.config.Every != 0 {
		return false
	}
	p.lost = append(p.lost, id.String())
	return true
}

// note writes the ids of spans that have just been lost.
func (p *plant) note() error {
	if p.noted == len(p.lost) {
		return nil
	}
	file, err := os.OpenFile(p.config.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	for ; p.noted < len(p.lost); p.noted++ {
		if _, err := file.WriteString(p.lost[p.noted] + "\n"); err != nil {
			return err
		}
	}
	return nil
}
