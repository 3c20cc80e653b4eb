package control

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"spanfate.dev/fixtures/internal/ids"
)

// Flags of a slot that the fault tests look at.
const panicRecorded = 16

// kind is one fault of a configuration.
func kind(number int, text string) string {
	return fmt.Sprintf(`{"number": %d, "kind": {%s}}`, number, text)
}

// answered is any line that a fixture prints about a fault.
type answered struct {
	Fault   *int
	Applied *bool
	At      uint64
	Error   string
}

func (p *process) order(text string) (a answered) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, text+"\n"); err != nil {
		p.t.Fatal(err)
	}
	if line := p.line(); json.Unmarshal([]byte(line), &a) != nil {
		p.t.Fatalf("answer to %s: %s", text, line)
	}
	return a
}

// turn switches a fault and gives the time.
func (p *process) turn(fault int, apply bool) uint64 {
	p.t.Helper()
	a := p.order(fmt.Sprintf(`{"fault":%d,"apply":%v}`, fault, apply))
	if a.Error != "" || a.Fault == nil || *a.Fault != fault || a.Applied == nil || *a.Applied != apply || a.At == 0 {
		p.t.Fatalf("fault %d: %+v", fault, a)
	}
	return a.At
}

// dose is the eight words of a fault.
func (p *process) dose(fault int) (words [8]uint64) {
	p.t.Helper()
	file, err := os.Open(p.ledger)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var text [64]byte
	if _, err := file.ReadAt(text[:], int64(2048+64*fault)); err != nil {
		p.t.Fatal(err)
	}
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(text[8*i:])
	}
	return words
}

func (p *process) expectDose(fault int, events, amount uint64) {
	p.t.Helper()
	if d := p.dose(fault); d[3] != events || d[4] != amount {
		p.t.Errorf("fault %d: %d events, amount %d; want %d and %d", fault, d[3], d[4], events, amount)
	}
}

// until waits for what another process writes into its ledger.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// fresh has a connection for every request: net/http repeats a GET whose kept connection is cut.
var fresh = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// ask sends a request that may be cut; status 0 is one without an answer.
func (p *process) ask(request uint32) (status int) {
	p.t.Helper()
	asked, err := http.NewRequest(http.MethodGet, p.address+"/work", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	asked.Header.Set("spanfate-request", fmt.Sprint(request))
	response, err := fresh.Do(asked)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}

func (p *process) expect(request uint32, status int) {
	p.t.Helper()
	if got := p.ask(request); got != status {
		p.t.Errorf("request %d: status %d, want %d", request, got, status)
	}
}

// dies sends a request that ends the process.
func (p *process) dies(request uint32, code int) {
	p.t.Helper()
	p.expect(request, 0)
	var exit *exec.ExitError
	if err := p.command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != code {
		p.t.Errorf("exit: %v, want code %d", err, code)
	}
}

// hit is which requests a fault hits, as the contract says.
func hit(fault, oneIn int, request uint32) bool {
	return ids.Mix(uint64(request)^ids.Mix(uint64(fault)+1))%uint64(oneIn) == 0
}

// children are the internal spans of a request.
func (p *process) children(process uint16, request uint32) []span {
	p.t.Helper()
	return of(p.anySlots(process), request, internal)
}

// kinds of a slot are written by OnStart: a span that never ended has its kind too, but no name.
func (p *process) first(process uint16, request uint32, want int) span {
	p.t.Helper()
	spans := p.children(process, request)
	if len(spans) != want {
		p.t.Fatalf("request %d has %d children, want %d: %+v", request, len(spans), want, spans)
	}
	return spans[0]
}
