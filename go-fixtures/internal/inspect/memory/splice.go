// Package memory looks at what moving bytes costs, and at state that several goroutines share.
package memory

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// size is what is moved at once.
const size = 1 << 20

// sockets is a pair of connected sockets whose other end is drained until it is closed.
type sockets struct {
	in      int
	out     *os.File
	drained chan error
}

func connected(drain bool) (*sockets, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	pair := &sockets{in: ends[0], out: os.NewFile(uintptr(ends[1]), "socket"), drained: make(chan error, 1)}
	if !drain {
		pair.drained <- nil
		return pair, nil
	}
	go func() {
		buffer := make([]byte, size)
		_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{pair.out}, buffer)
		pair.drained <- err
	}()
	return pair, nil
}

func (s *sockets) close() error {
	_ = unix.Close(s.in)
	err := <-s.drained
	_ = s.out.Close()
	return err
}

// memfd is an anonymous file in memory, full of one letter.
func memfd(letter byte, length int) (int, error) {
	fd, err := unix.MemfdCreate("look", unix.MFD_CLOEXEC)
	if err != nil {
		return 0, answer.Unable("the kernel gives no memfd: %v", err)
	}
	if _, err := unix.Write(fd, slices.Repeat([]byte{letter}, length)); err != nil {
		return 0, err
	}
	return fd, nil
}

// Splice moves bytes from a memfd to a socket. Figures: direct (1: splice takes a memfd and a socket), direct_errno,
// through_pipe (1: with a pipe between them it works), changed_after (1: a byte that is overwritten after the splice arrives as it is
// then, so the page was lent and not copied), binds_buffer (1: what a buffer holds is in a memfd that was mapped over nothing of it).
func Splice(string) (answer.Answer, error) {
	source, err := memfd('A', os.Getpagesize())
	if err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(source)
	pair, err := connected(false)
	if err != nil {
		return answer.Answer{}, err
	}
	defer func() { _ = pair.close() }()
	from := int64(0)
	_, direct := unix.Splice(source, &from, pair.in, nil, os.Getpagesize(), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
	number, _ := direct.(unix.Errno)
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	from = 0
	if _, err := unix.Splice(source, &from, pipe[1], nil, os.Getpagesize(), 0); err != nil {
		return answer.Answer{}, err
	}
	if _, err := unix.Pwrite(source, []byte{'B'}, 0); err != nil {
		return answer.Answer{}, err
	}
	_, through := unix.Splice(pipe[0], nil, pair.in, nil, os.Getpagesize(), 0)
	first := make([]byte, 1)
	if through == nil {
		if _, err := io.ReadFull(pair.out, first); err != nil {
			return answer.Answer{}, err
		}
	}
	binds, err := binds()
	if err != nil {
		return answer.Answer{}, err
	}
	return answer.Answer{
		Figures: map[string]float64{
			"direct":        answer.Bit(direct == nil),
			"direct_errno":  float64(number),
			"through_pipe":  answer.Bit(through == nil),
			"changed_after": answer.Bit(first[0] == 'B'),
			"binds_buffer":  answer.Bit(binds),
		},
		Seen: []string{fmt.Sprintf("splice of a memfd to a socket: %v", direct)},
	}, nil
}

// binds says whether a file in memory that is mapped beside a full buffer holds what the buffer holds.
func binds() (bool, error) {
	buffer, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return false, err
	}
	defer func() { _ = unix.Munmap(buffer) }()
	copy(buffer, "trace")
	file, err := memfd(0, os.Getpagesize())
	if err != nil {
		return false, err
	}
	defer unix.Close(file)
	mapped, err := unix.Mmap(file, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return false, err
	}
	defer func() { _ = unix.Munmap(mapped) }()
	return string(mapped[:5]) == "trace", nil
}

// rounds of each way of moving a megabyte: enough that the ticks of the processors tell who had them.
const rounds = 2000

// MoveCost moves a megabyte from a memfd to a socket: by read and write, and by splice through a pipe. Figures: copy_us, splice_us
// (medians), ratio. On a machine whose processors others have meanwhile there are none.
func MoveCost(string) (answer.Answer, error) {
	source, err := memfd('A', size)
	if err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(source)
	before, err := stolen()
	if err != nil {
		return answer.Answer{}, err
	}
	buffer := make([]byte, size)
	copying, err := median(func(to int) error {
		if n, err := unix.Pread(source, buffer, 0); err != nil || n != size {
			return fmt.Errorf("read %d: %w", n, err)
		}
		return writeAll(to, buffer)
	})
	if err != nil {
		return answer.Answer{}, err
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	splicing, err := median(func(to int) error {
		for from := int64(0); from < size; {
			n, err := unix.Splice(source, &from, pipe[1], nil, size-int(from), unix.SPLICE_F_MOVE)
			for moved := int64(0); err == nil && moved < n; {
				var more int64
				more, err = unix.Splice(pipe[0], nil, to, nil, int(n-moved), unix.SPLICE_F_MOVE)
				moved += more
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return answer.Answer{}, err
	}
	after, err := stolen()
	if err != nil {
		return answer.Answer{}, err
	}
	if share := after.since(before); share > mostStolen {
		return answer.Answer{}, answer.Unable("others had %.0f %% of the processors while it was timed; try again on a quiet machine", 100*share)
	}
	return answer.Answer{Figures: map[string]float64{
		"copy_us": copying, "splice_us": splicing, "ratio": copying / splicing,
	}}, nil
}

func writeAll(to int, bytes []byte) error {
	for len(bytes) > 0 {
		n, err := unix.Write(to, bytes)
		if err != nil {
			return err
		}
		bytes = bytes[n:]
	}
	return nil
}

// median is the time of a move in microseconds.
func median(move func(to int) error) (float64, error) {
	pair, err := connected(true)
	if err != nil {
		return 0, err
	}
	times := make([]float64, 0, rounds)
	for range rounds {
		began := time.Now()
		if err := move(pair.in); err != nil {
			_ = pair.close()
			return 0, err
		}
		times = append(times, float64(time.Since(began).Nanoseconds())/1e3)
	}
	if err := pair.close(); err != nil {
		return 0, err
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
