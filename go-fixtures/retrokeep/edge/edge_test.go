package edge

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend keeps the names of the spans that came, by trace. It refuses while away.
type backend struct {
	lock  sync.Mutex
	away  bool
	spans map[trace.TraceID][]string
}

func (b *backend) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	b.lock.Lock()
	defer b.lock.Unlock()
	body, err := io.ReadAll(request.Body)
	var export collector.ExportTraceServiceRequest
	if b.away || err != nil || proto.Unmarshal(body, &export) != nil {
		answer.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for _, resource := range export.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				id := trace.TraceID(span.TraceId)
				b.spans[id] = append(b.spans[id], span.Name)
			}
		}
	}
}

func (b *backend) setAway(away bool) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.away = away
}

func (b *backend) of(id trace.TraceID) []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.spans[id]
}

// world is a centre, a back end, and agents with a service each.
type world struct {
	t        *testing.T
	backend  *backend
	agents   []*Agent
	services []*sdktrace.TracerProvider
}

func newWorld(t *testing.T, agents int, options Options) *world {
	t.Helper()
	w := &world{t: t, backend: &backend{spans: map[trace.TraceID][]string{}}}
	serve := func(handler http.Handler) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.URL
	}
	options.Centre, options.Backend, options.Folder = serve(&Centre{Slow: time.Second}), serve(w.backend), t.TempDir()
	for range agents {
		agent, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(serve(agent)),
			otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
		if err != nil {
			t.Fatal(err)
		}
		service := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
		w.agents, w.services = append(w.agents, agent), append(w.services, service)
		t.Cleanup(func() {
			if err := service.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			if err := agent.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return w
}

// passed makes a trace with a span in each service, and brings it to the agents. Of the service that errs, the span does.
func (w *world) passed(errs int, took time.Duration) trace.TraceID {
	w.t.Helper()
	ctx, start := context.Background(), time.Now()
	var spans []trace.Span
	for _, service := range w.services {
		var span trace.Span
		ctx, span = service.Tracer("test").Start(ctx, "work", trace.WithTimestamp(start))
		spans = append(spans, span)
	}
	for at, span := range spans {
		if at == errs {
			span.SetStatus(codes.Error, "broken")
		}
		span.SetAttributes(attribute.Int("service", at))
		span.End(trace.WithTimestamp(start.Add(took)))
	}
	for _, service := range w.services {
		if err := service.ForceFlush(context.Background()); err != nil {
			w.t.Fatal(err)
		}
	}
	return spans[0].SpanContext().TraceID()
}

// ask lets every agent ask twice: what one tells the others hear the second time.
func (w *world) ask() (failed error) {
	for range 2 {
		for _, agent := range w.agents {
			if err := agent.Ask(context.Background()); err != nil {
				failed = err
			}
		}
	}
	return failed
}

const nobody = -1

func TestATraceIsKeptWholeWhereverItErredAndNothingElseIsSent(t *testing.T) {
	w := newWorld(t, 3, Options{})
	sound, slow := w.passed(nobody, time.Millisecond), w.passed(nobody, 2*time.Second)
	var erred []trace.TraceID
	for service := range w.services {
		erred = append(erred, w.passed(service, time.Millisecond))
	}
	if err := w.ask(); err != nil {
		t.Fatal(err)
	}
	for _, id := range append(erred, slow) {
		if got := w.backend.of(id); len(got) != 3 {
			t.Errorf("%v arrived of a trace to keep", got)
		}
	}
	if got := w.backend.of(sound); got != nil {
		t.Errorf("%v arrived of a sound trace", got)
	}
	for _, agent := range w.agents {
		if s := agent.Stats(); s.Spans != 5 || s.Kept != 4 || s.Waiting != 1 || s.Aged+s.Untold != 0 || s.Told != 5*noticeBytes || s.Sent == 0 {
			t.Errorf("%+v", s)
		}
	}
	// Nothing arrives twice.
	if err := w.ask(); err != nil || len(w.backend.of(slow)) != 3 {
		t.Errorf("%v: %v", err, w.backend.of(slow))
	}
}

func TestASpanThatComesLateFollowsItsTrace(t *testing.T) {
	w := newWorld(t, 1, Options{})
	id := w.passed(0, time.Millisecond)
	if err := w.ask(); err != nil {
		t.Fatal(err)
	}
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled, Remote: true})
	_, late := w.services[0].Tracer("test").Start(trace.ContextWithSpanContext(context.Background(), parent), "late")
	late.End()
	if err := w.services[0].ForceFlush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := w.ask(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.backend.of(id), " "); got != "work late" {
		t.Errorf("%q", got)
	}
}

