package config

import (
	"fmt"
	"slices"
)

// maxSlots is how many numbers a span id has room for.
const maxSlots = 1 << 40

// Samplers are the names that `sampler` may have: those of OTEL_TRACES_SAMPLER.
var Samplers = []string{
	"always_on", "always_off", "traceidratio",
	"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

func (c *Config) check() error {
	switch {
	case c.Version != Version:
		return fmt.Errorf("version %d is not supported; this fixture reads version %d", c.Version, Version)
	case c.RuntimeTrace != nil && *c.RuntimeTrace == "":
		return fmt.Errorf("runtime_trace is empty; name a file or leave the key out for no trace")
	}
	if err := oneOf("root", c.Root, "local", "remote"); err != nil {
		return err
	}
	if err := oneOf("exporter.protocol", c.Exporter.Protocol, "grpc", "http/protobuf"); err != nil {
		return err
	}
	if err := oneOf("serve", c.Serve, "http", "grpc", "store"); err != nil {
		return err
	}
	if err := oneOf("api", c.API, OpenTelemetry, OpenTracing, OpenCensus); err != nil {
		return err
	}
	if err := oneOf("processor", c.Main().Processor, Batch, Simple); err != nil {
		return err
	}
	for _, part := range []func() error{
		c.checkLedger, c.Exporter.Options.check, c.checkPaths, c.checkNeighbours, c.checkDesign, c.checkFaults,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkLedger() error {
	l := c.Ledger
	if l == nil {
		if len(c.Plant.Filter)+len(c.Plant.DoubleSend) > 0 {
			return fmt.Errorf("plant needs the ledger: planted faults are recorded there; give a ledger or empty the plant")
		}
		return nil
	}
	switch {
	case l.Path == "":
		return fmt.Errorf("ledger.path is empty; name a file on tmpfs, for example in /dev/shm")
	case l.Slots == 0 || l.Slots > maxSlots:
		return fmt.Errorf("ledger.slots is %d; it must be 1 to %d", l.Slots, uint64(maxSlots))
	}
	return nil
}

func (o Options) check() error {
	if o.Compression != nil {
		if err := oneOf("exporter.options.compression", *o.Compression, "gzip", "none"); err != nil {
			return err
		}
	}
	if o.OnFull != nil {
		if err := oneOf("exporter.options.on_full", *o.OnFull, "block", "drop"); err != nil {
			return err
		}
	}
	if o.Sampler == nil {
		if o.SamplerArg != nil {
			return fmt.Errorf("exporter.options.sampler_arg without sampler; set both here or both by OTEL_TRACES_SAMPLER*")
		}
		return nil
	}
	return oneOf("exporter.options.sampler", *o.Sampler, Samplers...)
}

func oneOf(key, got string, allowed ...string) error {
	if !slices.Contains(allowed, got) {
		return fmt.Errorf("%s is %q; it must be one of %q", key, got, allowed)
	}
	return nil
}
