package config

import "errors"

// Design is the design under test that the service has built in. Exactly one field is not nil.
type Design struct {
	Guard *Guard `json:"guard,omitempty"`
}

// Guard guards the service's own child spans (spanguard).
type Guard struct {
	FlushMS *int64 `json:"flush_ms,omitempty"` // bound of the flush while a panic passes; nil: nothing is flushed
}

func (c *Config) checkDesign() error {
	switch {
	case c.Design == nil:
		return nil
	case c.Serve == "store":
		return errors.New("design is for a service that makes spans; a store makes none: leave it out")
	case c.Design.Guard == nil:
		return errors.New("design names nothing; give guard, or leave it out for none")
	case c.Design.Guard.FlushMS != nil && *c.Design.Guard.FlushMS < 1:
		return errors.New("design.guard.flush_ms is below 1; leave it out to flush nothing")
	}
	return nil
}
