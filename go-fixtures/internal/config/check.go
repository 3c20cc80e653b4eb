package config

import (
	"fmt"
	"slices"
)

const (
	maxService = 64
	maxSlots   = 1 << 32
)

// Samplers are the names that `sampler` may have: those of OTEL_TRACES_SAMPLER.
var Samplers = []string{
	"always_on", "always_off", "traceidratio",
	"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

func (c *Config) check() error {
	switch {
	case c.Version != Version:
		return fmt.Errorf("version %d is not supported; this fixture reads version %d", c.Version, Version)
	case c.Service == "" || len(c.Service) > maxService:
		return fmt.Errorf("service must have 1 to %d bytes", maxService)
	case c.Listen == "":
		return fmt.Errorf("listen is empty; use \"127.0.0.1:0\" to let the kernel choose the port")
	case c.RuntimeTrace != nil && *c.RuntimeTrace == "":
		return fmt.Errorf("runtime_trace is empty; name a file or leave the key out for no trace")
	case c.ShutdownTimeoutMS < 0:
		return fmt.Errorf("shutdown_timeout_ms is %d; it must not be negative", c.ShutdownTimeoutMS)
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
	for _, part := range []func() error{
		c.checkLedger, c.Exporter.Options.check, c.Work.check, c.checkNeighbours, c.checkFaults,
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
	case l.LogBytes < 4096 || l.LogBytes%8 != 0:
		return fmt.Errorf("ledger.log_bytes is %d; it must be a multiple of 8 and at least 4096", l.LogBytes)
	}
	return nil
}

func (o Options) check() error {
	for _, n := range []struct {
		key   string
		value *int
	}{{"queue", o.Queue}, {"batch", o.Batch}} {
		if n.value != nil && *n.value < 0 {
			return fmt.Errorf("exporter.options.%s is %d; it must not be negative", n.key, *n.value)
		}
	}
	durations := []struct {
		key   string
		value *int64
	}{{"delay_ms", o.DelayMS}, {"export_timeout_ms", o.ExportTimeoutMS}, {"timeout_ms", o.TimeoutMS}}
	if r := o.Retry; r != nil {
		if r.Enabled == nil {
			return fmt.Errorf("exporter.options.retry.enabled is missing; say true or false")
		}
		durations = append(durations, []struct {
			key   string
			value *int64
		}{
			{"retry.initial_ms", r.InitialMS},
			{"retry.max_interval_ms", r.MaxIntervalMS},
			{"retry.max_elapsed_ms", r.MaxElapsedMS},
		}...)
	}
	for _, d := range durations {
		if d.value != nil && *d.value < 0 {
			return fmt.Errorf("exporter.options.%s is %d; it must not be negative", d.key, *d.value)
		}
	}
	return o.checkWords()
}

func (o Options) checkWords() error {
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

func (w Work) check() error {
	switch {
	case w.Spans < 1:
		return fmt.Errorf("work.spans is %d; a request has at least its root span", w.Spans)
	case w.Attributes < 0 || w.AttributeBytes < 0 || w.CPUUS < 0 || w.SleepUS < 0 || w.AllocateBytes < 0:
		return fmt.Errorf("work has a negative number; use 0 for none")
	case slices.Contains(w.Names, ""):
		return fmt.Errorf("work.names has an empty name; name the child spans or leave the key out")
	}
	return nil
}

func oneOf(key, got string, allowed ...string) error {
	if !slices.Contains(allowed, got) {
		return fmt.Errorf("%s is %q; it must be one of %q", key, got, allowed)
	}
	return nil
}
