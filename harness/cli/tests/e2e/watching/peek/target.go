// Command target makes spans as it is told, for the tests of `spanfate peek`. Each argument is the endpoint of one provider
// with a batch processor of its own. Lines on standard input: `spans N P` ends N spans of provider P at once, `rate R` from
// now on ends R spans a second of each provider, `stop` shuts all down and says how many were made.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	ctx := context.Background()
	var providers []*sdktrace.TracerProvider
	for _, endpoint := range os.Args[1:] {
		exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint))
		if err != nil {
			panic(err)
		}
		providers = append(providers, sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter)))
	}
	lines := make(chan string)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
		close(lines)
	}()
	made, rate := 0, 0
	spans := func(count, provider int) {
		tracer := providers[provider].Tracer("target")
		for range count {
			_, span := tracer.Start(ctx, "s")
			span.End()
		}
		made += count
	}
	fmt.Println("ready")
	const tick = 5 * time.Millisecond
	ticks := time.NewTicker(tick)
	began, paced := time.Now(), 0
	for {
		select {
		case line, open := <-lines:
			var count, provider int
			if _, err := fmt.Sscanf(line, "spans %d %d", &count, &provider); err == nil {
				spans(count, provider)
			} else if _, err := fmt.Sscanf(line, "rate %d", &count); err == nil {
				rate, began, paced = count, time.Now(), 0
			}
			if open && line != "stop" {
				fmt.Println("done", made)
				continue
			}
			for _, provider := range providers {
				_ = provider.Shutdown(ctx)
			}
			fmt.Println("made", made)
			return
		case <-ticks.C:
			due := int(time.Since(began).Seconds() * float64(rate))
			for provider := range providers {
				spans(due-paced, provider)
			}
			paced = due
		}
	}
}
