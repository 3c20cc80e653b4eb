package control

import (
	"fmt"
	"net/http"
	"testing"
)

// BenchmarkRequest prices a request in processor time of each process, witness included. The difference between a front
// with and without a hop is what the hop costs its caller. Use -benchtime 10000x or more: starting is counted too.
func BenchmarkRequest(b *testing.B) {
	for _, to := range []string{"none", "http", "grpc", "cache hit", "cache miss"} {
		b.Run(to, func(b *testing.B) {
			endpoint, _ := receiver(b)
			front := node{name: "front", root: "local", spans: 1, endpoint: endpoint, slots: 6*b.N + 10}
			var back *process
			switch to {
			case "http", "grpc":
				back = node{name: "back", serve: fmt.Sprintf("%q", to), root: "remote", process: 1, spans: 1, endpoint: endpoint,
					slots: b.N + 10}.start(b)
				front.hops = calls(back, "back", to)
			case "cache hit":
				back = startStore(b)
				front.cache = cacheOf(back, 1)
			case "cache miss":
				back = startStore(b)
				front.cache = cacheOf(back, 1<<40)
			}
			p := front.start(b)
			request := 0
			for b.Loop() {
				if status := p.get("/work", "spanfate-request", fmt.Sprint(request)); status != http.StatusOK {
					b.Fatalf("status %d", status)
				}
				request++
			}
			b.ReportMetric(microseconds(p)/float64(request), "front-cpu-us/op")
			if back != nil {
				b.ReportMetric(microseconds(back)/float64(request), "back-cpu-us/op")
			}
		})
	}
}

// microseconds stops p and gives its processor time.
func microseconds(p *process) float64 {
	p.stop()
	state := p.command.ProcessState
	return float64((state.UserTime() + state.SystemTime()).Nanoseconds()) / 1000
}
