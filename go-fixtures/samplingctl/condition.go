package samplingctl

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Condition is what a span must be to be kept whatever the rate. It looks at spans that have ended: a head sampler knows none
// of this when it decides. The zero value is met by no span.
type Condition struct {
	field, sign string
	bound       int64 // a code, or nanoseconds
}

// signs, longer ones first, so that `>=` is not read as `>`.
var signs = []string{"==", "!=", ">=", "<=", ">", "<"}

const known = `write "error", "status_code==500" (or !=, >=, <=, >, <) or "duration>100ms"`

// OnError is met by spans with the status Error.
func OnError() Condition { return Condition{field: "error"} }

// ParseCondition reads a condition; an empty text is none.
func ParseCondition(text string) (c Condition, err error) {
	switch text = strings.TrimSpace(text); text {
	case "":
		return c, nil
	case "error":
		return OnError(), nil
	}
	for _, sign := range signs {
		field, bound, found := strings.Cut(text, sign)
		if !found {
			continue
		}
		c = Condition{field: strings.TrimSpace(field), sign: sign}
		switch bound = strings.TrimSpace(bound); c.field {
		case "status_code":
			c.bound, err = strconv.ParseInt(bound, 10, 32)
		case "duration":
			var lasting time.Duration
			lasting, err = time.ParseDuration(bound)
			c.bound = int64(lasting)
		default:
			return Condition{}, fmt.Errorf("condition %.80q is not known; %s", text, known)
		}
		if err != nil || c.bound < 0 {
			return Condition{}, fmt.Errorf("condition %.80q compares with no number that %s can be; %s", text, c.field, known)
		}
		return c, nil
	}
	return Condition{}, fmt.Errorf("condition %.80q is not known; %s", text, known)
}

// String is the condition as it is written.
func (c Condition) String() string {
	switch c.field {
	case "status_code":
		return c.field + c.sign + strconv.FormatInt(c.bound, 10)
	case "duration":
		return c.field + c.sign + time.Duration(c.bound).String()
	}
	return c.field
}

// Keys of status codes, as semantic conventions have had them.
var codeKeys = []attribute.Key{"http.response.status_code", "http.status_code", "rpc.grpc.status_code"}

// Holds says whether an ended span meets the condition.
func (c Condition) Holds(span sdktrace.ReadOnlySpan) bool {
	switch c.field {
	case "error":
		return span.Status().Code == codes.Error
	case "status_code":
		for _, set := range span.Attributes() {
			if slices.Contains(codeKeys, set.Key) && set.Value.Type() == attribute.INT64 {
				return c.compares(set.Value.AsInt64())
			}
		}
	case "duration":
		return c.compares(int64(span.EndTime().Sub(span.StartTime())))
	}
	return false
}

func (c Condition) compares(value int64) bool {
	switch c.sign {
	case "==":
		return value == c.bound
	case "!=":
		return value != c.bound
	case ">=":
		return value >= c.bound
	case "<=":
		return value <= c.bound
	case ">":
		return value > c.bound
	}
	return value < c.bound
}

// threshold is the least low half of a trace id that a rate leaves out; the SDK's ratio sampler decides alike.
func threshold(rate float64) uint64 {
	if rate >= 1 {
		return math.MaxUint64
	}
	return uint64(rate * (1 << 63))
}
