package main

import (
	"encoding/json"
	"os"
	"reflect"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// counts are words that each producer keeps for itself: of each provider how many spans it started and how many it ended, and of
// each processor the SDK's own counter of dropped spans, as this producer saw it last. Before them are four words: the
// process id, and the numbers of producers, providers and processors.
type counts struct {
	words                 []uint64
	providers, processors int
	// They lie in a file that outlives the process.
	mapped bool
}

const (
	headWords = 4
	wordBytes = 8
)

func newCounts(file string, producers, providers, processors int) counts {
	c := counts{providers: providers, processors: processors, mapped: file != ""}
	c.words = make([]uint64, headWords+producers*c.width())
	if c.mapped {
		c.words = mapped(file, len(c.words))
	}
	head := [headWords]uint64{uint64(os.Getpid()), uint64(producers), uint64(providers), uint64(processors)}
	for at := headWords - 1; at >= 0; at-- { // who finds the process id finds the rest
		atomic.StoreUint64(&c.words[at], head[at])
	}
	return c
}

// mapped gives zeroed words that lie in a file.
func mapped(name string, words int) []uint64 {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	size := words * wordBytes
	if err := file.Truncate(int64(size)); err != nil {
		panic(err)
	}
	bytes, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	_ = file.Close()
	return unsafe.Slice((*uint64)(unsafe.Pointer(&bytes[0])), words)
}

// width is how many words a producer has, a multiple of a cache line's.
func (c *counts) width() int { return (2*c.providers + c.processors + 7) / 8 * 8 }

// own are the words of one producer.
type own struct {
	words     []uint64
	providers int
}

func (c *counts) of(producer int) own {
	from := headWords + producer*c.width()
	return own{words: c.words[from : from+c.width()], providers: c.providers}
}

func (o own) add(at int) { atomic.StoreUint64(&o.words[at], o.words[at]+1) }

func (o own) started(provider int) { o.add(2 * provider) }

func (o own) ended(provider int) { o.add(2*provider + 1) }

// look notes what the SDK has dropped by now.
func (o own) look(counters []*uint32) {
	for at, counter := range counters {
		if counter != nil {
			atomic.StoreUint64(&o.words[2*o.providers+at], uint64(atomic.LoadUint32(counter)))
		}
	}
}

// sum adds up a word over the producers.
func (c *counts) sum(at int) (sum uint64) {
	for from := headWords; from < len(c.words); from += c.width() {
		sum += atomic.LoadUint64(&c.words[from+at])
	}
	return sum
}

// told is a processor with whose it is.
type told struct {
	processor
	provider int
	behind   []string
}

// processors are all that there are, in the order of the set-up; what is inside another comes after it.
func (w *world) processors() (all []told) {
	var visit func(int, []string, []processor)
	visit = func(provider int, behind []string, processors []processor) {
		for _, one := range processors {
			all = append(all, told{processor: one, provider: provider, behind: behind})
			visit(provider, append(behind[:len(behind):len(behind)], one.setup.Kind), one.inner)
		}
	}
	for _, provider := range w.providers {
		visit(provider.number, nil, provider.processors)
	}
	return all
}

// count says how many processors a set-up asks for.
func count(setups []processorSetup) int {
	sum := len(setups)
	for _, one := range setups {
		sum += count(one.Inner)
	}
	return sum
}

// dropped is where a batch processor counts the spans for which its queue had no room.
func (p processor) dropped() *uint32 {
	if p.setup.Kind != "batch" {
		return nil
	}
	field := reflect.ValueOf(p.SpanProcessor).Elem().FieldByName("dropped")
	if field.Type().Size() != unsafe.Sizeof(uint32(0)) {
		panic("the SDK counts dropped spans in another way")
	}
	return (*uint32)(unsafe.Pointer(field.UnsafeAddr()))
}

// providerTruth is what is known of a provider's spans at the end.
type providerTruth struct {
	Made       uint64 `json:"made"`
	Ended      uint64 `json:"ended"`
	NotSampled uint64 `json:"not_sampled"`
	RecordOnly uint64 `json:"record_only"`
}

// processorTruth is what is known of a processor's spans at the end.
type processorTruth struct {
	Provider int      `json:"provider"`
	Kind     string   `json:"kind"`
	Exporter string   `json:"exporter"`
	Behind   []string `json:"behind"`
	Queue    int      `json:"queue"`
	// Dropped is the SDK's own counter.
	Dropped uint32 `json:"dropped"`
	// Seen and Handed are what a processor of this program's own was called with, and what it handed on.
	Seen   uint64 `json:"seen"`
	Handed uint64 `json:"handed"`
}

// say prints what is known of all spans.
func (w *world) say() {
	out := struct {
		Providers  []providerTruth  `json:"providers"`
		Processors []processorTruth `json:"processors"`
	}{Processors: []processorTruth{}}
	for _, provider := range w.providers {
		one := providerTruth{Made: w.counts.sum(2 * provider.number), Ended: w.counts.sum(2*provider.number + 1)}
		if sampler := provider.sampler; sampler != nil {
			one.NotSampled, one.RecordOnly = sampler.dropped.Load(), sampler.recorded.Load()
		}
		out.Providers = append(out.Providers, one)
	}
	for _, told := range w.processors() {
		one := processorTruth{
			Provider: told.provider + 1,
			Kind:     told.setup.Kind,
			Exporter: told.setup.Exporter,
			Behind:   append([]string{}, told.behind...),
			Queue:    told.setup.Queue,
		}
		if counter := told.dropped(); counter != nil {
			one.Dropped = atomic.LoadUint32(counter)
		}
		switch own := told.SpanProcessor.(type) {
		case *filter:
			one.Seen, one.Handed = own.seen.Load(), own.handed.Load()
		case *async:
			one.Seen, one.Handed = own.seen.Load(), own.handed.Load()
		case *mask:
			one.Seen, one.Handed = own.seen.Load(), own.handed.Load()
		case *leaf:
			one.Seen = own.seen.Load()
		}
		out.Processors = append(out.Processors, one)
	}
	_ = json.NewEncoder(os.Stdout).Encode(out)
}
