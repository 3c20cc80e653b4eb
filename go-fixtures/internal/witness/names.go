package witness

import (
	"maps"
	"sync"
	"sync/atomic"

	"spanfate.dev/fixtures/internal/ledger"
)

// maxNames bounds the table: a service that makes a new name for each span would otherwise fill memory and log. A name
// beyond it has id 0.
const maxNames = 4096

// names gives each span name a number. Reading takes no lock, because every span reads; writing copies the table, which
// is cheap as new names are rare.
type names struct {
	ledger *ledger.Ledger
	lock   sync.Mutex
	table  atomic.Pointer[map[string]uint32]
}

func newNames(l *ledger.Ledger) *names {
	n := &names{ledger: l}
	n.table.Store(&map[string]uint32{})
	return n
}

func (n *names) id(name string) uint32 {
	if id, ok := (*n.table.Load())[name]; ok {
		return id
	}
	return n.add(name)
}

func (n *names) add(name string) uint32 {
	n.lock.Lock()
	defer n.lock.Unlock()
	old := *n.table.Load()
	if id, ok := old[name]; ok {
		return id
	}
	if len(old) >= maxNames {
		return 0
	}
	id := uint32(len(old) + 1)
	n.ledger.Name(id, name) // before any slot can hold the id
	table := maps.Clone(old)
	table[name] = id
	n.table.Store(&table)
	return id
}
