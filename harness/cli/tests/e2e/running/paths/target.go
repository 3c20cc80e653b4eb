// Command target is an ordinary program with the export paths that its only argument describes, for the tests of
// `spanfate attach`. It is made of the SDK's own parts and of span processors such as people write; where its spans go is set
// by OTEL_* variables. It says at its end what it knows of its spans, as a line of JSON on standard output.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// setup is the program's argument.
type setup struct {
	// Providers are there from the start, and each producer makes spans with each of them in turn.
	Providers []providerSetup
	// Producers is the number of goroutines that make spans.
	Producers int
	// Spans is how many each producer makes with each provider.
	Spans int
	// Burst is after how many rounds over the providers a producer sleeps for Pause; 0 means never.
	Burst int
	Pause duration
	// Reload is what is replaced in the first provider when half of the spans are made: "processor", its first, which is shut
	// down before the next is registered; "overlap", the same in the other order; "provider", all of it.
	Reload string
	// Next is what then takes its place.
	Next providerSetup
	// Busy lets producers go on while that happens, until a tenth of the spans is left; else they wait for it.
	Busy bool
	// End is how the program ends: "shutdown" of all providers in their order, "none" returns from main without, "exit" calls
	// os.Exit, "panic" panics, "term" and "kill" send itself that signal, "wait" waits to be killed.
	End string
	// Truth names a file into which the running truth is mapped, for a program that will be killed.
	Truth string
	// Wire names a file into which is mapped what was sent over gRPC, for a program that ends while it sends.
	Wire string
	// Linger names a file: until it is there, a span is made with each provider now and then when all others are made.
	Linger string
	// Profile names a file for a profile of the CPU, of which a program can be built with its hot calls inlined.
	Profile string
}

// duration is a time.Duration as text.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// shutdownBound is how long the shutdown of one provider may take.
const shutdownBound = 10 * time.Second

// lingerPause is the time between two spans where somebody looks.
const lingerPause = 20 * time.Millisecond

func main() {
	var todo setup
	in := json.NewDecoder(bytes.NewBufferString(os.Args[1]))
	in.DisallowUnknownFields()
	if err := in.Decode(&todo); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	countWire(todo.Wire)
	defer profiled(todo.Profile)()
	world := newWorld(todo)
	var half, done sync.WaitGroup
	half.Add(todo.Producers)
	reloaded := make(chan struct{})
	providers := world.providers
	for number := range todo.Producers {
		done.Go(func() { world.produce(number, providers, &half, reloaded) })
	}
	half.Wait()
	world.reload()
	close(reloaded)
	done.Wait()
	world.linger()
	world.end()
}

// world is all that the set-up asks for.
type world struct {
	setup
	// Providers in the order in which they were made. What the first one is replaced by comes last.
	providers []*provider
	// The one in the first place, which a reload replaces.
	first  atomic.Pointer[provider]
	counts counts
	// Of the processors that are there from the start: the SDK's counters of dropped spans.
	dropped []*uint32
}

func newWorld(todo setup) *world {
	w := &world{setup: todo}
	for number, provider := range todo.Providers {
		w.providers = append(w.providers, newProvider(number, provider))
	}
	w.first.Store(w.providers[0])
	for _, one := range w.processors() {
		w.dropped = append(w.dropped, one.dropped())
	}
	// What comes with a reload is made then, and has its place among the counts before.
	providers, processors := len(todo.Providers), len(w.dropped)
	if todo.Reload != "" {
		providers, processors = providers+1, processors+count(todo.Next.Processors)
	}
	w.counts = newCounts(todo.Truth, todo.Producers, providers, processors)
	return w
}

// produce makes one goroutine's spans, with each of the providers in turn.
func (w *world) produce(number int, providers []*provider, half *sync.WaitGroup, reloaded <-chan struct{}) {
	counts := w.counts.of(number)
	var left []trace.Span // open to the end
	for made := range w.Spans {
		if made == w.Spans/2 {
			half.Done()
		}
		if (made == w.Spans/2 && !w.Busy) || made == w.Spans-w.Spans/10 {
			<-reloaded
		}
		for place, provider := range providers {
			if place == 0 {
				provider = w.first.Load()
			}
			for range provider.times {
				name := "work"
				if made < provider.open {
					name = "left"
				}
				_, span := provider.tracer.Start(context.Background(), name)
				counts.started(provider.number)
				if made < provider.open {
					left = append(left, span)
					continue
				}
				span.End()
				counts.ended(provider.number)
			}
		}
		if w.counts.mapped {
			counts.look(w.dropped)
		}
		if w.Burst > 0 && made%w.Burst == w.Burst-1 {
			time.Sleep(time.Duration(w.Pause))
		}
	}
	_ = left
}

// reload replaces what the set-up says.
func (w *world) reload() {
	old := w.providers[0]
	switch w.Reload {
	case "":
	case "provider":
		next := newProvider(len(w.providers), w.Next)
		w.providers = append(w.providers, next)
		w.first.Store(next)
		_ = old.sdk.Shutdown(context.Background())
	case "processor":
		old.sdk.UnregisterSpanProcessor(old.processors[0].SpanProcessor)
		old.register(w.Next.Processors)
	case "overlap":
		old.register(w.Next.Processors)
		old.sdk.UnregisterSpanProcessor(old.processors[0].SpanProcessor)
	default:
		panic("unknown reload " + w.Reload)
	}
}

// linger goes on slowly, so that somebody can look.
func (w *world) linger() {
	counts := w.counts.of(0)
	for w.Linger != "" {
		if _, err := os.Stat(w.Linger); err == nil {
			return
		}
		for _, provider := range w.providers {
			_, span := provider.tracer.Start(context.Background(), "work")
			counts.started(provider.number)
			span.End()
			counts.ended(provider.number)
		}
		time.Sleep(lingerPause)
	}
}

// end is the program's end.
func (w *world) end() {
	switch w.End {
	case "shutdown":
		for _, provider := range w.providers {
			ctx, cancel := context.WithTimeout(context.Background(), shutdownBound)
			if err := provider.sdk.Shutdown(ctx); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			cancel()
		}
		w.say()
	case "none":
		w.say()
	case "exit":
		w.say()
		os.Exit(0)
	case "panic":
		w.say()
		panic("the end")
	case "term":
		w.say()
		w.signal(syscall.SIGTERM)
	case "kill":
		w.say()
		w.signal(syscall.SIGKILL)
	case "wait":
		w.say()
		time.Sleep(time.Hour)
	default:
		panic("unknown end " + w.End)
	}
}

// signal sends itself a signal that it does not survive.
func (w *world) signal(signal syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), signal); err != nil {
		panic(err)
	}
	time.Sleep(time.Hour)
}

// profiled begins a profile of the CPU, where one is asked for, and gives what ends it.
func profiled(name string) func() {
	if name == "" {
		return func() {}
	}
	file, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	return pprof.StopCPUProfile
}
