// Package runtimetrace writes the Go runtime's own trace of a fixture into a file, to be held against other witnesses.
package runtimetrace

import (
	"fmt"
	"os"
	"runtime/trace"
	"sync"
)

// Trace is a running trace; a nil *Trace is none.
type Trace struct{ to *sink }

// Start begins a trace in a new file. An empty path is no trace.
func Start(path string) (*Trace, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("cannot make the file of the runtime trace: %w; see runtime_trace", err)
	}
	t := &Trace{to: &sink{file: file}}
	if err := trace.Start(t.to); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("cannot start the runtime trace: %w", err)
	}
	return t, nil
}

// Stop ends the trace and closes its file. Its error says that the file is not whole.
func (t *Trace) Stop() error {
	if t == nil {
		return nil
	}
	trace.Stop() // returns when everything is written
	if err := t.to.close(); err != nil {
		return fmt.Errorf("the runtime trace is torn: %w; give it more room", err)
	}
	return nil
}

// sink keeps the first error, which runtime/trace ignores: a trace with a hole in it must not look whole. It writes no
// more after it, so that what is there can still be read.
type sink struct {
	lock sync.Mutex
	file *os.File
	err  error
}

func (s *sink) Write(data []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.file.Write(data)
	s.err = err
	return n, err
}

func (s *sink) close() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if err := s.file.Close(); s.err == nil {
		s.err = err
	}
	return s.err
}
