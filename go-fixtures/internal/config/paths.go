package config

import (
	"fmt"

	"spanfate.dev/fixtures/internal/ledger"
)

// MaxProviders is how many tracer providers a fixture may have.
const MaxProviders = 3

// Path is an export path beside the main one, which is Exporter with Processor in the first provider.
type Path struct {
	Name      string   `json:"name"`
	Processor string   `json:"processor"`
	Provider  int      `json:"provider"` // from 1
	Spans     int      `json:"spans"`    // child spans of a request that the provider's tracer makes
	Keep      *uint64  `json:"keep,omitempty"`
	Endpoint  string   `json:"endpoint,omitempty"` // host and port; empty: where the main path sends to
	Exporter  Exporter `json:"exporter"`
}

// The processors of the SDK.
const (
	Batch  = "batch"
	Simple = "simple"
)

// Simple says whether the path has a simple processor.
func (p Path) Simple() bool { return p.Processor == Simple }

// Main is the main path.
func (c *Config) Main() Path {
	main := Path{Name: "main", Processor: Batch, Provider: 1, Keep: c.Keep, Exporter: c.Exporter}
	if c.Processor != nil {
		main.Processor = *c.Processor
	}
	return main
}

// Blocking says whether End blocks on a full queue.
func (e Exporter) Blocking() bool { return e.Options.OnFull != nil && *e.Options.OnFull == "block" }

// Providers is how many tracer providers the paths need.
func (c *Config) Providers() int {
	most := 1
	for _, p := range c.Paths {
		most = max(most, p.Provider)
	}
	return most
}

// ChildrenOf is how many of a request's child spans the tracer of a provider behind the first makes.
func (c *Config) ChildrenOf(provider int) int {
	most := 0
	for _, p := range c.Paths {
		if p.Provider == provider {
			most = max(most, p.Spans)
		}
	}
	return most
}

func (c *Config) checkPaths() error {
	if c.Ledger == nil && (c.Keep != nil || len(c.Paths) > 0) {
		return fmt.Errorf("keep and paths need the ledger: it says what each path did; give a ledger or remove them")
	}
	if len(c.Paths) > ledger.MaxPaths {
		return fmt.Errorf("%d paths are more than the %d that a ledger may have", len(c.Paths), ledger.MaxPaths)
	}
	if err := checkKeep("keep", c.Keep); err != nil {
		return err
	}
	for i, p := range c.Paths {
		key := fmt.Sprintf("paths[%d]", i)
		if p.Name == "" {
			return fmt.Errorf("%s.name is empty; name the path", key)
		}
		if p.Provider < 1 || p.Provider > MaxProviders {
			return fmt.Errorf("%s.provider is %d; it must be 1 to %d", key, p.Provider, MaxProviders)
		}
		for _, err := range []error{
			oneOf(key+".processor", p.Processor, Batch, Simple),
			oneOf(key+".exporter.protocol", p.Exporter.Protocol, "grpc", "http/protobuf"),
			checkKeep(key+".keep", p.Keep),
			p.Exporter.Options.check(),
		} {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func checkKeep(key string, keep *uint64) error {
	if keep != nil && *keep == 0 {
		return fmt.Errorf("%s is 0; one of so many spans is kept: leave it out to keep all", key)
	}
	return nil
}
