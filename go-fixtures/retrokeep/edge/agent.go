// Package edge keeps traces after the fact in the form that VictoriaMetrics showed (KubeCon EU 2026): raw spans wait on the disk of the edge, a
// centre hears of them what it takes to decide, and gets the spans of the traces that it keeps, from every edge.
//
//	agent, err := edge.New(edge.Options{Centre: "http://centre:4000", Backend: "http://jaeger:4318/v1/traces"})
//	http.ListenAndServe("127.0.0.1:4318", agent)   // services export to it by OTLP over HTTP
//	agent.Ask(ctx)                                 // every second or so
package edge

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	mostBody = 20 << 20 // of an export request, as the Collector has it
	chunk    = 1 << 20  // of what goes to the back end at once, and a trace more
)

// Options of an agent.
type Options struct {
	Centre  string // its URL
	Backend string // where the spans of kept traces go, by OTLP over HTTP
	Folder  string // where spans wait; "": the system's for temporary files
	// SegmentBytes and Segments bound the disk: when so many are full, the spans of the oldest are dropped. 0: 16 MiB, and 8.
	SegmentBytes int64
	Segments     int
}

// Stats are what an agent has done. Bytes are those of bodies, without heads.
type Stats struct {
	Spans   uint64 // that came
	Kept    uint64 // that went to the back end
	Aged    uint64 // that were dropped with their segment
	Untold  uint64 // notices that the centre was away for too long to hear
	Waiting int    // spans that wait now
	Disk    int64  // bytes on disk now

	Told, Answered, Sent uint64 // bytes to the centre, from it, and to the back end
}

// Agent takes export requests of services on its host.
type Agent struct {
	options Options
	client  *http.Client
	asking  sync.Mutex // Ask has no two at once

	lock     sync.Mutex
	segments []*segment // oldest first
	told     []byte     // notices for the centre
	known    uint64     // how many of its decisions are known here
	wanted   remembered
	ready    map[trace.TraceID]bool // wanted ones that may have spans here
	stats    Stats
}

// New makes an agent; Close gives its disk back.
func New(options Options) (*Agent, error) {
	if options.Centre == "" || options.Backend == "" {
		return nil, errors.New("an agent needs Centre and Backend")
	}
	if options.SegmentBytes == 0 {
		options.SegmentBytes = 16 << 20
	}
	if options.Segments == 0 {
		options.Segments = 8
	}
	client := &http.Client{Transport: new(http.Transport), Timeout: 10 * time.Second}
	return &Agent{options: options, client: client, ready: map[trace.TraceID]bool{}}, nil
}

// ServeHTTP takes an export request of OTLP in protobuf.
func (a *Agent) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, mostBody))
	if err != nil {
		http.Error(answer, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var export collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &export); err != nil {
		http.Error(answer, "send an export request of traces in protobuf, uncompressed: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err := a.take(&export); err != nil {
		http.Error(answer, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answer.Header().Set("Content-Type", "application/x-protobuf")
	answer.WriteHeader(http.StatusOK)
}

// take lets the spans of a request wait.
func (a *Agent) take(export *collector.ExportTraceServiceRequest) error {
	records, notices, err := split(export)
	if err != nil || len(records) == 0 {
		return err
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	last := len(a.segments) - 1
	if last < 0 || a.segments[last].size >= a.options.SegmentBytes {
		fresh, err := newSegment(a.options.Folder)
		if err != nil {
			return err
		}
		a.segments = append(a.segments, fresh)
		if last++; len(a.segments) > a.options.Segments {
			oldest := a.segments[0]
			a.segments, last = a.segments[1:], last-1
			a.stats.Aged += uint64(oldest.spans)
			oldest.gone = true
			if err := oldest.file.Close(); err != nil {
				return err
			}
		}
	}
	if err := a.segments[last].add(records); err != nil {
		return err
	}
	for _, one := range records {
		a.stats.Spans += uint64(one.spans)
		if a.wanted.has(one.trace) {
			a.ready[one.trace] = true
		}
	}
	a.tell(notices)
	return nil
}

// tell lets notices wait for the centre. Those that find no room are the oldest.
func (a *Agent) tell(notices []byte) {
	a.told = append(a.told, notices...)
	if beyond := len(a.told) - mostNotices*noticeBytes; beyond > 0 {
		a.stats.Untold += uint64(beyond / noticeBytes)
		a.told = append([]byte(nil), a.told[beyond:]...)
	}
}

// split makes a record and a notice of each trace of a request. A trace id of another length than 16 bytes is an error.
func split(export *collector.ExportTraceServiceRequest) (records []record, notices []byte, err error) {
	for _, resource := range export.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			var order []trace.TraceID
			by := map[trace.TraceID][]*otlp.Span{}
			for _, span := range scope.GetSpans() {
				if len(span.GetTraceId()) != 16 {
					return nil, nil, fmt.Errorf("a trace id of %d bytes", len(span.GetTraceId()))
				}
				id := trace.TraceID(span.GetTraceId())
				if by[id] == nil {
					order = append(order, id)
				}
				by[id] = append(by[id], span)
			}
			for _, id := range order {
				one := &otlp.ResourceSpans{Resource: resource.GetResource(), SchemaUrl: resource.GetSchemaUrl(), ScopeSpans: []*otlp.ScopeSpans{
					{Scope: scope.GetScope(), SchemaUrl: scope.GetSchemaUrl(), Spans: by[id]},
				}}
				data, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: []*otlp.ResourceSpans{one}})
				if err != nil {
					return nil, nil, err
				}
				records = append(records, record{id, data, len(by[id])})
				notices = noticed(notices, id, by[id])
			}
		}
	}
	return records, notices, nil
}

