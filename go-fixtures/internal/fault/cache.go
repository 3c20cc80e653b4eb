package fault

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
	"go.opentelemetry.io/otel/trace"
)

const (
	// takeTimeout bounds the wait for connections that requests hold.
	takeTimeout = 5 * time.Second
	// noticed is how long a look-up must wait for the lock to count.
	noticed = time.Millisecond
)

// UseCache gives the faults of the cache what they act on.
func (s *Set) UseCache(pool *redis.Pool, lock *sync.Mutex) {
	if s == nil {
		return
	}
	for _, f := range s.pool {
		hold := f.kind.PoolExhausted.Hold
		if hold == 0 {
			hold = pool.MaxActive
		}
		f.effect = &holder{pool: pool, hold: hold}
	}
	for _, f := range s.lru {
		k := f.kind.LRULocked
		f.effect = &locker{
			lock: lock, hold: time.Duration(k.HoldMS) * time.Millisecond, every: time.Duration(k.EveryMS) * time.Millisecond,
		}
	}
}

// holder takes connections out of a pool.
type holder struct {
	pool *redis.Pool
	hold int
	held []redis.Conn
}

func (h *holder) apply() error {
	ctx, cancel := context.WithTimeout(context.Background(), takeTimeout)
	defer cancel()
	for range h.hold {
		connection, err := h.pool.GetContext(ctx)
		if err != nil {
			err = fmt.Errorf("took %d of %d connections and gave them back: %w; start the store and lower the load",
				len(h.held), h.hold, err)
			h.clear()
			return err
		}
		h.held = append(h.held, connection)
	}
	return nil
}

func (h *holder) clear() {
	for _, connection := range h.held {
		_ = connection.Close() // gives it back
	}
	h.held = nil
}

// Connection gets a connection of the pool and counts the wait for it while a fault is on.
func (s *Set) Connection(ctx context.Context, pool *redis.Pool) (redis.Conn, error) {
	if s == nil {
		return pool.GetContext(ctx)
	}
	f := isOn(s.pool)
	if f == nil {
		return pool.GetContext(ctx)
	}
	if stats := pool.Stats(); stats.ActiveCount-stats.IdleCount < pool.MaxActive {
		return pool.GetContext(ctx)
	}
	s.touch(trace.SpanContextFromContext(ctx).SpanID(), f.mark())
	f.dose.Events.Add(1)
	begin := time.Now()
	connection, err := pool.GetContext(ctx)
	f.dose.Amounts[0].Add(uint64(time.Since(begin)))
	return connection, err
}

// locker holds a lock again and again.
type locker struct {
	lock        *sync.Mutex
	hold, every time.Duration
	stop, ended chan struct{}
}

func (l *locker) apply() error {
	l.stop, l.ended = make(chan struct{}), make(chan struct{})
	locked := make(chan struct{})
	go l.run(sync.OnceFunc(func() { close(locked) }))
	<-locked
	return nil
}

func (l *locker) clear() {
	close(l.stop)
	<-l.ended
}

func (l *locker) run(locked func()) {
	defer close(l.ended)
	for {
		next := time.Now().Add(l.every)
		l.lock.Lock()
		locked()
		stopped := wait(l.hold, l.stop)
		l.lock.Unlock()
		if stopped || wait(time.Until(next), l.stop) {
			return
		}
	}
}

// wait waits, and says whether stop was closed meanwhile.
func wait(duration time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-stop:
		return true
	case <-timer.C:
		return false
	}
}

// Lock takes the lock for a look-up and counts the wait for it while a fault is on.
func (s *Set) Lock(ctx context.Context, lock *sync.Mutex) {
	if s == nil {
		lock.Lock()
		return
	}
	f := isOn(s.lru)
	if f == nil {
		lock.Lock()
		return
	}
	begin := time.Now()
	lock.Lock()
	if waited := time.Since(begin); waited > noticed {
		s.touch(trace.SpanContextFromContext(ctx).SpanID(), f.mark())
		f.dose.Amounts[0].Add(uint64(waited))
		f.dose.Events.Add(1)
	}
}

// raise lets a word grow to value.
func raise(word *atomic.Uint64, value uint64) {
	for old := word.Load(); value > old && !word.CompareAndSwap(old, value); old = word.Load() {
	}
}
