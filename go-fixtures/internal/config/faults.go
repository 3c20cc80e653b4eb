package config

import "fmt"

// MaxFaults is how many faults a configuration may have: each has its place in the ledger's header.
const MaxFaults = 32

// Fault is something that goes wrong while the harness wants it to.
type Fault struct {
	Number int  `json:"number"`
	Kind   Kind `json:"kind"`
}

// Kind has exactly one field that is not nil.
type Kind struct {
	GC                *GC                `json:"gc,omitempty"`
	Panic             *Panic             `json:"panic,omitempty"`
	Exit              *Exit              `json:"exit,omitempty"`
	ContextLost       *ContextLost       `json:"context_lost,omitempty"`
	Deep              *Deep              `json:"deep,omitempty"`
	SpanError         *SpanError         `json:"span_error,omitempty"`
	PoolExhausted     *PoolExhausted     `json:"pool_exhausted,omitempty"`
	LRULocked         *LRULocked         `json:"lru_locked,omitempty"`
	SlowSerialisation *SlowSerialisation `json:"slow_serialisation,omitempty"`
	ClockStep         *ClockStep         `json:"clock_step,omitempty"`
	Hang              *Hang              `json:"hang,omitempty"`
}

// GC puts the garbage collector under pressure. A nil field is left alone.
type GC struct {
	AllocateBytesPerS *int64 `json:"allocate_bytes_per_s,omitempty"`
	ObjectBytes       *int64 `json:"object_bytes,omitempty"`
	LiveBytes         *int64 `json:"live_bytes,omitempty"`
	GOGC              *int   `json:"gogc,omitempty"`
	MemoryLimitBytes  *int64 `json:"memory_limit_bytes,omitempty"`
	ForceEveryMS      *int64 `json:"force_every_ms,omitempty"`
}

// Panic panics at a place in or around a child span.
type Panic struct {
	Place   string `json:"place"`
	Outcome string `json:"outcome"`
	OneIn   int64  `json:"one_in"`
}

// Exit ends the goroutine or the process inside a child span.
type Exit struct {
	How   string `json:"how"`
	OneIn int64  `json:"one_in"`
}

// ContextLost loses the trace context inside the service or on the way to the next.
type ContextLost struct {
	How   string `json:"how"`
	OneIn int64  `json:"one_in"`
}

// Deep makes a child span at the bottom of a recursion.
type Deep struct {
	Depth uint32 `json:"depth"`
	OneIn int64  `json:"one_in"`
}

// SpanError treats a span as it must not be treated. AfterMS matters to handed_over only.
type SpanError struct {
	What    string `json:"what"`
	OneIn   int64  `json:"one_in"`
	AfterMS int64  `json:"after_ms"`
}

// PoolExhausted takes connections of the cache's pool; a Hold of 0 takes all.
type PoolExhausted struct {
	Hold int `json:"hold"`
}

// LRULocked holds the lock of the cache's LRU again and again.
type LRULocked struct {
	HoldMS  int64 `json:"hold_ms"`
	EveryMS int64 `json:"every_ms"`
}

// SlowSerialisation makes the exporter use processor time for each span.
type SlowSerialisation struct {
	PerSpanUS int64 `json:"per_span_us"`
}

// ClockStep stamps child spans by a clock that is wrong by ByMS.
type ClockStep struct {
	ByMS int64 `json:"by_ms"`
}

// Hang makes a request sleep inside its first child span.
type Hang struct {
	OneIn int64 `json:"one_in"`
	ForMS int64 `json:"for_ms"`
}

func (c *Config) checkFaults() error {
	if len(c.Faults) > 0 && c.Serve == "store" {
		return fmt.Errorf("a store accepts no faults; give them to the service whose cache it stands behind")
	}
	seen := make(map[int]bool)
	for i, f := range c.Faults {
		if f.Number < 0 || f.Number >= MaxFaults {
			return fmt.Errorf("faults[%d].number must be 0 to %d; number the faults from 0", i, MaxFaults-1)
		}
		if seen[f.Number] {
			return fmt.Errorf("faults[%d].number is %d again; give every fault a number of its own", i, f.Number)
		}
		seen[f.Number] = true
		if err := c.checkKind(f.Kind); err != nil {
			return fmt.Errorf("faults[%d].kind%w", i, err)
		}
	}
	return nil
}

// checker is a kind of fault; its error begins with what stands after "kind".
type checker interface{ check(c *Config) error }

// Checked kinds, in the order of Kind's fields.
func (k Kind) named() (found []checker) {
	if k.GC != nil {
		found = append(found, k.GC)
	}
	if k.Panic != nil {
		found = append(found, k.Panic)
	}
	if k.Exit != nil {
		found = append(found, k.Exit)
	}
	if k.ContextLost != nil {
		found = append(found, k.ContextLost)
	}
	if k.Deep != nil {
		found = append(found, k.Deep)
	}
	if k.SpanError != nil {
		found = append(found, k.SpanError)
	}
	if k.PoolExhausted != nil {
		found = append(found, k.PoolExhausted)
	}
	if k.LRULocked != nil {
		found = append(found, k.LRULocked)
	}
	if k.SlowSerialisation != nil {
		found = append(found, k.SlowSerialisation)
	}
	if k.ClockStep != nil {
		found = append(found, k.ClockStep)
	}
	if k.Hang != nil {
		found = append(found, k.Hang)
	}
	return found
}

func (c *Config) checkKind(k Kind) error {
	kinds := k.named()
	if len(kinds) != 1 {
		return fmt.Errorf(" has %d keys; give exactly one kind (docs/fixture-protocol.md section 6)", len(kinds))
	}
	return kinds[0].check(c)
}
