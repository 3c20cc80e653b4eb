package zerocopy

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSpanDataIsWhatAnExporterSends(t *testing.T) {
	data, err := SpanData(100_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != 100_000 || data[0] != 0x0a || !bytes.Contains(data, []byte("work.child")) {
		t.Errorf("%d bytes that begin with %x", len(data), data[:16])
	}
}

// numbered is data in which no two places are alike.
func numbered(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return data
}

type connection struct {
	*Buffer
	sender, receiver int
}

func connect(t *testing.T, kind string, data []byte) connection {
	t.Helper()
	b, err := NewBuffer(data)
	if err != nil {
		t.Fatal(err)
	}
	sender, receiver, err := Connect(kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _, _ = unix.Close(sender), unix.Close(receiver), b.Close()
	})
	return connection{b, sender, receiver}
}

// reader reads a descriptor.
type reader int

func (r reader) Read(into []byte) (int, error) {
	n, err := again(func() (int, error) { return unix.Read(int(r), into) })
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return max(n, 0), err
}

func TestEveryMethodSendsEveryByte(t *testing.T) {
	for _, kind := range Kinds {
		for _, size := range []int{1, 4096, 64<<10 + 1, 3<<20 + 17} {
			for _, m := range Methods() {
				data := numbered(size)
				c := connect(t, kind, data)
				sent := make(chan error, 1)
				go func() { sent <- m.Send(c.Buffer, c.sender) }()
				got := make([]byte, size)
				if _, err := io.ReadFull(reader(c.receiver), got); err != nil {
					t.Fatalf("%s over %s: %v", m.Name, kind, err)
				}
				if err := <-sent; err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s over %s, %d bytes: %v, equal %v", m.Name, kind, size, err, bytes.Equal(got, data))
				}
			}
		}
	}
}

// The hazard: a page that was handed over and not yet read is still the sender's. Whether an edit arrives also proves which
// methods copy.
func TestAnEditOfAPageThatWasHandedOverArrives(t *testing.T) {
	const size = 4 * 4096 // fits into every socket's buffer
	for _, kind := range Kinds {
		for _, m := range Methods() {
			c := connect(t, kind, bytes.Repeat([]byte{'A'}, size))
			if err := m.Send(c.Buffer, c.sender); err != nil {
				t.Fatalf("%s over %s: %v", m.Name, kind, err)
			}
			for i := range m.Pages(c.Buffer) { // the send has returned: the sender thinks that the data is out
				m.Pages(c.Buffer)[i] = 'B'
			}
			got := make([]byte, size)
			if _, err := io.ReadFull(reader(c.receiver), got); err != nil {
				t.Fatalf("%s over %s: %v", m.Name, kind, err)
			}
			edited := bytes.Count(got, []byte{'B'})
			if want := map[bool]int{true: size, false: 0}[m.Copies == 0]; edited != want {
				t.Errorf("%s over %s: %d of %d bytes came changed, want %d", m.Name, kind, edited, size, want)
			}
		}
	}
}

// The article splices a memfd into a socket. One side must be a pipe.
func TestSpliceNeedsAPipe(t *testing.T) {
	for _, kind := range Kinds {
		c := connect(t, kind, numbered(4096))
		if _, err := unix.Splice(c.memfd, new(int64), c.sender, nil, 4096, unix.SPLICE_F_MOVE); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%s: memfd to socket: %v, want EINVAL", kind, err)
		}
	}
}

func TestFiguresComeFromEveryMethod(t *testing.T) {
	data := numbered(128 << 10)
	for _, kind := range Kinds {
		for _, m := range Methods() {
			f, err := Measure(m, kind, data, 20)
			if err != nil {
				t.Fatal(err)
			}
			ordered := 0 < f.Least && f.Least <= f.Interval[0] && f.Interval[0] <= f.Median &&
				f.Median <= f.Interval[1] && f.Interval[1] <= f.P95
			if !ordered || f.Rounds != 20 || f.SenderPerMiB <= 0 || f.ReceiverPerMiB <= 0 || f.BytesPerS <= 0 {
				t.Errorf("%s over %s: %+v", m.Name, kind, f)
			}
		}
	}
}

// Ranks of David and Nagaraja's table, from 0.
func TestTheIntervalOfAMedian(t *testing.T) {
	for n, want := range map[int][2]int{10: {1, 8}, 20: {5, 14}, 30: {9, 20}, 100: {39, 60}, 10_000: {4902, 5098}} {
		if low, high := medianInterval(n); low != want[0] || high != want[1] {
			t.Errorf("%d values: %d and %d, want %v", n, low, high, want)
		}
	}
}
