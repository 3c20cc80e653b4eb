package control

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const fixtureVariable = "SPANFATE_TEST_FIXTURE"

// TestMain lets the test binary be a fixture: the tests below talk to it as the harness does.
func TestMain(m *testing.M) {
	if os.Getenv(fixtureVariable) != "" {
		os.Exit(Run(os.Args, os.Stdout, os.Stderr, Bridges{}))
	}
	os.Exit(m.Run())
}

const configuration = `{
  "version": 1, "service": "http", "process": 1, "incarnation": 0, "listen": "127.0.0.1:0",
  "ledger": %s, "trace": {"run_tag": 1, "trial": 2, "key": "3"}, "root": "%s",
  "exporter": {"protocol": "http/protobuf", "options": {%s}},
  "work": {"spans": 5, "attributes": 2, "attribute_bytes": 8, "cpu_us": 50, "sleep_us": 50, "allocate_bytes": 5000},
  %s"plant": {"filter": [], "double_send": []}, "shutdown_timeout_ms": %d
}`

type process struct {
	t       testing.TB
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.ReadCloser
	lines   *bufio.Scanner
	address string
	ready   ready
	ledger  string
}

type settings struct {
	root, options, endpoint string
	more                    string // further keys, each with a comma after it
	noLedger                bool
	timeoutMS               int
}

func startFixture(t *testing.T, s settings) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{t: t, ledger: filepath.Join(dir, "http.0.slots")}
	ledger := fmt.Sprintf(`{"path": %q, "slots": 1000, "log_bytes": 65536, "salt": "7"}`, p.ledger)
	if s.noLedger {
		ledger = "null"
	}
	text := fmt.Sprintf(configuration, ledger, s.root, s.options, s.more, s.timeoutMS)
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(path, "OTEL_EXPORTER_OTLP_ENDPOINT="+s.endpoint, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=100")
	if err := json.Unmarshal([]byte(p.line()), &p.ready); err != nil || !p.ready.Ready {
		t.Fatalf("ready line: %+v, %v", p.ready, err)
	}
	p.address = "http://" + p.ready.Address
	return p
}

func (p *process) run(path string, environment ...string) {
	p.t.Helper()
	p.command = exec.Command(os.Args[0], path)
	p.command.Env = append(append(os.Environ(), fixtureVariable+"=1"), environment...)
	p.command.Stderr = os.Stderr
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	p.stdout = stdout
	p.lines = bufio.NewScanner(stdout)
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = p.command.Process.Kill(); _ = p.command.Wait() })
}

func (p *process) line() string {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("no line from the fixture: %v", p.lines.Err())
	}
	return p.lines.Text()
}

func (p *process) get(path string, header ...string) int {
	p.t.Helper()
	request, err := http.NewRequest(http.MethodGet, p.address+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}

func (p *process) stop() (s stopped) {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(p.line()), &s); err != nil || !s.Stopped {
		p.t.Fatalf("stopped line: %+v, %v", s, err)
	}
	if err := p.command.Wait(); err != nil {
		p.t.Fatalf("exit: %v", err)
	}
	return s
}

func (p *process) word(at int) uint64 {
	p.t.Helper()
	data, err := os.ReadFile(p.ledger)
	if err != nil {
		p.t.Fatal(err)
	}
	return binary.LittleEndian.Uint64(data[at:])
}

