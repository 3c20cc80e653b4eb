// Package cache is a local LRU in front of a store. It makes the spans that an instrumented cache makes: the look-up, the
// wait for a connection, the round trip.
package cache

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/golang/groupcache/lru"
	"github.com/gomodule/redigo/redis"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/fault"
	"spanfate.dev/fixtures/internal/ids"
)

const scope = "spanfate.dev/fixtures/cache"

// Cache gets one value per request. A nil *Cache gets none.
type Cache struct {
	tracer     trace.Tracer
	pool       *redis.Pool
	keys       uint64
	attributes []attribute.KeyValue
	faults     *fault.Set

	lock    sync.Mutex
	entries *lru.Cache
}

// Open makes the cache of a configuration, or nil. It dials when it first needs a connection. faults
// may hold its connections and its lock.
func Open(c *config.Cache, provider trace.TracerProvider, faults *fault.Set) (*Cache, error) {
	if c == nil {
		return nil, nil
	}
	host, portText, err := net.SplitHostPort(c.Store)
	if err != nil {
		return nil, fmt.Errorf("cache.store: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("cache.store: port %q is not a number", portText)
	}
	opened := &Cache{
		faults: faults,
		tracer: provider.Tracer(scope),
		keys:   c.Keys,
		attributes: []attribute.KeyValue{
			attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", "GET"),
			attribute.String("server.address", host), attribute.Int("server.port", port),
		},
		entries: lru.New(c.Entries),
		pool: &redis.Pool{
			MaxActive: c.Pool, MaxIdle: c.Pool, Wait: true,
			DialContext: func(ctx context.Context) (redis.Conn, error) { return redis.DialContext(ctx, "tcp", c.Store) },
		},
	}
	faults.UseCache(opened.pool, &opened.lock)
	return opened, nil
}

// key depends on the request alone, so that the same load asks for the same keys. A request without a number has key 0.
func (c *Cache) key(ctx context.Context) string {
	number := uint64(0)
	if request, ok := ids.Request(ctx); ok {
		number = ids.Mix(uint64(request)) % c.keys
	}
	return "key:" + strconv.FormatUint(number, 10)
}

// Get looks the request's value up and, when it is not there, gets it from the store.
func (c *Cache) Get(ctx context.Context) (err error) {
	if c == nil {
		return nil
	}
	ctx, span := c.tracer.Start(ctx, "cache.Get")
	defer func() { end(span, err) }()
	key := c.key(ctx)
	hit := c.find(ctx, key)
	span.SetAttributes(attribute.Bool("cache.hit", hit))
	if hit {
		return nil
	}
	value, err := c.fetch(ctx, key)
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.entries.Add(key, value)
	return nil
}

func (c *Cache) find(ctx context.Context, key string) bool {
	ctx, span := c.tracer.Start(ctx, "cache.lru")
	defer span.End()
	c.faults.Lock(ctx, &c.lock)
	defer c.lock.Unlock()
	_, hit := c.entries.Get(key)
	return hit
}

// fetch keeps its connection only as long as the round trip: others wait for it.
func (c *Cache) fetch(ctx context.Context, key string) (value []byte, err error) {
	connection, err := c.connection(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }() // gives it back to the pool, or drops it when it broke
	ctx, span := c.tracer.Start(ctx, "store.GET", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(c.attributes...))
	defer func() { end(span, err) }()
	return redis.Bytes(redis.DoContext(connection, ctx, "GET", key))
}

// connection waits for a free one and dials when there are fewer than the pool may have.
func (c *Cache) connection(ctx context.Context) (connection redis.Conn, err error) {
	ctx, span := c.tracer.Start(ctx, "pool.wait")
	defer func() { end(span, err) }()
	return c.faults.Connection(ctx, c.pool)
}

func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// Close ends the idle connections. One in use ends when it is given back.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	return c.pool.Close()
}
