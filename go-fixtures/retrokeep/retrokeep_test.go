package retrokeep

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a processor under test, with what it hands on and drops.
type rig struct {
	*Processor
	now time.Time

	lock sync.Mutex
	on   []sdktrace.ReadOnlySpan
	out  map[Reason][]sdktrace.ReadOnlySpan
	shut bool
}

func newRig(options Options) *rig {
	r := &rig{now: time.Unix(1000, 0), out: make(map[Reason][]sdktrace.ReadOnlySpan)}
	options.Now = func() time.Time { return r.now }
	options.Dropped = func(span sdktrace.ReadOnlySpan, why Reason) {
		r.lock.Lock()
		defer r.lock.Unlock()
		r.out[why] = append(r.out[why], span)
	}
	r.Processor = New((*sink)(r), options)
	return r
}

// sink is the processor behind.
type sink rig

func (s *sink) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (s *sink) OnEnd(span sdktrace.ReadOnlySpan) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.on = append(s.on, span)
}

func (s *sink) Shutdown(context.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.shut = true
	return nil
}

func (s *sink) ForceFlush(context.Context) error { return nil }

func id(number int) (id trace.TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(number)+1)
	return id
}

// span is one of a trace; it took so long.
func span(number int, status codes.Code, took time.Duration) sdktrace.ReadOnlySpan {
	begin := time.Unix(1, 0)
	return tracetest.SpanStub{
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: id(number), SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
		}),
		StartTime: begin, EndTime: begin.Add(took), Status: sdktrace.Status{Code: status},
	}.Snapshot()
}

func (r *rig) expect(t *testing.T, on, waiting int, dropped map[Reason]int) {
	t.Helper()
	stats := r.Stats()
	if len(r.on) != on || stats.Kept != uint64(on) || stats.Waiting != waiting {
		t.Errorf("%d handed on (%d by its own count), %d wait; want %d and %d", len(r.on), stats.Kept, stats.Waiting, on, waiting)
	}
	for why := range reasons {
		if len(r.out[why]) != dropped[why] || stats.Dropped[why] != uint64(dropped[why]) {
			t.Errorf("%d %s (%d by its own count), want %d", len(r.out[why]), why, stats.Dropped[why], dropped[why])
		}
	}
}

func TestATraceThatErrsIsKeptWhole(t *testing.T) {
	r := newRig(Options{})
	for range 3 {
		r.OnEnd(span(1, codes.Unset, 0))
		r.OnEnd(span(2, codes.Ok, 0))
	}
	r.OnEnd(span(1, codes.Error, 0))
	r.OnEnd(span(1, codes.Unset, 0)) // ends after the error
	r.expect(t, 5, 3, nil)
}

func TestWhatIsSlowOrAskedForIsKept(t *testing.T) {
	r := newRig(Options{Slow: time.Second, Trigger: func(s sdktrace.ReadOnlySpan) bool {
		return s.SpanContext().TraceID() == id(3)
	}})
	r.OnEnd(span(1, codes.Unset, time.Second-1))
	r.expect(t, 0, 1, nil)
	r.OnEnd(span(2, codes.Unset, time.Second))
	r.OnEnd(span(3, codes.Unset, 0))
	r.expect(t, 2, 1, nil)
	if n := r.Keep(id(1)); n != 1 {
		t.Errorf("%d spans waited, want 1", n)
	}
	if n := r.Keep(id(9)); n != 0 {
		t.Errorf("%d spans waited of a trace that nobody knows", n)
	}
	r.OnEnd(span(9, codes.Unset, 0)) // it was asked for before it ended
	r.expect(t, 4, 0, nil)
}

func TestWhatNobodyAsksForIsDropped(t *testing.T) {
	r := newRig(Options{Wait: time.Minute, Spans: 4})
	r.OnEnd(span(1, codes.Unset, 0))
	r.now = r.now.Add(30 * time.Second)
	r.OnEnd(span(2, codes.Unset, 0))
	r.OnEnd(span(1, codes.Unset, 0)) // does not wait longer for that
	r.now = r.now.Add(30 * time.Second)
	r.OnEnd(span(2, codes.Unset, 0))
	r.expect(t, 0, 2, map[Reason]int{Aged: 2})
	for number := range 3 {
		r.OnEnd(span(10+number, codes.Unset, 0))
	}
	r.expect(t, 0, 3, map[Reason]int{Aged: 2, Room: 2})
	// One trace that needs more than all the room there is.
	for range 4 {
		r.OnEnd(span(20, codes.Unset, 0))
	}
	if stats := r.Stats(); stats.Waiting > 4 {
		t.Errorf("%d spans wait, and 4 may", stats.Waiting)
	}
}

