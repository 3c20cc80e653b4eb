package main

import (
	"fmt"
	"math/rand/v2"

	"go.opentelemetry.io/otel/sdk"

	"spanfate.dev/fixtures/internal/measured"
	"spanfate.dev/fixtures/zerocopy"
)

// command is how the project's root runs this.
const command = "cd go-fixtures && CGO_ENABLED=0 go run ./cmd/zerocopy"

// pair is a way over a kind of socket.
type pair struct {
	method zerocopy.Method
	kind   string
}

func (p pair) name() string { return p.method.Name + ", " + p.kind }

func pairs() (all []pair) {
	for _, kind := range zerocopy.Kinds {
		for _, m := range zerocopy.Methods() {
			all = append(all, pair{m, kind})
		}
	}
	return all
}

// size is how a size is called in the name of a figure.
func size(bytes int) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%dMiB", bytes>>20)
	}
	return fmt.Sprintf("%dKiB", bytes>>10)
}

func columns(sizes []int) []measured.Figure {
	all := []measured.Figure{{Name: "copies", Unit: measured.Count, Means: "of the data, by the sender; the receiver's read makes one more"}}
	for _, column := range []struct {
		name  string
		unit  measured.Unit
		means string
	}{
		{"latency", measured.Microseconds, "from the first call of the sender until the receiver has read the last byte of a message of %s; median"},
		{"gain", measured.Count, "how many times less that is than of read + write, %s"},
		{"cpu", measured.Microseconds, "processor time of sender and receiver for each MiB, in messages of %s"},
	} {
		for _, bytes := range sizes {
			name := size(bytes)
			all = append(all, measured.Figure{Name: column.name + "." + name, Unit: column.unit, Means: fmt.Sprintf(column.means, name)})
		}
	}
	return all
}

// repeated measures every way again and again, each time in another order.
func repeated(repeats, rounds int, sizes []int, arguments []string) (*measured.Table, error) {
	all, names := pairs(), []string{}
	for _, one := range all {
		names = append(names, one.name())
	}
	table, err := measured.New("zerocopy", command, arguments, sdk.Version(), columns(sizes), names)
	if err != nil {
		return nil, err
	}
	data := map[int][]byte{}
	for _, bytes := range sizes {
		if data[bytes], err = zerocopy.SpanData(bytes); err != nil {
			return nil, err
		}
	}
	order := rand.New(rand.NewPCG(1, 1))
	for range repeats {
		err := table.Repeat(func(note measured.Note) error { return block(note, rounds, sizes, data, all, order.Perm(len(all))) })
		if err != nil {
			return nil, err
		}
	}
	return table, nil
}

// block is one repeat.
func block(note measured.Note, rounds int, sizes []int, data map[int][]byte, all []pair, order []int) error {
	for _, bytes := range sizes {
		latency := map[string]float64{}
		for _, at := range order {
			one := all[at]
			f, err := zerocopy.Measure(one.method, one.kind, data[bytes], rounds)
			if err != nil {
				return err
			}
			latency[one.name()] = float64(f.Median.Nanoseconds())
			note(one.name(), "copies", float64(one.method.Copies))
			note(one.name(), "latency."+size(bytes), float64(f.Median.Nanoseconds())/1e3)
			note(one.name(), "cpu."+size(bytes), float64((f.SenderPerMiB+f.ReceiverPerMiB).Nanoseconds())/1e3)
		}
		for _, one := range all {
			note(one.name(), "gain."+size(bytes), latency[pair{zerocopy.Methods()[0], one.kind}.name()]/latency[one.name()])
		}
	}
	return nil
}
