package kernel

import (
	"encoding/binary"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// Commands, kinds and helpers of bpf(2), as the kernel numbers them.
const (
	mapCreate, mapUpdate, progLoad, progTestRun = 0, 2, 5, 10

	perfEventArray, ringBuffer = 4, 27
	socketFilter               = 1

	ktimeGetNs, smpProcessorID, perfEventOutput, probeReadUser, ringbufOutput = 5, 8, 25, 112, 130

	softwareBpfOutput = 10
	anyLowCPU         = 0xffffffff // the CPU that the program runs on
)

// instruction of a BPF program.
type instruction struct {
	code      uint8
	registers uint8 // destination in the low half, source in the high one
	offset    int16
	immediate int32
}

func move(to uint8, value int32) instruction {
	return instruction{code: 0xb7, registers: to, immediate: value}
}
func copied(to, from uint8) instruction { return instruction{code: 0xbf, registers: to | from<<4} }
func add(to uint8, value int32) instruction {
	return instruction{code: 0x07, registers: to, immediate: value}
}
func store(offset int16) instruction         { return instruction{code: 0x7a, registers: 10, offset: offset} }
func call(helper int32) instruction          { return instruction{code: 0x85, immediate: helper} }
func exit() instruction                      { return instruction{code: 0x95} }
func wide(to uint8, v uint32) [2]instruction { return [2]instruction{{0x18, to, 0, int32(v)}, {}} }
func theMap(to uint8, fd int) [2]instruction {
	return [2]instruction{{0x18, to | 1<<4, 0, int32(fd)}, {}}
}

// bpf calls bpf(2) with 128 bytes of attributes.
func bpf(command uintptr, attributes *[128]byte) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_BPF, command, uintptr(unsafe.Pointer(attributes)), 128)
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

func put32(into *[128]byte, at int, value int) {
	binary.NativeEndian.PutUint32(into[at:], uint32(value))
}

func putPointer(into *[128]byte, at int, to unsafe.Pointer) {
	binary.NativeEndian.PutUint64(into[at:], uint64(uintptr(to)))
}

func newMap(kind, key, value, entries int) (int, error) {
	var attributes [128]byte
	for at, one := range []int{kind, key, value, entries} {
		put32(&attributes, 4*at, one)
	}
	fd, err := bpf(mapCreate, &attributes)
	if err != nil {
		return 0, answer.Unable("the kernel makes no BPF map: %v; run as root", err)
	}
	return fd, nil
}

// load checks and keeps a program that the kernel runs on made-up packets only.
func load(program []instruction) (int, error) {
	license := []byte("GPL\x00")
	var attributes [128]byte
	put32(&attributes, 0, socketFilter)
	put32(&attributes, 4, len(program))
	putPointer(&attributes, 8, unsafe.Pointer(&program[0]))
	putPointer(&attributes, 16, unsafe.Pointer(&license[0]))
	fd, err := bpf(progLoad, &attributes)
	runtime.KeepAlive(program)
	runtime.KeepAlive(license)
	if err != nil {
		return 0, answer.Unable("the kernel takes no BPF program: %v; run as root", err)
	}
	return fd, nil
}

// result of one run of a program: what is in its register 0, 32 bits of it.
func result(program int) (uint32, error) {
	var packet [64]byte
	var attributes [128]byte
	put32(&attributes, 0, program)
	put32(&attributes, 8, len(packet))
	putPointer(&attributes, 16, unsafe.Pointer(&packet[0]))
	_, err := bpf(progTestRun, &attributes)
	runtime.KeepAlive(&packet)
	if err != nil {
		return 0, answer.Unable("the kernel runs no BPF program on a made-up packet: %v", err)
	}
	return binary.NativeEndian.Uint32(attributes[4:]), nil
}

// outputs loads a program and runs it so often that a full buffer is seen; gives how often it gave nothing, and the last error.
func outputs(program []instruction) (taken, refused, errno float64, err error) {
	fd, err := load(program)
	if err != nil {
		return 0, 0, 0, err
	}
	defer unix.Close(fd)
	for range calls {
		value, err := result(fd)
		if err != nil {
			return 0, 0, 0, err
		}
		if number := int32(value); number < 0 {
			refused++
			errno = float64(-number)
		} else {
			taken++
		}
	}
	return taken, refused, errno, nil
}

// pinned keeps this thread on a CPU until its release is called.
func pinned(cpu int) (func(), error) {
	runtime.LockOSThread()
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	only.Set(cpu)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return nil, err
	}
	return func() {
		_ = unix.SchedSetaffinity(0, &before)
		runtime.UnlockOSThread()
	}, nil
}

// allowed are the CPUs that this process may use.
func allowed() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	var cpus []int
	for cpu := range 1024 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// BpfOutput fills both kinds of BPF buffers, of one page each, that nobody reads. Figures, for perf and ring: taken, refused, errno; and
