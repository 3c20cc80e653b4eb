package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/trace"
	"strconv"
	"sync"
	"time"

	read "golang.org/x/exp/trace"
)

// What a trace is taken of.
const (
	logs       = 100_000
	goroutines = 5_000
	unblocked  = 500
	// How long whoever reads the trace does nothing at all.
	pause = 2 * time.Second
)

// paused is a writer that does not take anything for a while.
type paused struct {
	once sync.Once
	all  bytes.Buffer
}

func (p *paused) Write(data []byte) (int, error) {
	p.once.Do(func() { <-time.After(pause) })
	return p.all.Write(data)
}

// ledger is what the program itself knows of its goroutines.
type ledger struct {
	sync.Mutex
	parents   map[int64]int64
	releasers map[int64]int64
}

// goid reads the id of the goroutine that calls it from its own stack.
func goid() int64 {
	var buffer [64]byte
	text, _ := bytes.CutPrefix(buffer[:runtime.Stack(buffer[:], false)], []byte("goroutine "))
	digits, _, _ := bytes.Cut(text, []byte(" "))
	id, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// lookAtTrace takes a trace whose reader stands still at first and whose garbage is collected all the time. Figures: logs_made,
// logs_read, made, creations (events of these goroutines), parents_right (the event has their parent), ends, unblocked, releasers_right
// (whose event has the goroutine that released it), collections.
func lookAtTrace() (map[string]float64, error) {
	to := &paused{}
	known := &ledger{parents: map[int64]int64{}, releasers: map[int64]int64{}}
	if err := trace.Start(to); err != nil {
		return nil, err
	}
	before := debug.SetGCPercent(5)
	produce(known)
	debug.SetGCPercent(before)
	trace.Stop()
	return known.readBack(&to.all)
}

// kept has garbage made that the compiler cannot take away.
var kept []byte

func produce(known *ledger) {
	var group sync.WaitGroup
	group.Go(func() {
		for at := range logs {
			trace.Log(context.Background(), "look", "event")
			if at%100 == 0 {
				kept = make([]byte, 64<<10)
			}
		}
	})
	group.Go(func() {
		own := goid()
		var children sync.WaitGroup
		for range goroutines {
			children.Go(func() {
				id := goid()
				known.Lock()
				defer known.Unlock()
				known.parents[id] = own
			})
		}
		children.Wait()
	})
	group.Go(func() { releases(known) })
	group.Wait()
}

// releases has one goroutine after the other wait for a channel, and notes who sends.
func releases(known *ledger) {
	own := goid()
	for range unblocked {
		waits, ended, gate := make(chan int64, 1), make(chan struct{}), make(chan struct{})
		go func() {
			waits <- goid()
			<-gate
			close(ended)
		}()
		id := <-waits
		// It may not wait yet: then nobody releases it, and the trace has no such event. That is counted over those that have.
		runtime.Gosched()
		known.Lock()
		known.releasers[id] = own
		known.Unlock()
		gate <- struct{}{}
		<-ended
	}
}

func (l *ledger) readBack(from io.Reader) (map[string]float64, error) {
	figures := map[string]float64{
		"logs_made": logs, "made": float64(len(l.parents)), "logs_read": 0, "creations": 0, "parents_right": 0, "ends": 0,
		"unblocked": 0, "releasers_right": 0, "collections": 0,
	}
	events, err := read.NewReader(from)
	if err != nil {
		return nil, err
	}
	for {
		event, err := events.ReadEvent()
		if errors.Is(err, io.EOF) {
			return figures, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the trace cannot be read: %w", err)
		}
		switch event.Kind() {
		case read.EventLog:
			if event.Log().Category == "look" {
				figures["logs_read"]++
			}
		case read.EventRangeBegin:
			if event.Range().Name == "GC concurrent mark phase" {
				figures["collections"]++
			}
		case read.EventStateTransition:
			l.transition(event, figures)
		}
	}
}

func (l *ledger) transition(event read.Event, figures map[string]float64) {
	change := event.StateTransition()
	if change.Resource.Kind != read.ResourceGoroutine {
		return
	}
	id, by := int64(change.Resource.Goroutine()), int64(event.Goroutine())
	from, to := change.Goroutine()
	parent, child := l.parents[id]
	releaser, released := l.releasers[id]
	switch {
	case child && from == read.GoNotExist:
		figures["creations"]++
		if by == parent {
			figures["parents_right"]++
		}
	case child && to == read.GoNotExist:
		figures["ends"]++
	case released && from == read.GoWaiting && to == read.GoRunnable:
		figures["unblocked"]++
		if by == releaser {
			figures["releasers_right"]++
		}
	}
}
