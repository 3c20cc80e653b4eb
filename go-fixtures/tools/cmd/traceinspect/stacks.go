package main

import (
	"bytes"
	"errors"
	"io"
	"runtime/trace"

	read "golang.org/x/exp/trace"
)

// depths at which goroutines are begun, calls below each other.
var depths = []int{10, 1_000, 100_000}

// lookAtStacks begins a goroutine at the bottom of each depth. Figures: begun, creations (events of it), most_frames (of a stack
// that such an event has).
func lookAtStacks() (map[string]float64, error) {
	var to bytes.Buffer
	if err := trace.Start(&to); err != nil {
		return nil, err
	}
	children := map[int64]bool{}
	for _, depth := range depths {
		children[below(depth)] = true
	}
	trace.Stop()
	figures := map[string]float64{"begun": float64(len(depths)), "creations": 0, "most_frames": 0}
	events, err := read.NewReader(&to)
	if err != nil {
		return nil, err
	}
	for {
		event, err := events.ReadEvent()
		if errors.Is(err, io.EOF) {
			return figures, nil
		}
		if err != nil {
			return nil, err
		}
		if event.Kind() != read.EventStateTransition {
			continue
		}
		change := event.StateTransition()
		if change.Resource.Kind != read.ResourceGoroutine || !children[int64(change.Resource.Goroutine())] {
			continue
		}
		if from, _ := change.Goroutine(); from != read.GoNotExist {
			continue
		}
		figures["creations"]++
		frames := 0.0
		for range event.Stack().Frames() {
			frames++
		}
		figures["most_frames"] = max(figures["most_frames"], frames)
	}
}

// below begins a goroutine at the bottom of so many calls, and gives its id.
//
//go:noinline
func below(depth int) int64 {
	if depth > 1 {
		// The sum keeps the call from being the last thing that happens here.
		return below(depth-1) + int64(depth-depth)
	}
	id := make(chan int64)
	go func() { id <- goid() }()
	return <-id
}
