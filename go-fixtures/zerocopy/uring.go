package zerocopy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What of the kernel's io_uring.h is needed: x/sys has the numbers of the system calls only.
const (
	ringEntries    = 2
	ringSubmitted  = 0x10000000 // where the entries are mapped
	ringOneMapping = 1 << 0     // both rings are one mapping (Linux 5.4)
	ringGetEvents  = 1 << 0
	ringSend       = 26
	entryBytes     = 64
	resultBytes    = 16
)

type ringParams struct {
	entries, results, flags, cpu, idle, features, queue uint32
	_                                                   [3]uint32
	submit                                              struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	complete struct {
		head, tail, mask, entries, overflow, results, flags, _ uint32
		_                                                      uint64
	}
}

// ring is an io_uring with one operation at a time.
type ring struct {
	descriptor           int
	shared, entries      []byte // mapped
	submitted, taken     *uint32
	completed, read      *uint32
	array                uint32 // where in shared
	results              uint32
	entryMask, readsMask uint32
}

// ringRefusal is why this system gives no ring; nil: it does. Containers often forbid it.
var ringRefusal = sync.OnceValue(func() error {
	r, err := newRing()
	if err != nil {
		return err
	}
	return r.close()
})

// LeftOut is why methods are missing from Methods; nil: none is.
func LeftOut() error { return ringRefusal() }

func newRing() (r *ring, err error) {
	var p ringParams
	descriptor, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, ringEntries, uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", errno)
	}
	r = &ring{descriptor: int(descriptor)}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if p.features&ringOneMapping == 0 {
		return nil, fmt.Errorf("io_uring of a kernel before 5.4: %w", errors.ErrUnsupported)
	}
	const access, kind = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	size := max(p.submit.array+p.entries*4, p.complete.results+p.results*resultBytes)
	if r.shared, err = unix.Mmap(r.descriptor, 0, int(size), access, kind); err != nil {
		return nil, fmt.Errorf("mmap of rings: %w", err)
	}
	if r.entries, err = unix.Mmap(r.descriptor, ringSubmitted, int(p.entries)*entryBytes, access, kind); err != nil {
		return nil, fmt.Errorf("mmap of entries: %w", err)
	}
	r.submitted, r.taken = r.word(p.submit.tail), r.word(p.submit.head)
	r.completed, r.read = r.word(p.complete.tail), r.word(p.complete.head)
	r.array, r.results = p.submit.array, p.complete.results
	r.entryMask, r.readsMask = *r.word(p.submit.mask), *r.word(p.complete.mask)
	return r, nil
}

func (r *ring) word(at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.shared[at])) }

func (r *ring) close() error {
	var errs []error
	for _, mapped := range [][]byte{r.shared, r.entries} {
		if mapped != nil {
			errs = append(errs, unix.Munmap(mapped))
		}
	}
	return errors.Join(append(errs, unix.Close(r.descriptor))...)
}

// send sends memory that Go does not move, and waits until that is done.
func (r *ring) send(socket int, data []byte) (int, error) {
	tail := *r.submitted
	slot := tail & r.entryMask
	entry := r.entries[slot*entryBytes:][:entryBytes]
	clear(entry)
	entry[0] = ringSend
	binary.NativeEndian.PutUint32(entry[4:], uint32(socket))
	binary.NativeEndian.PutUint64(entry[16:], uint64(uintptr(unsafe.Pointer(&data[0]))))
	binary.NativeEndian.PutUint32(entry[24:], uint32(len(data)))
	binary.NativeEndian.PutUint32(entry[28:], unix.MSG_WAITALL|unix.MSG_NOSIGNAL)
	*r.word(r.array + slot*4) = slot
	atomic.StoreUint32(r.submitted, tail+1)
	for {
		if head := *r.read; head != atomic.LoadUint32(r.completed) {
			result := r.shared[r.results+(head&r.readsMask)*resultBytes:]
			sent := int32(binary.NativeEndian.Uint32(result[8:]))
			atomic.StoreUint32(r.read, head+1)
			if sent < 0 {
				return 0, unix.Errno(-sent)
			}
			return int(sent), nil
		}
		waiting := *r.submitted - atomic.LoadUint32(r.taken)
		_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.descriptor), uintptr(waiting), 1, ringGetEvents, 0, 0)
		if errno != 0 && errno != unix.EINTR {
			return 0, errno
		}
	}
}

func ringSent(b *Buffer, socket int) error {
	for data := b.private; len(data) > 0; {
		n, err := b.ring.send(socket, data)
		if err != nil || n == 0 {
			return fmt.Errorf("send by io_uring: %w", orEnd(err))
		}
		data = data[n:]
	}
	return nil
}