func TestTheDiskIsBoundedAndTheOldestSpansGoFirst(t *testing.T) {
	w := newWorld(t, 1, Options{SegmentBytes: 1000, Segments: 3})
	agent := w.agents[0]
	first := w.passed(0, time.Millisecond)
	for range 50 {
		w.passed(nobody, time.Millisecond)
		// A segment is closed when it is full, so each may hold a request more.
		if s := agent.Stats(); s.Disk > 3*2000 || s.Spans != uint64(s.Waiting)+s.Aged {
			t.Fatalf("%+v", s)
		}
	}
	last := w.passed(0, time.Millisecond)
	if err := w.ask(); err != nil {
		t.Fatal(err)
	}
	if s := agent.Stats(); s.Aged < 30 || s.Kept != 1 || w.backend.of(first) != nil || len(w.backend.of(last)) != 1 {
		t.Errorf("%+v, of the first %v, of the last %v", s, w.backend.of(first), w.backend.of(last))
	}
	if left, err := os.ReadDir(agent.options.Folder); err != nil || len(left) != 0 {
		t.Errorf("files with names: %v %v", left, err)
	}
}

func TestWhatCannotBeSentWaits(t *testing.T) {
	w := newWorld(t, 2, Options{})
	w.backend.setAway(true)
	id := w.passed(1, time.Millisecond)
	if err := w.ask(); err == nil {
		t.Error("no error")
	}
	w.backend.setAway(false)
	if err := w.ask(); err != nil || len(w.backend.of(id)) != 2 {
		t.Errorf("%v, %v arrived", err, w.backend.of(id))
	}
	// A centre that is away.
	centre := w.agents[0].options.Centre
	w.agents[0].options.Centre = "http://127.0.0.1:1"
	id = w.passed(0, time.Millisecond)
	if err := w.ask(); err == nil || w.backend.of(id) != nil {
		t.Errorf("%v, %v arrived", err, w.backend.of(id))
	}
	w.agents[0].options.Centre = centre
	if err := w.ask(); err != nil || len(w.backend.of(id)) != 2 {
		t.Errorf("%v, %v arrived", err, w.backend.of(id))
	}
}

func TestNoticesThatFindNoRoomAreCounted(t *testing.T) {
	agent, err := New(Options{Centre: "http://127.0.0.1:1", Backend: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	agent.tell(make([]byte, noticeBytes*mostNotices))
	agent.tell(appendNotice(nil, trace.TraceID{1}, true, time.Hour))
	if s := agent.Stats(); s.Untold != 1 || len(agent.told) != noticeBytes*mostNotices || agent.told[len(agent.told)-noticeBytes] != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := New(Options{Centre: "http://127.0.0.1:1"}); err == nil {
		t.Error("an agent without a back end is made")
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	agent, err := New(Options{Centre: "http://127.0.0.1:1", Backend: "http://127.0.0.1:1", Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	status := func(handler http.Handler, to string, body []byte) int {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, to, bytes.NewReader(body)))
		return answer.Code
	}
	for name, test := range map[string]struct {
		handler http.Handler
		to      string
		body    []byte
		status  int
	}{
		"no protobuf":   {agent, "/", []byte("{\"resourceSpans\": []}"), http.StatusBadRequest},
		"too large":     {agent, "/", make([]byte, mostBody+1), http.StatusRequestEntityTooLarge},
		"empty":         {agent, "/", nil, http.StatusOK},
		"half a notice": {new(Centre), "/?after=0", make([]byte, noticeBytes+1), http.StatusBadRequest},
		"no position":   {new(Centre), "/", nil, http.StatusBadRequest},
		"nothing new":   {new(Centre), "/?after=0", nil, http.StatusOK},
	} {
		if got := status(test.handler, test.to, test.body); got != test.status {
			t.Errorf("%s: %d, want %d", name, got, test.status)
		}
	}
}

func TestACentreTellsEachDecisionOnceAndForgetsTheOldest(t *testing.T) {
	centre, id := new(Centre), func(n int) (id trace.TraceID) {
		binary.BigEndian.PutUint32(id[:], uint32(n+1))
		return id
	}
	erred := func(from, to int) (notices []byte) {
		for n := from; n < to; n++ {
			notices = appendNotice(notices, id(n), true, 0)
		}
		return notices
	}
	if got := centre.hear(erred(0, 3), 0); len(got) != 8+3*16 || got[7] != 3 {
		t.Errorf("%x", got)
	}
	if got := centre.hear(append(erred(2, 4), appendNotice(nil, id(9), false, time.Hour)...), 3); len(got) != 8+16 || got[7] != 4 {
		t.Errorf("%x", got)
	}
	if got := centre.hear(nil, 77); len(got) != 8+4*16 { // of a centre before this one
		t.Errorf("%x", got)
	}
	for n := 4; n < 3*mostRemembered; n += 1 << 12 {
		centre.hear(erred(n, n+1<<12), 0)
	}
	got := centre.hear(nil, 0)
	if len(got) > 8+2*mostRemembered*16 || len(centre.kept.ids) != mostRemembered || binary.BigEndian.Uint64(got) < 3*mostRemembered {
		t.Errorf("%d bytes, %d remembered", len(got), len(centre.kept.ids))
	}
}