// large_values (1: a map of perf events may have values of 4 MiB, as if they were buffers).
func BpfOutput(string) (answer.Answer, error) {
	cpus, err := allowed()
	if err != nil {
		return answer.Answer{}, err
	}
	cpu := cpus[0]
	release, err := pinned(cpu)
	if err != nil {
		return answer.Answer{}, err
	}
	defer release()
	figures := map[string]float64{}
	array, err := newMap(perfEventArray, 4, 4, cpu+1)
	if err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(array)
	buffer, err := perfBuffer(array, cpu)
	if err != nil {
		return answer.Answer{}, err
	}
	defer buffer.close()
	at, low := theMap(2, array), wide(3, anyLowCPU)
	program := []instruction{store(-8), at[0], at[1], low[0], low[1], copied(4, 10), add(4, -8), move(5, 8), call(perfEventOutput), exit()}
	figures["perf_taken"], figures["perf_refused"], figures["perf_errno"], err = outputs(program)
	if err != nil {
		return answer.Answer{}, err
	}
	ring, err := newMap(ringBuffer, 0, 0, os.Getpagesize())
	if err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(ring)
	at = theMap(1, ring)
	program = []instruction{store(-8), at[0], at[1], copied(2, 10), add(2, -8), move(3, 8), move(4, 0), call(ringbufOutput), exit()}
	figures["ring_taken"], figures["ring_refused"], figures["ring_errno"], err = outputs(program)
	large, refused := newMap(perfEventArray, 4, 4<<20, cpu+1)
	if refused == nil {
		_ = unix.Close(large)
	}
	figures["large_values"] = answer.Bit(refused == nil)
	return answer.Answer{Figures: figures}, err
}

// perfBuffer is one page that programs on a CPU write to.
func perfBuffer(array, cpu int) (*ring, error) {
	attributes := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: softwareBpfOutput, Sample: 1, Wakeup: 1,
		Sample_type: unix.PERF_SAMPLE_RAW, Size: uint32(unix.PERF_ATTR_SIZE_VER5),
	}
	fd, err := unix.PerfEventOpen(&attributes, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, answer.Unable("the kernel refuses a perf event: %v; run as root", err)
	}
	memory, err := unix.Mmap(fd, 0, 2*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = unix.Close(fd)
		return nil, answer.Unable("a buffer of one page is refused: %v", err)
	}
	key, value := uint32(cpu), uint32(fd)
	var update [128]byte
	put32(&update, 0, array)
	putPointer(&update, 8, unsafe.Pointer(&key))
	putPointer(&update, 16, unsafe.Pointer(&value))
	_, err = bpf(mapUpdate, &update)
	runtime.KeepAlive(&key)
	runtime.KeepAlive(&value)
	if err != nil {
		_ = unix.Munmap(memory)
		_ = unix.Close(fd)
		return nil, err
	}
	return &ring{fd, memory}, nil
}

// BpfHelpers runs helpers and compares what they give. Figures: cpus, cpu_numbers (CPUs on which bpf_get_smp_processor_id gives the
// number of the CPU), bad_read_errno (of bpf_probe_read_user at an address that is not there), samples, ktime_in_monotonic and
// ktime_in_raw (readings of bpf_ktime_get_ns that lie between two of these clocks).
func BpfHelpers(string) (answer.Answer, error) {
	cpus, err := allowed()
	if err != nil {
		return answer.Answer{}, err
	}
	figures := map[string]float64{"cpus": float64(len(cpus)), "cpu_numbers": 0}
	which, err := load([]instruction{call(smpProcessorID), exit()})
	if err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(which)
	for _, cpu := range cpus {
		release, err := pinned(cpu)
		if err != nil {
			return answer.Answer{}, err
		}
		number, err := result(which)
		release()
		if err != nil {
			return answer.Answer{}, err
		}
		figures["cpu_numbers"] += answer.Bit(int(number) == cpu)
	}
	_, _, errno, err := outputs([]instruction{store(-8), copied(1, 10), add(1, -8), move(2, 8), move(3, 8), call(probeReadUser), exit()})
	if err != nil {
		return answer.Answer{}, err
	}
	figures["bad_read_errno"] = errno
	return bracketed(figures)
}

func bracketed(figures map[string]float64) (answer.Answer, error) {
	ktime, err := load([]instruction{call(ktimeGetNs), exit()})
	if err != nil {
		return answer.Answer{}, err
	}
	defer unix.Close(ktime)
	clocks := map[string]int32{"ktime_in_monotonic": unix.CLOCK_MONOTONIC, "ktime_in_raw": unix.CLOCK_MONOTONIC_RAW}
	figures["samples"] = calls
	for name, clock := range clocks {
		figures[name] = 0
		for range calls {
			var before, after unix.Timespec
			if err := unix.ClockGettime(clock, &before); err != nil {
				return answer.Answer{}, err
			}
			now, err := result(ktime)
			if err != nil {
				return answer.Answer{}, err
			}
			if err := unix.ClockGettime(clock, &after); err != nil {
				return answer.Answer{}, err
			}
			// A program gives 32 bits back: enough for a difference of less than four seconds.
			since := now - uint32(before.Nano())
			figures[name] += answer.Bit(int64(since) <= after.Nano()-before.Nano())
		}
	}
	return answer.Answer{Figures: figures}, nil
}
