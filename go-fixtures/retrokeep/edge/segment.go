package edge

import (
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/trace"
)

// record is what one export request holds of a trace, encoded: a request of its own, so that records one after the other are one, too.
type record struct {
	trace trace.TraceID
	data  []byte
	spans int
}

// place is where a record lies.
type place struct {
	at    int64
	bytes int
	spans int
}

// segment is a file of records. It has no name: it is gone when this process is.
type segment struct {
	file  *os.File
	size  int64
	index map[trace.TraceID][]place
	spans int // that are still in the index
	gone  bool
}

func newSegment(folder string) (*segment, error) {
	file, err := os.CreateTemp(folder, "spans-*")
	if err != nil {
		return nil, fmt.Errorf("a file for spans: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("a file for spans: %w", err), file.Close())
	}
	return &segment{file: file, index: map[trace.TraceID][]place{}}, nil
}

// add writes records at the end, in one piece.
func (s *segment) add(records []record) error {
	var data []byte
	for _, one := range records {
		data = append(data, one.data...)
	}
	if _, err := s.file.WriteAt(data, s.size); err != nil {
		return fmt.Errorf("spans could not be written: %w", err)
	}
	for _, one := range records {
		s.index[one.trace] = append(s.index[one.trace], place{s.size, len(one.data), one.spans})
		s.size += int64(len(one.data))
		s.spans += one.spans
	}
	return nil
}

// read appends the records of a trace.
func (s *segment) read(id trace.TraceID, to []byte) ([]byte, error) {
	for _, at := range s.index[id] {
		from := len(to)
		to = append(to, make([]byte, at.bytes)...)
		if _, err := s.file.ReadAt(to[from:], at.at); err != nil {
			return to[:from], fmt.Errorf("spans could not be read back: %w", err)
		}
	}
	return to, nil
}

// forget takes the first records of a trace out, so many as were read, and says how many spans they hold.
func (s *segment) forget(id trace.TraceID, records int) (spans int) {
	for _, at := range s.index[id][:records] {
		spans += at.spans
	}
	if s.index[id] = s.index[id][records:]; len(s.index[id]) == 0 {
		delete(s.index, id)
	}
	s.spans -= spans
	return spans
}
