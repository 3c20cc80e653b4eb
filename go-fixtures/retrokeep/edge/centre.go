package edge

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// A notice is what the centre hears of the spans of a trace in one export request: the trace id, whether one of them erred, and the longest
// in microseconds.
const noticeBytes = 16 + 1 + 4

func appendNotice(to []byte, id trace.TraceID, erred bool, longest time.Duration) []byte {
	to = append(to, id[:]...)
	if erred {
		to = append(to, 1)
	} else {
		to = append(to, 0)
	}
	return binary.BigEndian.AppendUint32(to, uint32(min(max(longest.Microseconds(), 0), 1<<32-1)))
}

const (
	mostNotices    = 1 << 16 // of a request, and that wait in an agent
	mostRemembered = 1 << 16 // traces that the centre, or an agent, remembers as kept
)

// Centre decides which traces are kept: those with a span that erred, or that took at least Slow (0: none for that). It knows no agents: each
// says after how many decisions it asks.
type Centre struct {
	Slow time.Duration

	lock    sync.Mutex
	kept    remembered
	decided []trace.TraceID // the last ones, in the order in which they were decided
	before  uint64          // how many were decided before those
}

// ServeHTTP takes notices of an agent, and answers with how many decisions there are now, in 8 bytes, and the ids of the traces that were
// decided to be kept after so many (?after=N).
func (c *Centre) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, mostNotices*noticeBytes))
	after, wrong := strconv.ParseUint(request.URL.Query().Get("after"), 10, 64)
	if err != nil || wrong != nil || len(body)%noticeBytes != 0 {
		text := fmt.Sprintf("send notices of %d bytes each, %d at most, to ?after=N", noticeBytes, mostNotices)
		http.Error(answer, text, http.StatusBadRequest)
		return
	}
	_, _ = answer.Write(c.hear(body, after)) // an agent that went away asks again
}

func (c *Centre) hear(notices []byte, after uint64) []byte {
	c.lock.Lock()
	defer c.lock.Unlock()
	for ; len(notices) > 0; notices = notices[noticeBytes:] {
		id := trace.TraceID(notices[:16])
		longest := time.Duration(binary.BigEndian.Uint32(notices[17:])) * time.Microsecond
		if (notices[16] != 0 || c.Slow > 0 && longest >= c.Slow) && !c.kept.has(id) {
			c.kept.add(id)
			c.decided = append(c.decided, id)
		}
	}
	if beyond := len(c.decided) - mostRemembered; beyond > mostRemembered { // seldom, for it copies
		c.decided, c.before = append([]trace.TraceID(nil), c.decided[beyond:]...), c.before+uint64(beyond)
	}
	now := c.before + uint64(len(c.decided))
	if after > now { // of a centre before this one
		after = 0
	}
	answer := binary.BigEndian.AppendUint64(nil, now)
	for _, id := range c.decided[max(after, c.before)-c.before:] {
		answer = append(answer, id[:]...)
	}
	return answer
}

// remembered are the traces that were kept last.
type remembered struct {
	ids    map[trace.TraceID]bool
	order  []trace.TraceID
	oldest int
}

func (r *remembered) has(id trace.TraceID) bool { return r.ids[id] }

func (r *remembered) add(id trace.TraceID) {
	if r.ids == nil {
		r.ids = map[trace.TraceID]bool{}
	}
	switch {
	case r.ids[id]:
		return
	case len(r.order) < mostRemembered:
		r.order = append(r.order, id)
	default:
		delete(r.ids, r.order[r.oldest])
		r.order[r.oldest] = id
		r.oldest = (r.oldest + 1) % mostRemembered
	}
	r.ids[id] = true
}
