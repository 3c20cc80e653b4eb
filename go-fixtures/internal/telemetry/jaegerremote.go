package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/samplers/jaegerremote"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"spanfate.dev/fixtures/internal/config"
)

// What the sampling endpoint of a Jaeger or of a Collector answers.
type strategies struct {
	StrategyType          string                `json:"strategyType"`
	ProbabilisticSampling probabilisticSampling `json:"probabilisticSampling"`
	OperationSampling     operationSampling     `json:"operationSampling"`
}

type operationSampling struct {
	DefaultSamplingProbability float64             `json:"defaultSamplingProbability"`
	PerOperationStrategies     []operationStrategy `json:"perOperationStrategies"`
}

type operationStrategy struct {
	Operation             string                `json:"operation"`
	ProbabilisticSampling probabilisticSampling `json:"probabilisticSampling"`
}

type probabilisticSampling struct {
	SamplingRate float64 `json:"samplingRate"`
}

// refresh is how often the sampler asks.
const refresh = time.Second

// jaegerRemote is the contrib's sampler, set up as its README says, with an endpoint of its own on loopback. It is returned when it has
// asked for the first time: until then it would sample by its default.
func (t *Telemetry) jaegerRemote(ctx context.Context, c *config.Config) (sdktrace.Sampler, error) {
	told := strategies{
		StrategyType:          "PROBABILISTIC",
		ProbabilisticSampling: probabilisticSampling{c.Design.JaegerRemote.Ratio},
		OperationSampling:     operationSampling{DefaultSamplingProbability: c.Design.JaegerRemote.Ratio},
	}
	for _, name := range c.Work.Key {
		told.OperationSampling.PerOperationStrategies = append(told.OperationSampling.PerOperationStrategies,
			operationStrategy{name, probabilisticSampling{1}})
	}
	answer, err := json.Marshal(told)
	if err != nil {
		return nil, fmt.Errorf("cannot write the sampling strategies: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the sampler's questions: %w; free a port of 127.0.0.1", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sampling", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: refresh}
	go func() { _ = server.Serve(listener) }() // until it is closed
	sampler := jaegerremote.New(c.Service,
		jaegerremote.WithSamplingServerURL("http://"+listener.Addr().String()+"/sampling"),
		jaegerremote.WithSamplingRefreshInterval(refresh),
		jaegerremote.WithInitialSampler(sdktrace.AlwaysSample()),
	)
	sampler.UpdateSampler()
	t.closeRemote = func() {
		sampler.Close()
		_ = server.Close()
	}
	return sampler, nil
}