func noticed(to []byte, id trace.TraceID, spans []*otlp.Span) []byte {
	erred, longest := false, time.Duration(0)
	for _, span := range spans {
		erred = erred || span.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR
		longest = max(longest, time.Duration(span.GetEndTimeUnixNano()-span.GetStartTimeUnixNano()))
	}
	return appendNotice(to, id, erred, longest)
}

// Ask tells the centre what came, and sends the spans of the traces that it keeps. What fails is tried again by the next Ask.
func (a *Agent) Ask(ctx context.Context) error {
	a.asking.Lock()
	defer a.asking.Unlock()
	a.lock.Lock()
	notices, known := a.told, a.known
	a.told = nil
	a.lock.Unlock()
	answer, err := a.post(ctx, a.options.Centre+"?after="+strconv.FormatUint(known, 10), "application/octet-stream", notices)
	if err == nil && len(answer)%16 != 8 {
		err = fmt.Errorf("it answered %d bytes", len(answer))
	}
	a.lock.Lock()
	if err != nil {
		later := a.told
		a.told = notices
		a.tell(later)
	} else {
		a.stats.Told, a.stats.Answered = a.stats.Told+uint64(len(notices)), a.stats.Answered+uint64(len(answer))
		a.known = binary.BigEndian.Uint64(answer)
		for ids := answer[8:]; len(ids) > 0; ids = ids[16:] {
			id := trace.TraceID(ids[:16])
			a.wanted.add(id)
			a.ready[id] = true
		}
	}
	a.lock.Unlock()
	if err != nil {
		return fmt.Errorf("the centre could not be asked: %w", err)
	}
	return a.send(ctx)
}

// read is what was read of a trace, and so forgotten when it was sent.
type read struct {
	trace   trace.TraceID
	segment *segment
	records int
}

// send sends what waits of the traces that are ready, piece by piece.
func (a *Agent) send(ctx context.Context) error {
	for {
		body, parts, err := a.next()
		if err != nil || len(parts) == 0 {
			return err
		}
		if len(body) > 0 {
			if _, err := a.post(ctx, a.options.Backend, "application/x-protobuf", body); err != nil {
				a.lock.Lock()
				for _, part := range parts {
					a.ready[part.trace] = true
				}
				a.lock.Unlock()
				return fmt.Errorf("spans could not be sent: %w", err)
			}
		}
		a.lock.Lock()
		a.stats.Sent += uint64(len(body))
		for _, part := range parts {
			// The spans of a segment that was dropped meanwhile are counted as aged, though they arrived.
			if part.segment != nil && !part.segment.gone {
				a.stats.Kept += uint64(part.segment.forget(part.trace, part.records))
			}
		}
		a.lock.Unlock()
	}
}

// next reads what waits of some traces that are ready, and takes these off the list.
func (a *Agent) next() (body []byte, parts []read, err error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	for id := range a.ready {
		if len(body) >= chunk {
			break
		}
		delete(a.ready, id)
		parts = append(parts, read{trace: id})
		for _, segment := range a.segments {
			if records := len(segment.index[id]); records > 0 {
				if body, err = segment.read(id, body); err != nil {
					return nil, nil, err // what cannot be read now cannot be read later
				}
				parts = append(parts, read{id, segment, records})
			}
		}
	}
	return body, parts, nil
}

func (a *Agent) post(ctx context.Context, to, kind string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", kind)
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 2*mostRemembered*16+8))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", to, response.Status)
	}
	return answer, err
}

// Stats are what was done so far.
func (a *Agent) Stats() Stats {
	a.lock.Lock()
	defer a.lock.Unlock()
	stats := a.stats
	for _, segment := range a.segments {
		stats.Waiting += segment.spans
		stats.Disk += segment.size
	}
	return stats
}

// Close drops what waits. It is the last call.
func (a *Agent) Close() error {
	a.client.CloseIdleConnections()
	a.lock.Lock()
	defer a.lock.Unlock()
	var errs []error
	for _, segment := range a.segments {
		errs = append(errs, segment.file.Close())
	}
	a.segments = nil
	return errors.Join(errs...)
}
