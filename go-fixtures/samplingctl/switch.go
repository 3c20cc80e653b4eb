package samplingctl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Health is how exporting goes.
type Health struct {
	Filled float64 // share of the queue that is filled, 0 to 1
	Failed uint64  // spans whose export has failed so far
}

// slack is the share of At below which the queue must fall before a switch is off again: between the two it stays as it is.
const slack = 0.5

// Switch asks for less while exporting is in trouble.
type Switch struct {
	// At is the share of the queue from which on it does.
	At float64
	// Rules are asked for then, again and again. They end by themselves.
	Rules []Rule
	// URL of the endpoint, with Path, and the token that it wants.
	URL, Token string
	// Client asks. Nil: http.DefaultClient.
	Client *http.Client
}

// Next says whether the switch is on, after a look at how exporting goes; before is that of the look before.
func (s Switch) Next(on bool, before, now Health) bool {
	return now.Failed > before.Failed || now.Filled >= s.At || on && now.Filled >= s.At*slack
}

// Drive looks as often as that until ctx ends. While the switch is on, it asks for the rules anew before half of their time is over.
// told, which may be nil, hears of each time it has asked, and of what went wrong.
func (s Switch) Drive(ctx context.Context, every time.Duration, look func() Health, told func(error)) {
	on, before := false, look()
	var again time.Time // ask no earlier
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := look()
		on, before = s.Next(on, before, now), now
		if !on || time.Now().Before(again) {
			continue
		}
		err := s.ask(ctx)
		if err == nil {
			again = time.Now().Add(s.shortest() / 2)
		}
		if told != nil {
			told(err)
		}
	}
}

// shortest is the time of the rule that ends first.
func (s Switch) shortest() time.Duration {
	shortest := DefaultLast
	for _, rule := range s.Rules {
		shortest = min(shortest, rule.Lasting)
	}
	return shortest
}

func (s Switch) ask(ctx context.Context) error {
	for _, rule := range s.Rules {
		if err := Ask(ctx, s.Client, s.URL, s.Token, rule); err != nil {
			return err
		}
	}
	return nil
}

// Ask sends a rule to an endpoint. client may be nil, token empty.
func Ask(ctx context.Context, client *http.Client, url, token string, rule Rule) error {
	body, err := json.Marshal(written{&rule.SpanName, &rule.Rate, rule.Condition.String(), rule.Lasting.String()})
	if err != nil {
		return fmt.Errorf("cannot write the rule for %q: %w", rule.SpanName, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("cannot ask %s: %w", url, err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("cannot ask for a rule: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	says, _ := io.ReadAll(io.LimitReader(answer.Body, MaxBody)) // half a text is better than none
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the rule for %q was answered with %s: %s", rule.SpanName, answer.Status, bytes.TrimSpace(says))
	}
	return nil
}
