package samplingctl_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/samplingctl"
)

const (
	rule     = `{"span_name": "redis.GET", "rate": 0.25, "condition": "status_code==500"}`
	loopback = "127.0.0.1:40000"
	remote   = "192.0.2.7:40000"
)

// bench is a control with a clock of its own and a log that is kept.
type bench struct {
	*samplingctl.Control
	now time.Time
	log bytes.Buffer
}

func newBench(token string) *bench {
	b := &bench{now: time.Unix(1_000_000, 0)}
	b.Control = samplingctl.New(samplingctl.Options{
		Token: token, Audit: slog.New(slog.NewTextHandler(&b.log, nil)), Now: func() time.Time { return b.now },
	})
	return b
}

// ask sends a request and gives status and body.
func (b *bench) ask(method, peer, body string, headers ...string) (int, string) {
	request := httptest.NewRequestWithContext(context.Background(), method, samplingctl.Path, strings.NewReader(body))
	request.RemoteAddr = peer
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	b.Handler().ServeHTTP(answer, request)
	return answer.Code, answer.Body.String()
}

func TestWhatIsRefused(t *testing.T) {
	large := `{"span_name": "` + strings.Repeat("x", samplingctl.MaxBody) + `", "rate": 1}`
	with := func(old, new string) string { return strings.Replace(rule, old, new, 1) }
	for _, c := range []struct {
		name, token, method, peer, body string
		headers                         []string
		status                          int
		says                            string
	}{
		{"no token", "secret", "POST", loopback, rule, nil, 401, "send the token"},
		{"wrong token", "secret", "POST", loopback, rule, []string{"Authorization", "Bearer secre"}, 401, "send the token"},
		{"another scheme", "secret", "POST", loopback, rule, []string{"Authorization", "Basic secret"}, 401, "send the token"},
		{"list without token", "secret", "GET", remote, "", nil, 401, "send the token"},
		{"remote peer", "", "POST", remote, rule, nil, 403, "on this machine"},
		{"no peer", "", "POST", "@", rule, nil, 403, "on this machine"},
		{"behind a proxy", "", "POST", loopback, rule, []string{"X-Forwarded-For", "192.0.2.7"}, 403, "no proxy"},
		{"from a web page", "", "POST", loopback, rule, []string{"Origin", "http://evil.example"}, 403, "no web page"},
		{"method", "", "DELETE", loopback, "", nil, 405, "send POST"},
		{"content type", "", "POST", loopback, rule, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{"oversize", "", "POST", loopback, large, nil, 413, "at most 4 KiB"},
		{"no JSON", "", "POST", loopback, `{"span_name": redis}`, nil, 400, "byte "},
		{"empty", "", "POST", loopback, "", nil, 400, "byte 0"},
		{"two rules", "", "POST", loopback, rule + rule, nil, 400, "one rule at a time"},
		{"unknown key", "", "POST", loopback, with("rate", "rat"), nil, 400, `unknown field "rat"`},
		{"no name", "", "POST", loopback, `{"rate": 1}`, nil, 400, "span_name is missing"},
		{"empty name", "", "POST", loopback, with("redis.GET", ""), nil, 400, "1 to 256 bytes"},
		{"long name", "", "POST", loopback, with("redis.GET", strings.Repeat("x", 257)), nil, 400, "1 to 256 bytes"},
		{"control character", "", "POST", loopback, with("redis.GET", `redis\u0000`), nil, 400, "control characters"},
		{"no rate", "", "POST", loopback, `{"span_name": "x"}`, nil, 400, "rate is missing"},
		{"rate above 1", "", "POST", loopback, with("0.25", "1.01"), nil, 400, "not between 0 and 1"},
		{"rate below 0", "", "POST", loopback, with("0.25", "-0.01"), nil, 400, "not between 0 and 1"},
		{"rate out of numbers", "", "POST", loopback, with("0.25", "1e999"), nil, 400, "byte "},
		{"unknown condition", "", "POST", loopback, with("status_code", "status"), nil, 400, "is not known"},
		{"condition without a number", "", "POST", loopback, with("500", "5xx"), nil, 400, "no number"},
		{"time", "", "POST", loopback, with(`"rate"`, `"for": "25h", "rate"`), nil, 400, "up to 24h"},
		{"no time", "", "POST", loopback, with(`"rate"`, `"for": "-1s", "rate"`), nil, 400, "above 0"},
	} {
		b := newBench(c.token)
		status, says := b.ask(c.method, c.peer, c.body, c.headers...)
		if status != c.status || !strings.Contains(says, c.says) {
			t.Errorf("%s: %d %q, want %d with %q", c.name, status, says, c.status, c.says)
		}
		logged := b.log.String()
		if !strings.Contains(logged, "sampling rule refused") || !strings.Contains(logged, fmt.Sprintf("status=%d", c.status)) {
			t.Errorf("%s: the audit says %q", c.name, logged)
		}
		if strings.Contains(logged, "secre") {
			t.Errorf("%s: the audit holds a token: %q", c.name, logged)
		}
		if _, list := b.ask("GET", loopback, "", "Authorization", "Bearer secret"); list != "[]\n" {
			t.Errorf("%s: a refused rule holds: %s", c.name, list)
		}
	}
}

func TestARuleIsSetListedAuditedAndEnds(t *testing.T) {
	b := newBench("secret")
	bearer := []string{"Authorization", "Bearer secret"}
	status, says := b.ask("POST", remote, rule, bearer...)
	if status != http.StatusOK || says != `{"for":"10m0s","set":"redis.GET"}`+"\n" {
		t.Fatalf("%d %s", status, says)
	}
	if logged := b.log.String(); !strings.Contains(logged, "sampling rule set") ||
		!strings.Contains(logged, `peer=192.0.2.7:40000 rule.span_name=redis.GET rule.rate=0.25 rule.condition="status_code==500"`) {
		t.Errorf("the audit says %q", logged)
	}
	_, list := b.ask("GET", remote, "", bearer...)
	want := `[{"span_name":"redis.GET","rate":0.25,"condition":"status_code==500","until":"1970-01-12T13:56:40Z","kept":0,"dropped":0}]`
	if list != want+"\n" {
		t.Errorf("listed %s", list)
	}
	b.now = b.now.Add(samplingctl.DefaultLast)
	if _, list := b.ask("GET", remote, "", bearer...); list != "[]\n" {
		t.Errorf("an ended rule is listed: %s", list)
	}
}

func TestRulesAreBoundedAndEndedOnesMakeRoom(t *testing.T) {
	b := newBench("")
	set := func(name string) int {
		status, _ := b.ask("POST", loopback, fmt.Sprintf(`{"span_name": %q, "rate": 0, "for": "1m"}`, name))
		return status
	}
	for i := range samplingctl.MaxRules {
		if status := set(fmt.Sprint("span-", i)); status != 200 {
			t.Fatalf("rule %d: %d", i, status)
		}
	}
	if status := set("one too many"); status != http.StatusConflict {
		t.Errorf("one too many: %d", status)
	}
	if status := set("span-0"); status != 200 {
		t.Errorf("in place of an older one: %d", status)
	}
	b.now = b.now.Add(time.Minute)
	if status := set("after they ended"); status != 200 {
		t.Errorf("after they ended: %d", status)
	}
}

// spans runs so many spans of a name through a real SDK with the control before its exporter.
func (b *bench) spans(n int, name string, with func(trace.Span, int)) tracetest.SpanStubs {
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(b.Processor(sdktrace.NewSimpleSpanProcessor(exporter))),
	)
	tracer := provider.Tracer("test")
	for i := range n {
		_, span := tracer.Start(context.Background(), name)
		with(span, i)
		span.End()
	}
	return exporter.GetSpans()
}

