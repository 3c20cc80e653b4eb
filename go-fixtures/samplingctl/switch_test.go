package samplingctl_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spanfate.dev/fixtures/samplingctl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASwitchIsOnWhileExportingIsInTrouble(t *testing.T) {
	s := samplingctl.Switch{At: 0.6}
	for _, c := range []struct {
		what        string
		on          bool
		before, now samplingctl.Health
		want        bool
	}{
		{"calm", false, samplingctl.Health{}, samplingctl.Health{Filled: 0.5}, false},
		{"full", false, samplingctl.Health{}, samplingctl.Health{Filled: 0.6}, true},
		{"between, and it was off", false, samplingctl.Health{}, samplingctl.Health{Filled: 0.4}, false},
		{"between, and it was on", true, samplingctl.Health{}, samplingctl.Health{Filled: 0.4}, true},
		{"empty again", true, samplingctl.Health{Filled: 0.7}, samplingctl.Health{Filled: 0.2}, false},
		{"an export failed", false, samplingctl.Health{Failed: 3}, samplingctl.Health{Failed: 4}, true},
		{"one failed before", false, samplingctl.Health{Failed: 4}, samplingctl.Health{Failed: 4}, false},
	} {
		if got := s.Next(c.on, c.before, c.now); got != c.want {
			t.Errorf("%s: on %v", c.what, got)
		}
	}
}

// A switch asks a real endpoint for its rules, and for the same again before they end.
func TestASwitchAsksItsEndpoint(t *testing.T) {
	control := samplingctl.New(samplingctl.Options{Token: "secret"})
	server := httptest.NewServer(control.Handler())
	defer server.Close()
	rule, err := samplingctl.ParseRule([]byte(`{"span_name": "x", "rate": 0, "condition": "error", "for": "20ms"}`))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var asked atomic.Uint64
	s := samplingctl.Switch{At: 0.5, Rules: []samplingctl.Rule{rule}, URL: server.URL + samplingctl.Path, Token: "secret",
		Client: server.Client()}
	var group sync.WaitGroup
	group.Go(func() {
		s.Drive(ctx, time.Millisecond, func() samplingctl.Health { return samplingctl.Health{Filled: 1} }, func(err error) {
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			if asked.Add(1) == 3 {
				cancel()
			}
		})
	})
	group.Wait()
	if asked.Load() < 3 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestWhatAnEndpointRefusesIsSaid(t *testing.T) {
	b := newBench("secret")
	server := httptest.NewServer(b.Handler())
	defer server.Close()
	rule := samplingctl.Rule{SpanName: "x", Rate: 0.5, Lasting: time.Minute}
	err := samplingctl.Ask(context.Background(), server.Client(), server.URL+samplingctl.Path, "guess", rule)
	if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "send the token") {
		t.Errorf("%v", err)
	}
	if err := samplingctl.Ask(context.Background(), server.Client(), server.URL+samplingctl.Path, "secret", rule); err != nil {
		t.Error(err)
	}
	if _, list := b.ask("GET", loopback, "", "Authorization", "Bearer secret"); !strings.Contains(list, `"rate":0.5`) {
		t.Errorf("the rule does not hold: %s", list)
	}
}
