// Package store is the service behind a cache: it speaks as much of the Redis protocol (RESP 2) as a client needs to get a
// value, and each GET costs what the configuration says. It makes no spans.
package store

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"spanfate.dev/fixtures/internal/config"
)

// Store is a server of values.
type Store struct {
	work   config.Work
	values values

	lock        sync.Mutex
	listener    net.Listener
	connections map[net.Conn]bool
	stopping    bool
	running     sync.WaitGroup
}

// New makes a store. Of the work, cpu_us and sleep_us are spent per GET.
func New(work config.Work) *Store {
	return &Store{work: work, connections: make(map[net.Conn]bool), values: values{set: make(map[string][]byte)}}
}

// Serve answers clients until the listener ends.
func (s *Store) Serve(listener net.Listener) error {
	s.lock.Lock()
	s.listener = listener
	stopping := s.stopping
	s.lock.Unlock()
	if stopping {
		return listener.Close()
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		if !s.enter(connection) {
			_ = connection.Close()
			continue
		}
		go s.talk(connection)
	}
}

func (s *Store) enter(connection net.Conn) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.stopping {
		return false
	}
	s.connections[connection] = true
	s.running.Add(1)
	return true
}

func (s *Store) leave(connection net.Conn) {
	s.lock.Lock()
	delete(s.connections, connection)
	s.lock.Unlock()
	_ = connection.Close() // its client reads the end, whatever this says
	s.running.Done()
}

// flushing writes the answers before it waits for more: a client that sent one whole command and half of the next gets
// the first answer, and a pipeline is answered with one write.
type flushing struct {
	connection net.Conn
	out        *bufio.Writer
}

func (f flushing) Read(p []byte) (int, error) {
	if err := f.out.Flush(); err != nil {
		return 0, err
	}
	return f.connection.Read(p)
}

func (s *Store) talk(connection net.Conn) {
	defer s.leave(connection)
	out := bufio.NewWriter(connection)
	in := bufio.NewReaderSize(flushing{connection, out}, maxLine)
	for {
		command, err := readCommand(in)
		var wrong protocolError
		if errors.As(err, &wrong) {
			writeError(out, wrong.Error())
		}
		if err != nil || !s.answer(out, command) {
			_ = out.Flush()
			return
		}
	}
}

// Stop ends connections between two commands; what is in work is answered, unless ctx ends first.
func (s *Store) Stop(ctx context.Context) error {
	s.lock.Lock()
	s.stopping = true
	if s.listener != nil {
		_ = s.listener.Close()
	}
	for connection := range s.connections {
		_ = connection.SetReadDeadline(time.Unix(1, 0)) // wakes whoever waits for a command
	}
	s.lock.Unlock()
	finished := make(chan struct{})
	go func() { s.running.Wait(); close(finished) }()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	for connection := range s.connections {
		_ = connection.Close()
	}
	return ctx.Err()
}
