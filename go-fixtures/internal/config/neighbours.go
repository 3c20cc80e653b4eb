package config

import (
	"fmt"
	"net"
)

// checkNeighbours checks what stands behind the service.
func (c *Config) checkNeighbours() error {
	if c.Serve == "store" {
		return c.checkStore()
	}
	for i, h := range c.Hops {
		key := fmt.Sprintf("hops[%d]", i)
		if h.Service == "" {
			return fmt.Errorf("%s.service is empty; name the service that is called", key)
		}
		if err := oneOf(key+".to", h.To, "http", "grpc"); err != nil {
			return err
		}
		if err := address(key+".target", h.Target); err != nil {
			return err
		}
	}
	if c.Cache == nil {
		return nil
	}
	if c.Cache.Pool < 1 || c.Cache.Entries < 1 || c.Cache.Keys < 1 {
		return fmt.Errorf("cache needs pool, entries and keys, each at least 1; null is no cache")
	}
	return address("cache.store", c.Cache.Store)
}

// checkStore refuses what a store would ignore: it makes no spans and calls nobody.
func (c *Config) checkStore() error {
	switch {
	case c.Ledger != nil:
		return fmt.Errorf("a store makes no spans and has no ledger; set ledger to null")
	case c.API != OpenTelemetry:
		return fmt.Errorf("a store makes no spans; remove api")
	case c.Keep != nil || len(c.Paths) > 0:
		return fmt.Errorf("a store exports nothing; remove keep and paths")
	case c.Cache != nil || len(c.Hops) > 0 || len(c.Work.Names) > 0:
		return fmt.Errorf("a store has no cache, no hops and no work.names; remove them")
	}
	return nil
}

func address(key, value string) error {
	host, port, err := net.SplitHostPort(value)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("%s is %q; it must be HOST:PORT", key, value)
	}
	return nil
}
