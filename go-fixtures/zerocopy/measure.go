package zerocopy

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Figures are those of one method, on one kind of socket, with messages of one size.
type Figures struct {
	Rounds int
	// Latency is from the first call of the sender until the receiver has read the last byte; the least, the median, and
	// that which 95 of 100 keep.
	Least, Median, P95 time.Duration
	// Interval is the 95 % interval of the median over the rounds.
	Interval [2]time.Duration
	// BytesPerS is the size over the median.
	BytesPerS float64
	// Processor time per MiB.
	SenderPerMiB, ReceiverPerMiB time.Duration
}

// warmup rounds are not counted: pages get touched, windows open.
const warmup = 5

// Measure sends the buffer again and again, one message at a time, each when the one before was read.
func Measure(m Method, kind string, data []byte, rounds int) (f Figures, err error) {
	b, err := NewBuffer(data)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	sender, receiver, err := Connect(kind)
	if err != nil {
		return f, err
	}
	arrived := receive(receiver, len(data))
	sent := func() error {
		defer func() { _ = unix.Close(sender) }() // ends the receiver
		runtime.LockOSThread()                    // processor time is a thread's
		defer runtime.UnlockOSThread()
		return f.rounds(m, b, sender, rounds, arrived)
	}()
	last := Arrival{}
	for last = range arrived { // until it has closed its side
	}
	if err := errors.Join(sent, last.Err); err != nil {
		return f, fmt.Errorf("%s over %s: %w", m.Name, kind, err)
	}
	mebibytes := float64((rounds+warmup)*len(data)) / (1 << 20)
	f.ReceiverPerMiB = time.Duration(float64(last.CPU) / mebibytes)
	return f, nil
}

func (f *Figures) rounds(m Method, b *Buffer, sender, rounds int, arrived <-chan Arrival) error {
	latencies := make([]time.Duration, 0, rounds)
	var used time.Duration
	for round := range warmup + rounds {
		cpu, began := threadTime(), time.Now()
		if err := m.Send(b, sender); err != nil {
			return err
		}
		took := threadTime() - cpu
		message, open := <-arrived
		if !open {
			return errors.New("the receiver ended early")
		}
		if message.Err != nil {
			return message.Err
		}
		if round >= warmup {
			latencies, used = append(latencies, message.At.Sub(began)), used+took
		}
	}
	slices.Sort(latencies)
	f.Rounds = rounds
	f.Least, f.Median, f.P95 = latencies[0], latencies[rounds/2], latencies[min(rounds-1, rounds*95/100)]
	low, high := medianInterval(rounds)
	f.Interval = [2]time.Duration{latencies[low], latencies[high]}
	f.BytesPerS = float64(len(b.Data)) / f.Median.Seconds()
	f.SenderPerMiB = time.Duration(float64(used) / (float64(rounds*len(b.Data)) / (1 << 20)))
	return nil
}

// Arrival is a message that was read whole; the last one says how the receiver ended.
type Arrival struct {
	At  time.Time
	CPU time.Duration // of the receiver so far
	Err error
}

// receive reads messages of one size until the other side closes.
func receive(socket, size int) <-chan Arrival {
	arrived := make(chan Arrival, 1)
	go func() {
		defer close(arrived)
		defer func() { _ = unix.Close(socket) }()
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		into := make([]byte, 256<<10)
		cpu := threadTime()
		for got := 0; ; {
			n, err := again(func() (int, error) { return unix.Read(socket, into[:min(len(into), size-got)]) })
			switch {
			case err != nil:
				arrived <- Arrival{Err: fmt.Errorf("read: %w", err)}
				return
			case n == 0:
				arrived <- Arrival{CPU: threadTime() - cpu}
				return
			}
			if got += n; got == size {
				arrived <- Arrival{At: time.Now()}
				got = 0
			}
		}
	}()
	return arrived
}

// medianInterval is between which of so many sorted values the median lies, 95 times of 100, whatever their distribution.
func medianInterval(n int) (low, high int) {
	if n > 1000 { // the normal distribution is close enough
		half := int(math.Ceil(0.98 * math.Sqrt(float64(n))))
		return n/2 - half, n/2 + half
	}
	// The number of values below the median is binomial with one half: summed up from both ends until 2.5 % are there.
	probability, sum := 1.0, 0.0
	for range n {
		probability /= 2
	}
	for low = 0; low < n/2; low++ {
		if sum += probability; sum > 0.025 {
			break
		}
		probability = probability * float64(n-low) / float64(low+1)
	}
	return max(low-1, 0), min(n-low, n-1)
}

func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0 // cannot happen on Linux
	}
	return time.Duration(t.Nano())
}
