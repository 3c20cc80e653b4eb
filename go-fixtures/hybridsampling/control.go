package hybridsampling

import (
	"context"
	"time"
)

// Readings are what the rate follows.
type Readings struct {
	CPU      float64 // share of the processor time that the process may use, 0 to 1
	Memory   float64 // share of the memory that it may use, 0 to 1
	Requests float64 // per second
}

// Limits are readings at which something begins; one of 0 is not looked at.
type Limits struct{ CPU, Memory, Requests float64 }

// reachedBy says whether any reading is at its limit, where all limits are lowered to a share.
func (l Limits) reachedBy(r Readings, share float64) bool {
	at := func(limit, value float64) bool { return limit > 0 && value >= limit*share }
	return at(l.CPU, r.CPU) || at(l.Memory, r.Memory) || at(l.Requests, r.Requests)
}

// Level is a rate, and from when on it holds.
type Level struct {
	Rate  float64
	Enter Limits // of the first level without meaning: it holds when no other does
}

// Policy is levels from calm to pressed. It is a pure function of readings, with hysteresis: a level is entered as soon as a reading
// is at one of its limits, and left for the one below when for Hold readings in a row all of them stood below Slack of the limits.
// Without that, a rate that lowers the load by which it was lowered would swing for ever.
type Policy struct {
	Levels []Level
	Slack  float64 // 0 to 1; 1 is no band
	Hold   int     // at least 1 is meant; 0 is read as 1
}

// Article is the table of the article, as one policy: half of the traces while the service is idle, 10 % once it is busy, 1 % under
// pressure. busy is the requests per second at which it is busy.
func Article(busy float64) Policy {
	return Policy{
		Levels: []Level{
			{Rate: 0.5},
			{Rate: 0.1, Enter: Limits{CPU: 0.5, Requests: busy}},
			{Rate: 0.01, Enter: Limits{CPU: 0.9, Memory: 0.9}},
		},
		Slack: 0.8,
		Hold:  4,
	}
}

// State is where a policy stands. The zero value is the calm level.
type State struct {
	Level int
	calm  int // readings in a row by which the level could be left
}

// Next is the state after a reading.
func (p Policy) Next(state State, r Readings) State {
	for level := len(p.Levels) - 1; level > state.Level; level-- {
		if p.Levels[level].Enter.reachedBy(r, 1) {
			return State{Level: level}
		}
	}
	if state.Level == 0 || p.Levels[state.Level].Enter.reachedBy(r, p.Slack) {
		return State{Level: state.Level}
	}
	if state.calm++; state.calm < p.Hold {
		return state
	}
	return State{Level: state.Level - 1}
}

// Rate is that of a state.
func (p Policy) Rate(state State) float64 {
	if len(p.Levels) == 0 {
		return 1
	}
	return p.Levels[state.Level].Rate
}

// Source gives readings.
type Source interface{ Read() Readings }

// Drive sets the rate by a policy until ctx ends: at once, and then at each reading. changed, which may be nil, hears of the first
// rate and of every change, with the readings that made it.
func (s *Sampler) Drive(
	ctx context.Context, policy Policy, source Source, every time.Duration, changed func(rate float64, by Readings),
) {
	var state State
	set := func(by Readings) {
		s.SetRate(policy.Rate(state))
		if changed != nil {
			changed(s.Rate(), by)
		}
	}
	set(Readings{})
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		readings := source.Read()
		if next := policy.Next(state, readings); next.Level != state.Level {
			state = next
			set(readings)
		} else {
			state = next
		}
	}
}
