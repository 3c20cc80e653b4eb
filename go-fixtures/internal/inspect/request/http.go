// Package request looks at what lies inside and outside of a server's span.
package request

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// slow is how long a client takes for its headers, and again for its body.
const slow = 300 * time.Millisecond

// moments of one request, as the client, the listener and the handler saw them. headers is just before the last byte of the headers was
// sent: whatever begins before it did not wait for them, and whatever begins after it did not hold their coming, however slow the
// machine is.
type moments struct {
	sync.Mutex
	accepted, headers, handler, read time.Time
	body                             io.ReadCloser
}

type noting struct {
	net.Listener
	seen *moments
}

func (n noting) Accept() (net.Conn, error) {
	connection, err := n.Listener.Accept()
	if err == nil {
		n.seen.Lock()
		defer n.seen.Unlock()
		n.seen.accepted = time.Now()
	}
	return connection, err
}

// HTTP sends a request whose headers and body come slowly to a server behind otelhttp. Figures, in milliseconds from the span's start:
// accepted_ms (before), handler_ms, read_ms (the body was read), end_ms; and late_read_fails (1: the body cannot be read after the
// handler returned).
func HTTP(string) (answer.Answer, error) {
	exporter := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
	seen := &moments{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		_, err := io.Copy(io.Discard, r.Body)
		seen.Lock()
		defer seen.Unlock()
		seen.handler, seen.read, seen.body = began, time.Now(), r.Body
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	server := httptest.NewUnstartedServer(otelhttp.NewHandler(handler, "look", otelhttp.WithTracerProvider(provider)))
	server.Listener = noting{server.Listener, seen}
	server.Start()
	defer server.Close()
	if err := trickle(server.Listener.Addr().String(), seen); err != nil {
		return answer.Answer{}, err
	}
	// Closing waits for the handler, and so for the end of its span.
	server.Close()
	spans := exporter.GetSpans()
	if len(spans) == 0 {
		return answer.Answer{}, fmt.Errorf("the request left no span")
	}
	seen.Lock()
	defer seen.Unlock()
	span := spans[0]
	after := func(moment time.Time) float64 { return float64(moment.Sub(span.StartTime).Microseconds()) / 1e3 }
	_, late := seen.body.Read(make([]byte, 1))
	return answer.Answer{
		Figures: map[string]float64{
			"accepted_ms":     after(seen.accepted),
			"handler_ms":      after(seen.handler),
			"read_ms":         after(seen.read),
			"end_ms":          after(span.EndTime),
			"read_in_span":    answer.Bit(!seen.read.After(span.EndTime)),
			"start_first":     answer.Bit(!span.StartTime.After(seen.handler)),
			"headers_in_span": answer.Bit(span.StartTime.Before(seen.headers)),
			"late_read_fails": answer.Bit(late != nil && late != io.EOF),
		},
		Seen: []string{fmt.Sprintf("a read after the handler: %v", late)},
	}, nil
}

// trickle sends headers, then a body, each after a while.
func trickle(address string, seen *moments) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	parts := []string{"POST / HTTP/1.1\r\nHost: look\r\n", "Content-Length: 4\r\nConnection: close\r\n\r\nab", "cd"}
	for at, part := range parts {
		if at > 0 {
			<-time.After(slow)
		}
		if at == 1 {
			seen.Lock()
			seen.headers = time.Now()
			seen.Unlock()
		}
		if _, err := io.WriteString(connection, part); err != nil {
			return err
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", response.Status)
	}
	return nil
}
