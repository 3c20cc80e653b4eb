package main

import (
	"context"
	"net"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// stage is a moment in the life of a request, as its server sees it.
type stage int

const (
	firstByte   stage = iota // of the request, read from the socket
	spanStart                // a span processor hears of the server span
	decodeBegin              // the body is about to be read and decoded
	decodeEnd
	spanEnd
	lastByte // of the answer, given to the socket
	stages
)

// marks are the moments of one request. Requests come one after the other, so that nothing has to say whose a moment is.
type marks struct {
	lock sync.Mutex
	set  sync.Cond
	at   [stages]time.Time
}

func newMarks() *marks {
	m := new(marks)
	m.set.L = &m.lock
	return m
}

// reset forgets the request before.
func (m *marks) reset() {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.at = [stages]time.Time{}
}

// first keeps the first moment of a stage, last the last one.
func (m *marks) first(s stage) { m.mark(s, false) }
func (m *marks) last(s stage)  { m.mark(s, true) }

func (m *marks) mark(s stage, again bool) {
	now := time.Now()
	m.lock.Lock()
	defer m.lock.Unlock()
	if again || m.at[s].IsZero() {
		m.at[s] = now
	}
	m.set.Broadcast()
}

// whole waits until the span has ended and the answer is out, and gives all moments.
func (m *marks) whole(ctx context.Context) ([stages]time.Time, error) {
	stop := context.AfterFunc(ctx, func() {
		m.lock.Lock()
		defer m.lock.Unlock()
		m.set.Broadcast()
	})
	defer stop()
	m.lock.Lock()
	defer m.lock.Unlock()
	for m.at[spanEnd].IsZero() || m.at[lastByte].IsZero() {
		if ctx.Err() != nil {
			return m.at, ctx.Err()
		}
		m.set.Wait()
	}
	return m.at, nil
}

// listener gives connections that mark when bytes come and go.
type listener struct {
	net.Listener
	marks *marks
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn{c, l.marks}, nil
}

type conn struct {
	net.Conn
	marks *marks
}

func (c conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.marks.first(firstByte)
	}
	return n, err
}

func (c conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.marks.last(lastByte)
	return n, err
}

// watcher is the span processor that hears of server spans: the client makes none.
type watcher struct{ marks *marks }

func (w watcher) OnStart(context.Context, sdktrace.ReadWriteSpan) { w.marks.first(spanStart) }
func (w watcher) OnEnd(sdktrace.ReadOnlySpan)                     { w.marks.last(spanEnd) }
func (watcher) Shutdown(context.Context) error                    { return nil }
func (watcher) ForceFlush(context.Context) error                  { return nil }
