// Command bridged is the fixture with bridges in it: that of the contrib from log/slog to OTLP, by which its log lines go to the
// endpoint of its spans as log records, and those from OpenTracing and OpenCensus to OpenTelemetry, by which it makes its own spans.
// It is a module of its own, so that what the bridges require does not decide which SDKs the fixture can be built with.
package main

import (
	"os"

	"spanfate.dev/fixtures/internal/api"
	"spanfate.dev/fixtures/internal/config"
	"spanfate.dev/fixtures/internal/control"
)

func main() {
	apis := map[string]api.Bridge{config.OpenTracing: openTracing, config.OpenCensus: openCensus}
	os.Exit(control.Run(os.Args, os.Stdout, os.Stderr, control.Bridges{Logs: lines, APIs: apis}))
}
