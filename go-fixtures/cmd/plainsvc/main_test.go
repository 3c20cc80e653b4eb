package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

const serviceVariable = "SPANFATE_TEST_PLAINSVC"

// TestMain lets the test binary be the service.
func TestMain(m *testing.M) {
	if os.Getenv(serviceVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// received is an OTLP receiver for both protocols; each request goes into it.
type received struct {
	collector.UnimplementedTraceServiceServer
	exports chan *collector.ExportTraceServiceRequest
}

func (r received) Export(
	_ context.Context, request *collector.ExportTraceServiceRequest,
) (*collector.ExportTraceServiceResponse, error) {
	r.exports <- request
	return new(collector.ExportTraceServiceResponse), nil
}

func (r received) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	export := new(collector.ExportTraceServiceRequest)
	if err != nil || proto.Unmarshal(body, export) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.exports <- export
}

func (r received) listen(t *testing.T, protocol string) (endpoint string) {
	t.Helper()
	if protocol == "http/protobuf" {
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		return server.URL
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func startService(t *testing.T, address string, environment ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0], "--listen", address)
	command.Env = append(append(os.Environ(), serviceVariable+"=1"), environment...)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return command
}

// get asks until the service listens.
func get(t *testing.T, url string, header http.Header) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s answered %s, %v", url, response.Status, err)
		}
		return string(body)
	}
	t.Fatalf("nobody listens at %s", url)
	return ""
}

func TestOneRequestMakesThreeSpans(t *testing.T) {
	for variable, protocol := range map[string]string{"": "grpc", "grpc": "grpc", "http/protobuf": "http/protobuf"} {
		t.Run("protocol "+variable, func(t *testing.T) {
			r := received{exports: make(chan *collector.ExportTraceServiceRequest, 10)}
			address := freeAddress(t)
			command := startService(t, address, "OTEL_EXPORTER_OTLP_PROTOCOL="+variable,
				"OTEL_EXPORTER_OTLP_ENDPOINT="+r.listen(t, protocol), "OTEL_SERVICE_NAME=mine")
			get(t, "http://"+address+"/healthz", nil)
			get(t, "http://"+address+"/work", http.Header{
				"Traceparent": {"00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01"},
			})
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := command.Wait(); err != nil {
				t.Fatalf("exit: %v", err)
			}
			resource := (<-r.exports).GetResourceSpans()[0] // the stop has exported it
			if !strings.Contains(resource.GetResource().String(), "mine") {
				t.Errorf("resource: %v", resource.GetResource())
			}
			var spans []*traces.Span
			for _, scope := range resource.GetScopeSpans() {
				spans = append(spans, scope.GetSpans()...)
			}
			check(t, spans)
		})
	}
}

func check(t *testing.T, spans []*traces.Span) {
	t.Helper()
	sort.Slice(spans, func(a, b int) bool { return spans[a].GetStartTimeUnixNano() < spans[b].GetStartTimeUnixNano() })
	if len(spans) != 3 {
		t.Fatalf("%d spans: %v", len(spans), spans)
	}
	parent := "\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8"
	for i, name := range []string{"GET /work", "prepare", "compute"} {
		if s := spans[i]; s.GetName() != name || string(s.GetParentSpanId()) != parent || s.GetTraceId()[15] != 0x10 {
			t.Errorf("span %d is %v", i, s)
		}
		if i == 0 {
			parent = string(spans[0].GetSpanId())
		}
	}
}

func TestUnknownProtocolIsRefused(t *testing.T) {
	command := startService(t, freeAddress(t), "OTEL_EXPORTER_OTLP_PROTOCOL=carrier-pigeon")
	if err := command.Wait(); err == nil || command.ProcessState.ExitCode() != 1 {
		t.Errorf("exit: %v", err)
	}
}
