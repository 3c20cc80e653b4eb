package logs

import (
	"errors"
	"fmt"
	"io"
)

var errFull = errors.New("the file of log lines is full")

// bounded takes whole lines until one does not fit; behind that it takes none. slog's handlers call it one at a time.
type bounded struct {
	to     io.Writer
	left   int64
	missed int
}

func (b *bounded) Write(line []byte) (int, error) {
	if int64(len(line)) > b.left {
		b.left, b.missed = 0, b.missed+1
		return 0, errFull
	}
	b.left -= int64(len(line))
	return b.to.Write(line)
}

func (b *bounded) gap() error {
	if b.missed == 0 {
		return nil
	}
	return fmt.Errorf("%d log lines had no room; give design.logs.most_bytes more", b.missed)
}
