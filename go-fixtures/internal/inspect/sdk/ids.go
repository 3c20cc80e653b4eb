package sdk

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// RequestIDs makes ids as proxies and services put them into X-Request-ID, and asks which are trace ids. Figures: forms,
// forms_that_are_trace_ids, of 100 ids each.
func RequestIDs(string) (answer.Answer, error) {
	forms := map[string]func(random []byte) string{
		"uuid": func(random []byte) string {
			text := hex.EncodeToString(random)
			return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
		},
		"32 hex digits (nginx)": hex.EncodeToString,
		"20 letters (xid)":      func(random []byte) string { return new(big.Int).SetBytes(random[:12]).Text(32) },
		"27 letters (ksuid)":    func(random []byte) string { return fmt.Sprintf("%27s", new(big.Int).SetBytes(random).Text(62)) },
		"a number":              func(random []byte) string { return new(big.Int).SetBytes(random[:6]).String() },
	}
	found := answer.Answer{Figures: map[string]float64{"forms": float64(len(forms)), "forms_that_are_trace_ids": 0}}
	for name, form := range forms {
		valid := 0
		for range 100 {
			random := make([]byte, 16)
			if _, err := rand.Read(random); err != nil {
				return found, err
			}
			if _, err := trace.TraceIDFromHex(form(random)); err == nil {
				valid++
			}
		}
		found.Figures["forms_that_are_trace_ids"] += answer.Bit(valid == 100)
		found.Seen = append(found.Seen, fmt.Sprintf("%s: %d of 100 are trace ids", name, valid))
	}
	return found, nil
}

// The listing compares what one protocol has as bytes with what the other has as hexadecimal text.
type fields map[string]any

var listed = map[string]string{"trace_id": "traceID", "span_id": "spanID", "name": "operationName"}

func differences(otlp, jaeger fields) int {
	out := 0
	for one, other := range listed {
		if !same(otlp[one], jaeger[other]) {
			out++
		}
	}
	return out
}

// same is what `==` of two values is in the language of the listing: values of different types are never equal.
func same(one, other any) bool {
	if text, ok := one.(string); ok {
		otherText, ok := other.(string)
		return ok && text == otherText
	}
	raw, ok := one.([]byte)
	otherRaw, isRaw := other.([]byte)
	return ok && isRaw && bytes.Equal(raw, otherRaw)
}

// DiffListing compares identical spans of two stores as the article's listing does, and joins them as it says: by trace id and start
// in nanoseconds, where one store has microseconds. Figures: spans, false_alarms, unjoined (share).
func DiffListing(string) (answer.Answer, error) {
	const spans = 1000
	alarms, unjoined := 0, 0
	for at := range spans {
		id := make([]byte, 24)
		if _, err := rand.Read(id); err != nil {
			return answer.Answer{}, err
		}
		start := time.Now().UnixNano() + int64(at)
		otlp := fields{"trace_id": id[:16], "span_id": id[16:], "name": "charge"}
		jaeger := fields{
			"traceID": hex.EncodeToString(id[:16]), "spanID": hex.EncodeToString(id[16:]), "operationName": "charge",
		}
		if differences(otlp, jaeger) > 0 {
			alarms++
		}
		if micros := start / 1000; micros*1000 != start {
			unjoined++
		}
	}
	return answer.Answer{Figures: map[string]float64{
		"spans":        spans,
		"false_alarms": float64(alarms),
		"unjoined":     float64(unjoined) / spans,
	}}, nil
}