func TestAShutdownDropsWhatWaitsAndSaysSo(t *testing.T) {
	r := newRig(Options{})
	r.OnEnd(span(1, codes.Unset, 0))
	r.OnEnd(span(2, codes.Error, 0))
	if err := r.Shutdown(context.Background()); err != nil || !r.shut {
		t.Fatalf("%v, shut down behind: %v", err, r.shut)
	}
	r.OnEnd(span(3, codes.Error, 0))
	if n := r.Keep(id(1)); n != 0 {
		t.Errorf("%d spans were handed on after the shutdown", n)
	}
	r.expect(t, 1, 0, map[Reason]int{Stopped: 2})
}

// stuck does not come back from OnEnd before it is let go.
type stuck struct {
	sink
	entered, leave chan struct{}
}

func (s *stuck) OnEnd(sdktrace.ReadOnlySpan) {
	s.entered <- struct{}{}
	<-s.leave
}

func TestAShutdownWaitsForWhatIsHandedOnAndNoLongerThanItMay(t *testing.T) {
	behind := &stuck{entered: make(chan struct{}), leave: make(chan struct{})}
	p := New(behind, Options{})
	var group sync.WaitGroup
	group.Go(func() { p.OnEnd(span(1, codes.Error, 0)) })
	<-behind.entered
	p.OnEnd(span(2, codes.Unset, 0)) // others do not wait for it
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Shutdown(ctx); err != nil || !behind.shut {
		t.Errorf("%v, shut down behind: %v", err, behind.shut)
	}
	close(behind.leave)
	group.Wait()
}

func TestSpansThatAreNotSampledPass(t *testing.T) {
	r := newRig(Options{})
	r.OnEnd(tracetest.SpanStub{}.Snapshot()) // recorded only
	if len(r.on) != 1 || r.Stats().Waiting != 0 {
		t.Errorf("%d passed", len(r.on))
	}
}

func TestOnlySoManyTracesAreRemembered(t *testing.T) {
	r := newRig(Options{Remembered: 2})
	for number := range 3 {
		r.OnEnd(span(number, codes.Error, 0))
	}
	for number := range 3 {
		r.OnEnd(span(number, codes.Unset, 0))
	}
	r.expect(t, 5, 1, nil) // the first was forgotten
	if len(r.kept.ids) != 2 || len(r.kept.order) != 2 {
		t.Errorf("%d and %d are remembered", len(r.kept.ids), len(r.kept.order))
	}
}

// Whatever comes in whatever order, each span is handed on once, dropped once, or waits, and one that errs is handed on at once.
func TestEverySpanHasOneEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		r := newRig(Options{Wait: 5 * time.Second, Spans: 1 + random.IntN(20), Remembered: 1 + random.IntN(5)})
		total := random.IntN(200)
		for range total {
			status := codes.Unset
			if random.IntN(20) == 0 {
				status = codes.Error
			}
			before := len(r.on)
			r.OnEnd(span(random.IntN(30), status, 0))
			if status == codes.Error && (len(r.on) == before || r.on[len(r.on)-1].Status().Code != codes.Error) {
				t.Fatal("a span that erred was not handed on at once")
			}
			r.now = r.now.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
			if waiting := r.Stats().Waiting; waiting > r.options.Spans {
				t.Fatalf("%d spans wait", waiting)
			}
		}
		if err := r.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		gone := 0
		for _, spans := range r.out {
			gone += len(spans)
		}
		if len(r.on)+gone != total || r.Stats().Waiting != 0 || len(r.waiting) != 0 {
			t.Fatalf("%d handed on, %d dropped, of %d", len(r.on), gone, total)
		}
	}
}

func TestManyEndAtATimeWhileItStops(t *testing.T) {
	r := newRig(Options{Spans: 50})
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 500 {
				status := codes.Unset
				if i%50 == 0 {
					status = codes.Error
				}
				r.OnEnd(span(worker*1000+i/5, status, 0))
			}
		})
	}
	if err := r.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	r.lock.Lock()
	before := len(r.on)
	r.lock.Unlock()
	group.Wait()
	if len(r.on) != before {
		t.Errorf("%d spans were handed on after the processor behind was shut down", len(r.on)-before)
	}
	gone := 0
	for _, spans := range r.out {
		gone += len(spans)
	}
	if len(r.on)+gone != 4000 {
		t.Errorf("%d handed on, %d dropped, of 4000", len(r.on), gone)
	}
}

func BenchmarkOnEnd(b *testing.B) {
	for name, status := range map[string]codes.Code{"waits": codes.Unset, "kept": codes.Error} {
		b.Run(name, func(b *testing.B) {
			p := New(discard{}, Options{})
			one := span(1, status, 0)
			b.ReportAllocs()
			for number := 0; b.Loop(); number++ {
				if status == codes.Unset && number%5 == 0 {
					one = span(number, status, 0)
				}
				p.OnEnd(one)
			}
		})
	}
}

// discard is a processor that does nothing.
type discard struct{}

func (discard) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discard) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error                  { return nil }
func (discard) ForceFlush(context.Context) error                { return nil }
