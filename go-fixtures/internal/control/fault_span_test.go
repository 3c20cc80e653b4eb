package control

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func spanError(what string, afterMS int) string {
	return fmt.Sprintf(`"span_error": {"what": %q, "one_in": 1, "after_ms": %d}`, what, afterMS)
}

func TestMistreatedSpans(t *testing.T) {
	endpoint, _ := receiver(t)
	whats := []string{"never_ended", "ended_twice", "ended_after_shutdown", "handed_over"}
	list := make([]string, len(whats))
	for number, what := range whats {
		list[number] = kind(number, spanError(what, 30))
	}
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint, faults: "[" + strings.Join(list, ", ") + "]"}.start(t)
	for number := range whats {
		p.turn(number, true)
		p.expect(uint32(number), http.StatusOK)
		p.turn(number, false)
	}
	until(t, "the span that was handed over ends", func() bool { return p.first(0, 3, 2).closed })
	p.stop()
	for number, what := range whats {
		p.expectDose(number, 1, 0)
		s := p.first(0, uint32(number), 2)
		if s.fault != byte(number+1) || s.closed != (what != "never_ended") {
			t.Errorf("%s: %+v", what, s)
		}
		entry := one(t, "entry", of(p.anySlots(0), uint32(number), server))
		switch what {
		case "ended_after_shutdown":
			if s.ending != 0 || s.closedAt < entry.closedAt {
				t.Errorf("%s: %+v", what, s)
			}
		case "ended_twice":
			if !s.ended || s.exportedAt == 0 {
				t.Errorf("%s: %+v", what, s)
			}
		case "handed_over":
			if s.closedAt < entry.closedAt+30e6 || !s.ended {
				t.Errorf("%s: %+v closed %d ns after the server span", what, s, s.closedAt-entry.closedAt)
			}
		}
	}
	if live := p.word(1088); live != 1 {
		t.Errorf("%d spans live at the end, want 1", live)
	}
}

func TestARequestThatFailsHasAllItsSpans(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint, faults: "[" + kind(0, spanError("failed", 0)) + "]"}.start(t)
	p.turn(0, true)
	p.expect(5, http.StatusInternalServerError)
	p.turn(0, false)
	p.expect(6, http.StatusOK)
	p.stop()
	p.expectDose(0, 1, 0)
	for _, request := range []uint32{5, 6} {
		s := p.first(0, request, 2)
		if (s.fault == 1) != (request == 5) || s.exportedAt == 0 {
			t.Errorf("request %d: %+v", request, s)
		}
	}
	if spans := p.slots(0); len(spans) != 6 {
		t.Errorf("%d spans, want 6", len(spans))
	}
}

func TestUnreadBodyLeaksTheClientSpan(t *testing.T) {
	endpoint, _ := receiver(t)
	back := node{name: "back", root: "remote", process: 1, spans: 1, endpoint: endpoint}.start(t)
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint, hops: calls(back, "back", "http"),
		faults: "[" + kind(0, spanError("body_unread", 0)) + "]"}.start(t)
	p.turn(0, true)
	for request := range uint32(20) {
		p.expect(request, http.StatusOK)
	}
	p.turn(0, false)
	p.expect(20, http.StatusOK)
	p.stop()
	back.stop()
	p.expectDose(0, 20, 0)
	for request := range uint32(21) {
		s := one(t, "client", of(p.anySlots(0), request, client))
		if hit := request < 20; s.closed == hit || s.ended == hit || s.fault != 0 != hit {
			t.Errorf("request %d: %+v", request, s)
		}
	}
	if got := len(back.slots(1)); got != 21 {
		t.Errorf("the called service made %d spans", got)
	}
}

func TestBackgroundSplitsTheTrace(t *testing.T) {
	endpoint, _ := receiver(t)
	p := node{name: "front", root: "local", process: 5, spans: 3, endpoint: endpoint,
		faults: "[" + kind(0, `"context_lost": {"how": "background", "one_in": 1}`) + "]"}.start(t)
	p.turn(0, true)
	p.expect(77, http.StatusOK)
	p.stop()
	p.expectDose(0, 1, 0)
	spans := of(p.slots(5), 77, internal)
	if len(spans) != 2 {
		t.Fatalf("%d children", len(spans))
	}
	if s := spans[0]; s.trace != chainIDs.ForPart(77, 0x8000|5) || s.parent != 0 || s.fault != 1 {
		t.Errorf("the lost child: %+v", s)
	}
	if s := spans[1]; s.trace != chainIDs.ForPart(77, 5) || s.parent == 0 || s.fault != 0 {
		t.Errorf("the other child: %+v", s)
	}
}

