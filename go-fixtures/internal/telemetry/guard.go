package telemetry

import (
	"time"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/spanguard"
)

// Keeper guards spans of the main provider.
func (t *Telemetry) Keeper(c config.Guard) *spanguard.Keeper {
	options := spanguard.Options{}
	if c.FlushMS != nil {
		options.Flush = t.Provider.ForceFlush
		options.FlushWithin = time.Duration(*c.FlushMS) * time.Millisecond
	}
	return spanguard.New(options)
}