func TestErrorsAreKeptWholeAndOthersAtTheRate(t *testing.T) {
	b := newBench("")
	if status, says := b.ask("POST", loopback, rule); status != 200 {
		t.Fatal(says)
	}
	const n = 4000
	code := func(i int) int { return map[bool]int{true: 500, false: 200}[i%10 == 0] }
	mark := func(span trace.Span, i int) { span.SetAttributes(attribute.Int("http.response.status_code", code(i))) }
	errors := 0
	kept := b.spans(n, "redis.GET", mark)
	for _, span := range kept {
		if span.Attributes[0].Value.AsInt64() == 500 {
			errors++
		}
	}
	others := float64(len(kept)-errors) / (n * 9 / 10)
	if errors != n/10 || others < 0.2 || others > 0.3 { // seven standard deviations
		t.Errorf("%d of %d errors, %.3f of the others", errors, n/10, others)
	}
	if all := b.spans(50, "another", mark); len(all) != 50 {
		t.Errorf("a span that no rule names: %d of 50", len(all))
	}
	b.now = b.now.Add(samplingctl.DefaultLast)
	if all := b.spans(50, "redis.GET", mark); len(all) != 50 {
		t.Errorf("after the rule has ended: %d of 50", len(all))
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		with      func(trace.Span)
		kept      bool
	}{
		{"error", func(s trace.Span) { s.SetStatus(codes.Error, "") }, true},
		{"error", func(s trace.Span) { s.SetStatus(codes.Ok, "") }, false},
		{"status_code>=500", func(s trace.Span) { s.SetAttributes(attribute.Int("http.status_code", 503)) }, true},
		{"status_code >= 500", func(s trace.Span) { s.SetAttributes(attribute.Int("http.status_code", 499)) }, false},
		{"status_code!=0", func(s trace.Span) { s.SetAttributes(attribute.Int("rpc.grpc.status_code", 14)) }, true},
		{"status_code!=200", func(s trace.Span) { s.SetAttributes(attribute.String("http.status_code", "500")) }, false},
		{"status_code<=0", func(trace.Span) {}, false}, // it has none
		{"status_code<400", func(s trace.Span) { s.SetAttributes(attribute.Int("http.status_code", 399)) }, true},
		{"duration>1h", func(trace.Span) {}, false},
		{"duration<1h", func(trace.Span) {}, true},
		{"duration<=1h", func(trace.Span) {}, true},
		{"duration==1h", func(trace.Span) {}, false},
		{"", func(trace.Span) {}, false},
	} {
		b := newBench("")
		body := fmt.Sprintf(`{"span_name": "x", "rate": 0, "condition": %q}`, c.condition)
		if status, says := b.ask("POST", loopback, body); status != 200 {
			t.Fatalf("%s: %s", c.condition, says)
		}
		kept := b.spans(1, "x", func(span trace.Span, _ int) { c.with(span) })
		if (len(kept) == 1) != c.kept {
			t.Errorf("%q: kept %v, want %v", c.condition, len(kept) == 1, c.kept)
		}
	}
}