func lost(how string, oneIn int) string {
	return fmt.Sprintf(`"context_lost": {"how": %q, "one_in": %d}`, how, oneIn)
}

func TestContextLostOnTheWay(t *testing.T) {
	for _, to := range []string{"http", "grpc"} {
		t.Run(to, func(t *testing.T) {
			endpoint, _ := receiver(t)
			hows := []string{"strip", "rewrite", "b3"}
			back := node{name: "back", serve: fmt.Sprintf("%q", to), root: "remote", process: 2, spans: 1, endpoint: endpoint}.start(t)
			p := node{name: "front", root: "local", process: 1, spans: 1, endpoint: endpoint, hops: calls(back, "back", to),
				faults: "[" + kind(0, lost(hows[0], 2)) + "," + kind(1, lost(hows[1], 2)) + "," + kind(2, lost(hows[2], 2)) + "]"}.start(t)
			const each = 20
			for number := range hows {
				p.turn(number, true)
				for i := range uint32(each) {
					p.expect(uint32(number)*each+i, http.StatusOK)
				}
				p.turn(number, false)
			}
			p.stop()
			back.stop()
			front, behind := p.slots(1), back.slots(2)
			for number, how := range hows {
				hits := uint64(0)
				for request := uint32(number) * each; request < uint32(number+1)*each; request++ {
					caller, called := one(t, "client", of(front, request, client)), one(t, "server", of(behind, request, server))
					if !hit(number, 2, request) {
						linked(t, caller, called)
						continue
					}
					hits++
					want, parented := chainIDs.ForPart(request, 2), false
					if how == "rewrite" {
						want, parented = chainIDs.ForPart(request, 0x4000|1), true
					}
					if called.trace != want || called.parent != 0 != parented || called.parent == caller.id || caller.fault != byte(number+1) {
						t.Errorf("%s: caller %+v, called %+v", how, caller, called)
					}
				}
				p.expectDose(number, hits, each-hits)
				if hits == 0 || hits == each {
					t.Errorf("%s: %d of %d hit", how, hits, each)
				}
			}
		})
	}
}

// TestB3IsOnTheWire: what the called service does not read is there nevertheless.
func TestB3IsOnTheWire(t *testing.T) {
	endpoint, _ := receiver(t)
	headers := make(chan http.Header, 1)
	next := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { headers <- r.Header }))
	defer next.Close()
	p := node{name: "front", root: "local", spans: 1, endpoint: endpoint,
		hops:   fmt.Sprintf(`[{"service": "next", "to": "http", "target": %q}]`, strings.TrimPrefix(next.URL, "http://")),
		faults: "[" + kind(0, lost("b3", 1)) + "]"}.start(t)
	p.turn(0, true)
	p.expect(1, http.StatusOK)
	p.stop()
	s := one(t, "client", of(p.slots(0), 1, client))
	header := <-headers
	if want := fmt.Sprintf("%x-%016x-1", s.trace, s.id); header.Get("b3") != want || header.Get("traceparent") != "" {
		t.Errorf("b3 %q, want %q; traceparent %q", header.Get("b3"), want, header.Get("traceparent"))
	}
}

func TestDeepStackIsMeasured(t *testing.T) {
	endpoint, _ := receiver(t)
	const small, large = 10, 1_000_000
	p := node{name: "front", root: "local", spans: 3, endpoint: endpoint, faults: fmt.Sprintf("[%s, %s]",
		kind(0, fmt.Sprintf(`"deep": {"depth": %d, "one_in": 1}`, small)),
		kind(1, fmt.Sprintf(`"deep": {"depth": %d, "one_in": 1}`, large)))}.start(t)
	for number, depth := range []uint64{small, large} {
		p.turn(number, true)
		p.expect(uint32(number), http.StatusOK)
		p.turn(number, false)
		if d := p.dose(number); d[3] != 1 || d[4] <= depth*16 || d[4] > depth*256 {
			t.Errorf("depth %d: %d events, %d bytes", depth, d[3], d[4])
		}
		t.Logf("depth %d: %d bytes", depth, p.dose(number)[4])
		if s := p.first(0, uint32(number), 2); !s.closed || s.fault != byte(number+1) {
			t.Errorf("depth %d: %+v", depth, s)
		}
	}
	p.stop()
}
