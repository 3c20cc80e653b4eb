package telemetry

import (
	"context"
	"strings"
	"testing"
	"time"

	"spanfate.dev/fixtures/internal/config"
)

func build(t *testing.T, protocol string, o config.Options) Effective {
	t.Helper()
	built, err := Build(context.Background(), &config.Config{
		Service: "http", Exporter: config.Exporter{Protocol: protocol, Options: o},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := built.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return built.Effective
}

func pointer[T any](value T) *T { return &value }

func TestAbsentKnobsHaveTheSDKsDefaults(t *testing.T) {
	for protocol, client := range map[string]string{"grpc": "grpc.client", "http/protobuf": "http.client"} {
		e := build(t, protocol, config.Options{})
		if !strings.Contains(e.ExporterType, client) {
			t.Errorf("%s has exporter %s", protocol, e.ExporterType)
		}
		e.ExporterType, e.Sampler = "", e.Sampler[:strings.Index(e.Sampler, ",")]
		want := Effective{protocol, 2048, 512, 5000, 30000, false, "", "ParentBased{root:AlwaysOnSampler"}
		if e != want {
			t.Errorf("effective %+v, want %+v", e, want)
		}
	}
}

func TestVariablesAreTheSDKs(t *testing.T) {
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "99")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "77")
	t.Setenv("OTEL_TRACES_SAMPLER", "traceidratio")
	t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")
	e := build(t, "grpc", config.Options{})
	if e.Queue != 99 || e.Batch != 99 || e.DelayMS != 77 || e.Sampler != "TraceIDRatioBased{0.25}" {
		t.Errorf("effective %+v", e)
	}
}

func TestOptionsWinOverVariables(t *testing.T) {
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "99")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		e := build(t, protocol, config.Options{
			Queue: pointer(10), Batch: pointer(5), DelayMS: pointer(int64(3)), ExportTimeoutMS: pointer(int64(4)),
			TimeoutMS: pointer(int64(9)), Compression: pointer("none"), OnFull: pointer("block"), Sampler: pointer("always_on"),
			Retry: &config.Retry{Enabled: false},
		})
		e.ExporterType = ""
		if want := (Effective{protocol, 10, 5, 3, 4, true, "", "AlwaysOnSampler"}); e != want {
			t.Errorf("effective %+v, want %+v", e, want)
		}
	}
}

func TestEverySamplerOfTheConfigurationExists(t *testing.T) {
	for _, name := range config.Samplers {
		s, err := sampler(config.Options{Sampler: &name, SamplerArg: pointer(0.5)})
		if err != nil || s == nil {
			t.Errorf("sampler %s: %v", name, err)
			continue
		}
		if parent := strings.HasPrefix(s.Description(), "ParentBased"); parent != strings.HasPrefix(name, "parentbased") {
			t.Errorf("sampler %s is %s", name, s.Description())
		}
	}
}

func TestRetryIsTakenWhole(t *testing.T) {
	got := retry(&config.Retry{Enabled: true, InitialMS: 5, MaxIntervalMS: 6, MaxElapsedMS: 7})
	want := retryConfig{true, 5 * time.Millisecond, 6 * time.Millisecond, 7 * time.Millisecond}
	if got != want {
		t.Errorf("retry %+v, want %+v", got, want)
	}
}
