// Package answer reads the cases of the differential test and says what a Collector made of one.
package answer

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Case is a body to be sent: text, or bytes in hexadecimal.
type Case struct {
	Name string  `json:"name"`
	JSON bool    `json:"json"`
	Text *string `json:"text"`
	Hex  *string `json:"hex"`
}

// Answer is what became of a case: the spans that were taken, in order, or nil if the body was refused.
type Answer struct {
	Name  string   `json:"name"`
	Spans []string `json:"spans"`
}

// Body gives the bytes to send.
func (c Case) Body() ([]byte, error) {
	if c.Text != nil {
		return []byte(*c.Text), nil
	}
	if c.Hex != nil {
		return hex.DecodeString(*c.Hex)
	}
	return nil, fmt.Errorf("case %q has no body", c.Name)
}

// Each answers every case of in, a line each, with a line of out.
func Each(in io.Reader, out io.Writer, take func(isJSON bool, body []byte) ([]string, error)) error {
	written := bufio.NewWriter(out)
	lines := json.NewEncoder(written)
	lines.SetEscapeHTML(false)
	cases := json.NewDecoder(bufio.NewReader(in))
	for {
		var one Case
		if err := cases.Decode(&one); err == io.EOF {
			return written.Flush()
		} else if err != nil {
			return err
		}
		body, err := one.Body()
		if err != nil {
			return err
		}
		spans, err := take(one.JSON, body)
		if err != nil {
			return err
		}
		if err := lines.Encode(Answer{one.Name, spans}); err != nil {
			return err
		}
	}
}

// Spans writes each span as one line of words: ids, kind, times, name and service. It is never nil.
func Spans(traces ptrace.Traces) []string {
	lines := []string{}
	for _, resource := range traces.ResourceSpans().All() {
		service := ""
		if value, ok := resource.Resource().Attributes().Get("service.name"); ok && value.Type() == pcommon.ValueTypeStr {
			service = value.Str()
		}
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				lines = append(lines, line(span, service))
			}
		}
	}
	return lines
}

func line(span ptrace.Span, service string) string {
	trace, id, parent := span.TraceID(), span.SpanID(), span.ParentSpanID()
	kind := span.Kind()
	if kind < 0 || kind > 255 {
		// A record of the wire log has one byte for it.
		kind = 0
	}
	return fmt.Sprintf("%x %x %x %d %d %d %s %s", trace[:], id[:], parent[:], kind,
		uint64(span.StartTimestamp()), uint64(span.EndTimestamp()), word(span.Name()), word(service))
}

// word writes bytes so that they stand in a line, whatever they are.
func word(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if b > ' ' && b < 0x7f && b != '%' {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02x", b)
		}
	}
	if out.Len() == 0 {
		return "-"
	}
	return out.String()
}
