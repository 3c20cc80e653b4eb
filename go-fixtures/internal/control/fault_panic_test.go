package control

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/config"
)

func panics(place, outcome string) string {
	return fmt.Sprintf(`"panic": {"place": %q, "outcome": %q, "one_in": 1}`, place, outcome)
}

// places is a fault for each place, numbered as config.PanicPlaces.
func places() string {
	list := ""
	for number, place := range config.PanicPlaces {
		if number > 0 {
			list += ", "
		}
		list += kind(number, panics(place, "recovered"))
	}
	return "[" + list + "]"
}

// expectPlace checks what a recovered panic at a place leaves of the children of a request.
func (p *process) expectPlace(place string, fault int, request uint32) {
	p.t.Helper()
	want := 1
	if place == "nested" {
		want = 3
	}
	spans := p.children(0, request)
	if len(spans) != want {
		p.t.Fatalf("%s: %d children, want %d", place, len(spans), want)
	}
	for at, s := range spans {
		if at > 0 && s.parent != spans[at-1].id {
			p.t.Errorf("%s: %+v is not in %+v", place, s, spans[at-1])
		}
		leaks := place == "before_defer"
		recorded := place == "under_defer" || place == "deferred_before_end" || place == "nested"
		if s.ended == leaks || s.closed == leaks || s.flags&panicRecorded != 0 != recorded || s.fault != byte(fault+1) {
			p.t.Errorf("%s: %+v", place, s)
		}
	}
}

func TestPanicsRecoveredByTheHTTPServer(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 5, endpoint: endpoint, faults: places()}.start(t)
	for number := range config.PanicPlaces {
		p.turn(number, true)
		p.expect(uint32(number), 0)
		p.turn(number, false)
	}
	p.expect(100, http.StatusOK)
	p.stop()
	for number, place := range config.PanicPlaces {
		p.expectPlace(place, number, uint32(number))
		p.expectDose(number, 1, 1)
		entry := one(t, place, of(p.anySlots(0), uint32(number), server))
		if !entry.ended || entry.flags&panicRecorded == 0 || entry.fault != 0 {
			t.Errorf("%s: server span %+v", place, entry)
		}
	}
	if spans := p.children(0, 100); len(spans) != 4 {
		t.Errorf("a request without a fault has %d children", len(spans))
	}
}

func TestPanicsRecoveredByAnInterceptor(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", serve: `"grpc"`, root: "local", spans: 5, endpoint: endpoint, faults: places()}.start(t)
	connection, err := grpc.NewClient(p.ready.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	ask := func(request int) codes.Code {
		ctx := metadata.AppendToOutgoingContext(context.Background(), call.NumberKey, fmt.Sprint(request))
		return status.Code(connection.Invoke(ctx, call.FullMethod, new(emptypb.Empty), new(emptypb.Empty)))
	}
	for number, place := range config.PanicPlaces {
		p.turn(number, true)
		if code := ask(number); code != codes.Internal {
			t.Errorf("%s: %v", place, code)
		}
		p.turn(number, false)
	}
	if code := ask(100); code != codes.OK {
		t.Error(code)
	}
	p.stop()
	for number, place := range config.PanicPlaces {
		p.expectPlace(place, number, uint32(number))
		p.expectDose(number, 1, 1)
	}
}

// TestWithoutChildrenTheServerSpanIsTouched: there is no planned child whose place the panic could take.
func TestWithoutChildrenTheServerSpanIsTouched(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint, faults: places()}.start(t)
	for number := range config.PanicPlaces {
		p.turn(number, true)
		p.expect(uint32(number), 0)
		p.turn(number, false)
	}
	p.stop()
	all := p.slots(0)
	if len(all) != len(config.PanicPlaces) {
		t.Fatalf("%d spans", len(all))
	}
	for number, s := range all {
		if s.kind != server || s.fault != byte(number+1) || s.flags&panicRecorded == 0 {
			t.Errorf("%+v", s)
		}
		p.expectDose(number, 1, 1)
	}
}

