package config

import (
	"fmt"
	"math"
)

// What a fault's words may be.
var (
	PanicPlaces = []string{
		"under_defer", "before_defer", "deferred_before_end", "deferred_after_end", "closure_end", "nested",
	}
	PanicOutcomes = []string{"recovered", "fatal", "fatal_after_shutdown", "fatal_elsewhere"}
	ExitHows      = []string{"goexit", "os_exit", "log_fatal"}
	LostHows      = []string{"background", "strip", "rewrite", "b3"}
	SpanErrors    = []string{"never_ended", "ended_twice", "ended_after_shutdown", "handed_over", "body_unread", "failed"}
)

// positive refuses what would be divided by, or what a ticker would never come back from.
func positive(key string, value int64) error {
	if value < 1 {
		return fmt.Errorf(".%s is %d; it must be at least 1", key, value)
	}
	return nil
}

func oneIn(kind string, value int64) error { return positive(kind+".one_in", value) }

func word(key, got string, allowed []string) error {
	if err := oneOf(key, got, allowed...); err != nil {
		return fmt.Errorf(".%w", err)
	}
	return nil
}

// first is the first error of a list of checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *GC) check(*Config) error {
	or := func(value *int64) int64 {
		if value == nil {
			return math.MaxInt64
		}
		return *value
	}
	return first(
		positive("gc.allocate_bytes_per_s", or(g.AllocateBytesPerS)), positive("gc.object_bytes", or(g.ObjectBytes)),
		positive("gc.force_every_ms", or(g.ForceEveryMS)),
	)
}

func (p *Panic) check(*Config) error {
	return first(
		word("panic.place", p.Place, PanicPlaces), word("panic.outcome", p.Outcome, PanicOutcomes), oneIn("panic", p.OneIn),
	)
}

func (e *Exit) check(*Config) error {
	return first(word("exit.how", e.How, ExitHows), oneIn("exit", e.OneIn))
}

func (l *ContextLost) check(*Config) error {
	return first(word("context_lost.how", l.How, LostHows), oneIn("context_lost", l.OneIn))
}

func (d *Deep) check(*Config) error { return oneIn("deep", d.OneIn) }

func (e *SpanError) check(*Config) error {
	return first(word("span_error.what", e.What, SpanErrors), oneIn("span_error", e.OneIn))
}

func (p *PoolExhausted) check(c *Config) error { return c.needCache("pool_exhausted") }

func (l *LRULocked) check(c *Config) error { return c.needCache("lru_locked") }

func (s *SlowSerialisation) check(*Config) error { return nil }

func (s *ClockStep) check(*Config) error { return nil }

func (h *Hang) check(*Config) error { return oneIn("hang", h.OneIn) }

func (c *Config) needCache(fault string) error {
	if c.Cache == nil {
		return fmt.Errorf(".%s needs a cache; give one", fault)
	}
	return nil
}