// receiver answers every export with success and counts them.
func receiver(t testing.TB) (endpoint string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		requests.Add(1)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func TestLifeOfAFixture(t *testing.T) {
	endpoint, requests := receiver(t)
	p := startFixture(t, settings{root: "local", options: `"queue": 500, "sampler": "traceidratio", "sampler_arg": 1`,
		endpoint: endpoint, timeoutMS: 5000})
	e := p.ready.Effective
	if e.Queue != 500 || e.Batch != 100 || e.DelayMS != 5000 || e.ExporterType != "otlptrace(*otlptracehttp.client)" ||
		e.Sampler != "TraceIDRatioBased{1}" {
		t.Errorf("effective: %+v", e)
	}
	for i := range 50 {
		if status := p.get("/work", "spanfate-request", fmt.Sprint(i)); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	if status := p.get("/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
	if status := p.get("/work", "spanfate-request", "4294967295"); status != http.StatusBadRequest {
		t.Errorf("a reserved request number: %d", status)
	}
	if s := p.stop(); s.ShutdownError != nil {
		t.Errorf("shutdown: %s", *s.ShutdownError)
	}
	for at, want := range map[int]uint64{512: 250, 576: 0, 704: 0, 768: 5, 960: 250, 1088: 0, 1152: 250, 1280: 250, 1344: 0, 1472: 0} {
		if got := p.word(at); got != want {
			t.Errorf("live word at %d: %d, want %d", at, got, want)
		}
	}
	if requests.Load() != 3 {
		t.Errorf("%d exports, want 3", requests.Load())
	}
}

func TestRemoteRootHonoursTraceparent(t *testing.T) {
	endpoint, _ := receiver(t)
	p := startFixture(t, settings{root: "remote", endpoint: endpoint, timeoutMS: 5000})
	p.get("/work", "traceparent", "00-00010002000000050000000000000009-00000000000000aa-00") // not sampled
	p.stop()
	data, err := os.ReadFile(p.ledger)
	if err != nil {
		t.Fatal(err)
	}
	slot := data[4096:]
	if got := fmt.Sprintf("%x", slot[:16]); got != "00010002000000050000000000000009" {
		t.Errorf("trace %s", got)
	}
	if parent, flags := slot[31], slot[45]; parent != 0xaa || flags != 4 {
		t.Errorf("parent ends in %#x, flags %#b", parent, flags)
	}
	if got := p.word(1024); got != 5 {
		t.Errorf("%d spans not sampled, want 5", got)
	}
}

func TestLocalRootIgnoresTraceparent(t *testing.T) {
	endpoint, _ := receiver(t)
	p := startFixture(t, settings{root: "local", endpoint: endpoint, timeoutMS: 5000})
	p.get("/work", "traceparent", "00-00010002000000050000000000000009-00000000000000aa-00", "spanfate-request", "6")
	p.stop()
	data, err := os.ReadFile(p.ledger)
	if err != nil {
		t.Fatal(err)
	}
	if got := binary.BigEndian.Uint32(data[4096+4:]); got != 6 {
		t.Errorf("request %d, want 6", got)
	}
}

func TestWithoutLedger(t *testing.T) {
	endpoint, requests := receiver(t)
	p := startFixture(t, settings{root: "local", endpoint: endpoint, noLedger: true, timeoutMS: 5000})
	p.get("/work", "spanfate-request", "1")
	p.stop()
	if _, err := os.Stat(p.ledger); err == nil {
		t.Error("there is a ledger")
	}
	if requests.Load() != 1 {
		t.Errorf("%d exports", requests.Load())
	}
}

// TestStopIsBounded: End blocks for ever on a receiver that never answers, and yet the process must go.
func TestStopIsBounded(t *testing.T) {
	asked := make(chan struct{}, 100)
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	defer server.Close()
	defer close(release)
	p := startFixture(t, settings{root: "local", endpoint: server.URL, timeoutMS: 300,
		options: `"queue": 1, "batch": 1, "on_full": "block", "timeout_ms": 600000, "export_timeout_ms": 600000`})
	go func() { _, _ = http.Get(p.address + "/work") }()
	<-asked
	begin := time.Now()
	s := p.stop()
	if s.ShutdownError == nil || !strings.Contains(*s.ShutdownError, "deadline") {
		t.Errorf("shutdown error: %v", s.ShutdownError)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if got := p.word(768); got != 5 {
		t.Errorf("phase %d", got)
	}
}

func TestBrokenStdoutStillExits(t *testing.T) {
	endpoint, _ := receiver(t)
	p := startFixture(t, settings{root: "local", endpoint: endpoint, timeoutMS: 1000})
	if err := p.stdout.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}

func TestStartErrorsAreOneLine(t *testing.T) {
	p := &process{t: t}
	p.run(filepath.Join(t.TempDir(), "missing.json"))
	var answer notReady
	if err := json.Unmarshal([]byte(p.line()), &answer); err != nil || answer.Ready || !strings.Contains(answer.Error, "missing.json") {
		t.Errorf("answer %+v, %v", answer, err)
	}
	if err := p.command.Wait(); err == nil || p.command.ProcessState.ExitCode() != 1 {
		t.Errorf("exit: %v", err)
	}
}
