package fault

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/ids"
)

const (
	defaultObject = 1024                   // bytes of an object of garbage
	allocateTick  = 2 * time.Millisecond   // how often what is due is allocated
	maxBehind     = 100 * time.Millisecond // a debt older than this is forgotten: it would come back as one burst
	doseTick      = 100 * time.Millisecond
)

// gcPressure makes garbage, holds live heap, turns the collector's knobs and forces cycles.
type gcPressure struct {
	fault    *Fault
	kind     config.GC
	settings *gcSettings

	stop  chan struct{}
	ended sync.WaitGroup
	quit  atomic.Bool
	live  []*node
	sink  []byte // where garbage is let go
}

// node is live heap that costs marking: two pointers to somewhere else.
type node struct {
	left, right *node
	_           [6]uint64
}

const nodeBytes = 64 + 8 // and its place in the list

func (g *gcPressure) apply() error {
	g.stop = make(chan struct{})
	g.quit.Store(false)
	look := newGCLook(g.fault)
	if g.kind.LiveBytes != nil {
		g.hold(int(max(1, *g.kind.LiveBytes/nodeBytes)))
	}
	g.settings.use(&g.kind)
	if rate := g.kind.AllocateBytesPerS; rate != nil {
		object := int64(defaultObject)
		if g.kind.ObjectBytes != nil {
			object = *g.kind.ObjectBytes
		}
		g.ended.Go(func() { g.allocate(float64(*rate), object) })
	}
	if every := g.kind.ForceEveryMS; every != nil {
		g.ended.Go(func() { repeat(time.Duration(*every)*time.Millisecond, g.stop, runtime.GC) })
	}
	g.ended.Go(func() {
		repeat(doseTick, g.stop, look.note)
		look.note()
	})
	return nil
}

func (g *gcPressure) clear() {
	g.quit.Store(true)
	close(g.stop)
	g.ended.Wait()
	g.settings.drop(&g.kind)
	g.live, g.sink = nil, nil
}

// hold links each node with one somewhere before it, so that marking cannot run along the memory.
func (g *gcPressure) hold(nodes int) {
	g.live = make([]*node, nodes)
	for i := range g.live {
		n := new(node)
		if i > 0 {
			n.left, n.right = g.live[i-1], g.live[ids.Mix(uint64(i))%uint64(i)]
		}
		g.live[i] = n
	}
	g.fault.dose.Amounts[2].Add(uint64(nodes) * nodeBytes)
}

// allocate keeps the rate on average. Objects larger than what is due at a tick wait for the tick at which they are.
func (g *gcPressure) allocate(rate float64, object int64) {
	last, due := time.Now(), 0.0
	repeat(allocateTick, g.stop, func() {
		now := time.Now()
		due = min(due+rate*now.Sub(last).Seconds(), max(rate*maxBehind.Seconds(), float64(object)))
		last = now
		made := int64(0)
		for due >= float64(object) && !g.quit.Load() {
			g.sink = make([]byte, object)
			due -= float64(object)
			made += object
		}
		g.fault.dose.Amounts[2].Add(uint64(made))
	})
}

// repeat calls do every so often until stop is closed.
func repeat(every time.Duration, stop <-chan struct{}, do func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			do()
		}
	}
}

// gcSettings are the process's two knobs, shared by all faults that turn them: the one applied last wins, and when the last
// is cleared the process has its own again.
type gcSettings struct {
	lock    sync.Mutex
	inUse   []*config.GC
	percent int
	limit   int64
}

func (s *gcSettings) use(kind *config.GC) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.inUse) == 0 {
		s.limit = debug.SetMemoryLimit(-1) // only reads
		s.percent = gcPercent()
	}
	s.inUse = append(s.inUse, kind)
	s.settle()
}

func (s *gcSettings) drop(kind *config.GC) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.inUse = slices.DeleteFunc(s.inUse, func(k *config.GC) bool { return k == kind })
	s.settle()
}

func (s *gcSettings) settle() {
	percent, limit := s.percent, s.limit
	for _, kind := range s.inUse {
		if kind.GOGC != nil {
			percent = *kind.GOGC
		}
		if kind.MemoryLimitBytes != nil {
			limit = *kind.MemoryLimitBytes
		}
	}
	if percent != gcPercent() { // setting it stops the world, so only when it changes something
		debug.SetGCPercent(percent)
	}
	if limit != debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(limit)
	}
}

// gcPercent reads GOGC; -1 is off. debug.SetGCPercent could only tell it by changing it.
func gcPercent() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(int64(sample[0].Value.Uint64()))
}

// gcLook writes what the collector has done while the fault was on, on top of what it did the times before.
type gcLook struct {
	fault   *Fault
	samples []metrics.Sample
	stats   debug.GCStats
	before  [4]uint64 // the words, when the fault was applied
	base    [4]uint64 // the runtime's figures then
}

func newGCLook(f *Fault) *gcLook {
	l := &gcLook{
		fault: f,
		samples: []metrics.Sample{
			{Name: "/gc/cycles/total:gc-cycles"},
			{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"},
			{Name: "/cpu/classes/gc/total:cpu-seconds"},
		},
		stats: debug.GCStats{Pause: make([]time.Duration, 0, 3*256+3)},
	}
	for i, word := range l.words() {
		l.before[i] = word.Load()
	}
	l.base = l.read()
	return l
}

// words are cycles, stop-the-world, assist, total: in the order of read.
func (l *gcLook) words() [4]*atomic.Uint64 {
	d := l.fault.dose
	return [4]*atomic.Uint64{&d.Events, &d.Amounts[0], &d.Amounts[1], &d.Amounts[3]}
}

// read takes the pauses from debug.GCStats: runtime/metrics has them only as a histogram, without an exact sum. The
// classes of processor time move at the end of a cycle only.
func (l *gcLook) read() [4]uint64 {
	metrics.Read(l.samples)
	debug.ReadGCStats(&l.stats)
	nanoseconds := func(s metrics.Sample) uint64 { return uint64(s.Value.Float64() * 1e9) }
	return [4]uint64{
		l.samples[0].Value.Uint64(), uint64(l.stats.PauseTotal), nanoseconds(l.samples[1]), nanoseconds(l.samples[2]),
	}
}

func (l *gcLook) note() {
	now := l.read()
	for i, word := range l.words() {
		word.Store(l.before[i] + now[i] - l.base[i])
	}
}
