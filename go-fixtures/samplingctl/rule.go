package samplingctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Rule says which spans of a name are kept: those that meet the condition, and of the others a share.
type Rule struct {
	SpanName  string
	Rate      float64 // of traces, 0 to 1
	Condition Condition
	Lasting   time.Duration
}

// Bounds of a rule. MaxBody bounds what is read of a request.
const (
	MaxBody     = 4 << 10
	MaxName     = 256
	DefaultLast = 10 * time.Minute
	MaxLast     = 24 * time.Hour
)

// written is a rule as a request has it.
type written struct {
	SpanName  *string  `json:"span_name"`
	Rate      *float64 `json:"rate"`
	Condition string   `json:"condition"`
	For       string   `json:"for"`
}

// ParseRule reads one JSON object and nothing else. Its error says what to write instead.
func ParseRule(body []byte) (rule Rule, err error) {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	var w written
	if err := decoder.Decode(&w); err != nil {
		return rule, fmt.Errorf("byte %d: %w; send {\"span_name\": TEXT, \"rate\": 0 to 1, \"condition\": TEXT, \"for\": TIME}",
			decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return rule, fmt.Errorf("byte %d: more than one object; send one rule at a time", decoder.InputOffset())
	}
	switch {
	case w.SpanName == nil:
		return rule, errors.New("span_name is missing; name the spans that the rule is for")
	case !goodName(*w.SpanName):
		return rule, fmt.Errorf("span_name must be 1 to %d bytes of text without control characters", MaxName)
	case w.Rate == nil:
		return rule, errors.New("rate is missing; give the share of traces that is kept, 0 to 1")
	case !(*w.Rate >= 0 && *w.Rate <= 1):
		return rule, fmt.Errorf("rate %v is not between 0 and 1", *w.Rate)
	}
	rule = Rule{SpanName: *w.SpanName, Rate: *w.Rate, Lasting: DefaultLast}
	if rule.Condition, err = ParseCondition(w.Condition); err != nil {
		return rule, err
	}
	if w.For != "" {
		rule.Lasting, err = time.ParseDuration(w.For)
		if err != nil || rule.Lasting <= 0 || rule.Lasting > MaxLast {
			return rule, fmt.Errorf("for %.40q is no time above 0 and up to %v; write for example \"10m\"", w.For, MaxLast)
		}
	}
	return rule, nil
}

func goodName(name string) bool {
	return name != "" && len(name) <= MaxName && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}