func TestOverARealConnection(t *testing.T) {
	b := newBench("")
	server := httptest.NewServer(b.Handler())
	defer server.Close()
	answer, err := http.Post(server.URL+samplingctl.Path, "application/json; charset=utf-8", strings.NewReader(rule))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if says, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 {
		t.Errorf("%d %s", answer.StatusCode, says)
	}
}

// Whatever is sent, it is answered, and a rule that is taken lies within its bounds.
func FuzzBody(f *testing.F) {
	f.Add([]byte(rule))
	f.Add([]byte(`{"span_name":"x","rate":1,"condition":"duration>=1h","for":"24h"}`))
	f.Add([]byte(`{"span_name":"x","rate":-0,"condition":"error"}`))
	f.Add([]byte(`{"rate":1e308}`))
	f.Add([]byte("{\"span_name\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		status, says := newBench("").ask("POST", loopback, string(body))
		parsed, err := samplingctl.ParseRule(body)
		switch {
		case len(body) > samplingctl.MaxBody:
			if status != 413 {
				t.Errorf("%d bytes: %d %s", len(body), status, says)
			}
		case err != nil:
			if status != 400 || len(says) > 3*samplingctl.MaxBody {
				t.Errorf("%v, and it was answered %d %s", err, status, says)
			}
		case status != 200 || parsed.Rate < 0 || parsed.Rate > 1 || parsed.SpanName == "" ||
			len(parsed.SpanName) > samplingctl.MaxName || parsed.Lasting <= 0 || parsed.Lasting > samplingctl.MaxLast:
			t.Errorf("%d %s: %+v", status, says, parsed)
		default:
			if again, err := samplingctl.ParseCondition(parsed.Condition.String()); err != nil || again != parsed.Condition {
				t.Errorf("condition %q is read back as %+v, %v", parsed.Condition, again, err)
			}
		}
	})
}
