// Package zerocopy moves bytes from a buffer into a socket in the ways that Linux has, so that they can be compared: by copying, and
// by handing over pages.
//
// A page that was handed over still belongs to the sender. What the sender writes into it before the receiver has read it is
// what the receiver gets.
package zerocopy

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// Buffer is data of a fixed length in a memfd that is mapped, and a pipe to splice through.
type Buffer struct {
	Data    []byte // the memfd's own pages
	private []byte // the same bytes in ordinary memory
	scratch []byte // what read copies into
	memfd   int
	pipe    [2]int // read, write
	room    int    // bytes the pipe holds
	ring    *ring  // nil where the system refuses one
}

// pipeRoom is the most an ordinary user gets.
const pipeRoom = 1 << 20

// scratchBytes is how much is read at once before it is written, as io.Copy does with a file.
const scratchBytes = 32 << 10

// NewBuffer makes a buffer that holds a copy of data; Close gives everything back.
func NewBuffer(data []byte) (b *Buffer, err error) {
	b = &Buffer{memfd: -1, pipe: [2]int{-1, -1}, scratch: make([]byte, scratchBytes)}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.memfd, err = unix.MemfdCreate("spans", unix.MFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	if err := unix.Ftruncate(b.memfd, int64(len(data))); err != nil {
		return nil, fmt.Errorf("ftruncate: %w", err)
	}
	if b.Data, err = unix.Mmap(b.memfd, 0, len(data), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	copy(b.Data, data)
	// vmsplice hands over pages of ordinary memory; those of Go's heap may hold anything else, too.
	if b.private, err = unix.Mmap(-1, 0, len(data), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	copy(b.private, data)
	if err := unix.Pipe2(b.pipe[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	if b.room, err = unix.FcntlInt(uintptr(b.pipe[1]), unix.F_SETPIPE_SZ, pipeRoom); err != nil {
		return nil, fmt.Errorf("a pipe of %d bytes: %w; raise /proc/sys/fs/pipe-user-pages-soft", pipeRoom, err)
	}
	if ringRefusal() == nil {
		if b.ring, err = newRing(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Close gives everything back.
func (b *Buffer) Close() error {
	var errs []error
	for _, mapped := range [][]byte{b.Data, b.private} {
		if mapped != nil {
			errs = append(errs, unix.Munmap(mapped))
		}
	}
	for _, descriptor := range []int{b.memfd, b.pipe[0], b.pipe[1]} {
		if descriptor >= 0 {
			errs = append(errs, unix.Close(descriptor))
		}
	}
	if b.ring != nil {
		errs = append(errs, b.ring.close())
	}
	return errors.Join(errs...)
}

// Method is a way into a socket.
type Method struct {
	Name   string
	Copies int // of the data, by the sender; the receiver's read makes one more
	// send sends the whole buffer into a blocking socket.
	send func(b *Buffer, socket int) error
	// pages are what it sends.
	pages func(b *Buffer) []byte
}

// Send sends the whole buffer into a blocking socket.
func (m Method) Send(b *Buffer, socket int) error { return m.send(b, socket) }

// Pages are the bytes that the method sends.
func (m Method) Pages(b *Buffer) []byte { return m.pages(b) }

func shared(b *Buffer) []byte  { return b.Data }
func private(b *Buffer) []byte { return b.private }

// Methods are all ways that this system has.
func Methods() []Method {
	all := []Method{
		{"read + write", 2, readWrite, shared},
		{"write", 1, func(b *Buffer, socket int) error { return write(socket, b.private) }, private},
		{"copy into memfd, splice", 1, copySplice, private},
		{"sendfile", 0, sendfile, shared},
		{"memfd + pipe + splice", 0, spliced, shared},
		{"vmsplice + splice", 0, vmspliced, private},
	}
	if ringRefusal() == nil {
		all = append(all, Method{"io_uring send", 1, ringSent, private})
	}
	return all
}

// again calls a system call until no signal interrupts it. Go's runtime sends itself some.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

func write(to int, data []byte) error {
	for len(data) > 0 {
		n, err := again(func() (int, error) { return unix.Write(to, data) })
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		data = data[n:]
	}
	return nil
}

func readWrite(b *Buffer, socket int) error {
	for at := 0; at < len(b.Data); {
		n, err := again(func() (int, error) { return unix.Pread(b.memfd, b.scratch, int64(at)) })
		if err != nil || n == 0 {
			return fmt.Errorf("read: %w", orEnd(err))
		}
		if err := write(socket, b.scratch[:n]); err != nil {
			return err
		}
		at += n
	}
	return nil
}

func sendfile(b *Buffer, socket int) error {
	for at := int64(0); at < int64(len(b.Data)); {
		n, err := again(func() (int, error) { return unix.Sendfile(socket, b.memfd, &at, len(b.Data)-int(at)) })
		if err != nil || n == 0 {
			return fmt.Errorf("sendfile: %w", orEnd(err))
		}
	}
	return nil
}

func spliced(b *Buffer, socket int) error {
	for at := int64(0); at < int64(len(b.Data)); {
		n, err := again(func() (int, error) {
			n, err := unix.Splice(b.memfd, &at, b.pipe[1], nil, min(len(b.Data)-int(at), b.room), unix.SPLICE_F_MOVE)
			return int(n), err
		})
		if err != nil || n == 0 {
			return fmt.Errorf("splice into the pipe: %w", orEnd(err))
		}
		if err := b.empty(socket, n); err != nil {
			return err
		}
	}
	return nil
}

// copySplice is what a program does whose data was not made in the memfd.
func copySplice(b *Buffer, socket int) error {
	copy(b.Data, b.private)
	return spliced(b, socket)
}

func vmspliced(b *Buffer, socket int) error {
	for at := 0; at < len(b.private); {
		part := b.private[at:min(len(b.private), at+b.room)]
		vector := []unix.Iovec{{Base: &part[0]}}
		vector[0].SetLen(len(part))
		n, err := again(func() (int, error) { return unix.Vmsplice(b.pipe[1], vector, 0) })
		if err != nil || n == 0 {
			return fmt.Errorf("vmsplice: %w", orEnd(err))
		}
		if err := b.empty(socket, n); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// empty moves so many bytes from the pipe into the socket.
func (b *Buffer) empty(socket, bytes int) error {
	for bytes > 0 {
		n, err := again(func() (int, error) {
			n, err := unix.Splice(b.pipe[0], nil, socket, nil, bytes, unix.SPLICE_F_MOVE)
			return int(n), err
		})
		if err != nil || n == 0 {
			return fmt.Errorf("splice into the socket: %w", orEnd(err))
		}
		bytes -= n
	}
	return nil
}

func orEnd(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}
