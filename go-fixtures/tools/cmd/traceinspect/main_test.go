package main

import "testing"

// A trace has each event, also while nobody reads it and garbage is collected all the time.
func TestATraceHasEachEvent(t *testing.T) {
	got, err := lookAtTrace()
	if err != nil {
		t.Fatal(err)
	}
	equal := map[string]float64{
		"logs_read": logs, "made": goroutines, "creations": goroutines, "parents_right": goroutines, "ends": goroutines,
	}
	for name, want := range equal {
		if got[name] != want {
			t.Errorf("%s = %v, not %v, of %v", name, got[name], want, got)
		}
	}
	if got["collections"] == 0 || got["releasers_right"] == 0 {
		t.Errorf("nothing was collected or released: %v", got)
	}
}

func TestStacksAreCutAndTheirEventsAreThere(t *testing.T) {
	got, err := lookAtStacks()
	if err != nil {
		t.Fatal(err)
	}
	if got["creations"] != 3 || got["most_frames"] < 100 || got["most_frames"] > 1024 {
		t.Errorf("%v", got)
	}
}