func TestFatalPanicsEndTheProcess(t *testing.T) {
	for _, place := range config.PanicPlaces {
		t.Run(place, func(t *testing.T) {
			endpoint, exports := receiver(t)
			p := node{name: "front", root: "local", spans: 5, endpoint: endpoint,
				faults: "[" + kind(0, panics(place, "fatal")) + "]"}.start(t)
			p.expect(1, http.StatusOK)
			p.turn(0, true)
			p.dies(2, 2)
			p.expectPlace(place, 0, 2)
			p.expectDose(0, 1, 0)
			if entry := one(t, "entry", of(p.anySlots(0), 2, server)); entry.ended {
				t.Errorf("the handler that waited has ended its span: %+v", entry)
			}
			if exports.Load() != 0 {
				t.Errorf("%d exports: the queue died with the process", exports.Load())
			}
		})
	}
}

// records is the kinds of the ledger's log records and the phase at the end.
func (p *process) records() (kinds map[uint16]int, phase uint64) {
	p.t.Helper()
	data, err := os.ReadFile(p.ledger)
	if err != nil {
		p.t.Fatal(err)
	}
	log := data[4096+chainSlots*128:][:binary.LittleEndian.Uint64(data[640:])]
	kinds = make(map[uint16]int)
	for len(log) > 0 {
		kinds[binary.LittleEndian.Uint16(log[4:])]++
		log = log[binary.LittleEndian.Uint32(log):]
	}
	return kinds, binary.LittleEndian.Uint64(data[768:])
}

const shutdownEnd = 7 // a kind of log record

func TestShutdownDeferredByThePanickingGoroutineDrainsTheQueue(t *testing.T) {
	endpoint, exports := receiver(t)
	p := node{name: "front", root: "local", spans: 5, endpoint: endpoint,
		faults: "[" + kind(4, panics("under_defer", "fatal_after_shutdown")) + "]"}.start(t)
	p.expect(1, http.StatusOK)
	p.turn(4, true)
	p.dies(2, 2)
	kinds, phase := p.records()
	if phase != 4 || kinds[shutdownEnd] != 1 || exports.Load() == 0 {
		t.Errorf("phase %d, %d shutdown ends, %d exports", phase, kinds[shutdownEnd], exports.Load())
	}
	for _, s := range append(of(p.anySlots(0), 1, internal), p.first(0, 2, 1)) {
		if s.exportedAt == 0 {
			t.Errorf("not exported: %+v", s)
		}
	}
	p.expectDose(4, 1, 0)
}

func TestShutdownDeferredElsewhereDoesNotHelp(t *testing.T) {
	endpoint, exports := receiver(t)
	p := node{name: "front", root: "local", spans: 5, endpoint: endpoint,
		faults: "[" + kind(4, panics("under_defer", "fatal_elsewhere")) + "]"}.start(t)
	p.expect(1, http.StatusOK)
	p.turn(4, true)
	p.dies(2, 2)
	kinds, phase := p.records()
	if phase != 2 || kinds[shutdownEnd] != 0 || exports.Load() != 0 {
		t.Errorf("phase %d, %d shutdown ends, %d exports", phase, kinds[shutdownEnd], exports.Load())
	}
	if s := p.first(0, 2, 1); !s.ended || s.fault != 5 || s.exportedAt != 0 {
		t.Errorf("the child: %+v", s)
	}
	p.expectDose(4, 1, 0)
}

func TestExitsOfTheProcess(t *testing.T) {
	for how, code := range map[string]int{"os_exit": 3, "log_fatal": 1} {
		t.Run(how, func(t *testing.T) {
			endpoint, _ := receiver(t)
			p := node{name: "front", root: "local", spans: 3, endpoint: endpoint,
				faults: "[" + kind(0, fmt.Sprintf(`"exit": {"how": %q, "one_in": 1}`, how)) + "]"}.start(t)
			p.turn(0, true)
			p.dies(2, code)
			if s := p.first(0, 2, 1); s.ended || s.closed || s.fault != 1 {
				t.Errorf("the child: %+v", s)
			}
			p.expectDose(0, 1, 0)
		})
	}
}

func TestGoexitEndsSpansAndCutsTheRequest(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint,
		faults: "[" + kind(0, `"exit": {"how": "goexit", "one_in": 1}`) + "]"}.start(t)
	p.turn(0, true)
	p.expect(2, 0)
	p.turn(0, false)
	p.expect(3, http.StatusOK)
	p.stop()
	all := p.slots(0) // all have ended: Goexit runs deferred calls
	if s := p.first(0, 2, 1); s.flags&panicRecorded != 0 || s.fault != 1 || len(all) != 2+3 {
		t.Errorf("%d spans, the child: %+v", len(all), s)
	}
	p.expectDose(0, 1, 0)
}
