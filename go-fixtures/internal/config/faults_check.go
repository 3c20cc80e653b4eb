package config

import (
	"fmt"
	"slices"
)

// Bounds of faults. They keep a mistyped number from eating the machine; what lies within is the scenario's affair.
const (
	maxRate     = 64 << 30 // bytes per second
	maxLive     = 8 << 30
	maxObject   = 64 << 20
	maxFaultMS  = 3_600_000
	maxStepMS   = 366 * 24 * 3_600_000
	minDepth    = 10
	maxDepth    = 1_000_000
	maxSpanUS   = 1_000_000
	maxGOGC     = 100_000
	minGCMemory = 1 << 20
)

// What a fault's words may be.
var (
	PanicPlaces = []string{
		"under_defer", "before_defer", "deferred_before_end", "deferred_after_end", "closure_end", "nested",
	}
	PanicOutcomes = []string{"recovered", "fatal", "fatal_after_shutdown", "fatal_elsewhere"}
	ExitHows      = []string{"goexit", "os_exit", "log_fatal"}
	LostHows      = []string{"background", "strip", "rewrite", "b3"}
	SpanErrors    = []string{"never_ended", "ended_twice", "ended_after_shutdown", "handed_over", "body_unread"}
)

func between(key string, value, low, high int64) error {
	if value < low || value > high {
		return fmt.Errorf(".%s is %d; it must be %d to %d", key, value, low, high)
	}
	return nil
}

func oneIn(kind string, value int64) error { return between(kind+".one_in", value, 1, 1<<32) }

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

func (c *Config) needChild(fault string) error {
	if c.Work.Spans < 2 {
		return fmt.Errorf(".%s needs a child span; set work.spans to at least 2", fault)
	}
	return nil
}

func (g *GC) check(*Config) error {
	if *g == (GC{}) {
		return fmt.Errorf(".gc asks for nothing; give at least one of its keys")
	}
	if g.ObjectBytes != nil && g.AllocateBytesPerS == nil {
		return fmt.Errorf(".gc.object_bytes has no effect without allocate_bytes_per_s; give both")
	}
	for _, n := range []struct {
		key       string
		value     *int64
		low, high int64
	}{
		{"allocate_bytes_per_s", g.AllocateBytesPerS, 1, maxRate},
		{"object_bytes", g.ObjectBytes, 1, maxObject},
		{"live_bytes", g.LiveBytes, 1, maxLive},
		{"memory_limit_bytes", g.MemoryLimitBytes, minGCMemory, 1<<63 - 1},
		{"force_every_ms", g.ForceEveryMS, 1, maxFaultMS},
	} {
		if n.value == nil {
			continue
		}
		if err := between("gc."+n.key, *n.value, n.low, n.high); err != nil {
			return err
		}
	}
	if g.GOGC != nil {
		return between("gc.gogc", int64(*g.GOGC), -1, maxGOGC)
	}
	return nil
}

func (p *Panic) check(*Config) error {
	return first(
		word("panic.place", p.Place, PanicPlaces), word("panic.outcome", p.Outcome, PanicOutcomes), oneIn("panic", p.OneIn),
	)
}

func (e *Exit) check(*Config) error {
	return first(word("exit.how", e.How, ExitHows), oneIn("exit", e.OneIn))
}

func (l *ContextLost) check(c *Config) error {
	if err := first(word("context_lost.how", l.How, LostHows), oneIn("context_lost", l.OneIn)); err != nil {
		return err
	}
	if l.How == "background" {
		return c.needChild("context_lost (background)")
	}
	if len(c.Hops) == 0 {
		return fmt.Errorf(".context_lost (%s) needs a hop; give hops or use background", l.How)
	}
	return nil
}

func (d *Deep) check(*Config) error {
	return first(between("deep.depth", int64(d.Depth), minDepth, maxDepth), oneIn("deep", d.OneIn))
}

func (e *SpanError) check(c *Config) error {
	if err := first(
		word("span_error.what", e.What, SpanErrors), oneIn("span_error", e.OneIn),
		between("span_error.after_ms", e.AfterMS, 0, maxFaultMS),
	); err != nil {
		return err
	}
	if e.What != "body_unread" {
		return c.needChild("span_error (" + e.What + ")")
	}
	if !slices.ContainsFunc(c.Hops, func(h Hop) bool { return h.To == "http" }) {
		return fmt.Errorf(".span_error (body_unread) needs an HTTP hop; give hops with one \"to\": \"http\"")
	}
	return nil
}

func (p *PoolExhausted) check(c *Config) error {
	switch {
	case c.Cache == nil:
		return fmt.Errorf(".pool_exhausted needs a cache; give one")
	case p.Hold == nil:
		return fmt.Errorf(".pool_exhausted.hold is missing; say how many connections to take, 0 for all")
	}
	return between("pool_exhausted.hold", int64(*p.Hold), 0, int64(c.Cache.Pool))
}

func (l *LRULocked) check(c *Config) error {
	if c.Cache == nil {
		return fmt.Errorf(".lru_locked needs a cache; give one")
	}
	if err := first(
		between("lru_locked.hold_ms", l.HoldMS, 1, maxFaultMS), between("lru_locked.every_ms", l.EveryMS, 1, maxFaultMS),
	); err != nil {
		return err
	}
	if l.EveryMS <= l.HoldMS {
		return fmt.Errorf(".lru_locked.every_ms is %d; it must be more than hold_ms (%d), or nobody ever gets the lock",
			l.EveryMS, l.HoldMS)
	}
	return nil
}

func (s *SlowSerialisation) check(*Config) error {
	return between("slow_serialisation.per_span_us", s.PerSpanUS, 1, maxSpanUS)
}

func (s *ClockStep) check(c *Config) error {
	if s.ByMS == 0 {
		return fmt.Errorf(".clock_step.by_ms is 0 or missing; give a step, negative for back")
	}
	return first(between("clock_step.by_ms", s.ByMS, -maxStepMS, maxStepMS), c.needChild("clock_step"))
}

func (h *Hang) check(*Config) error {
	return first(oneIn("hang", h.OneIn), between("hang.for_ms", h.ForMS, 1, maxFaultMS))
}
