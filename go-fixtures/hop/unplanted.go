//go:build !plant

package main

import "go.opentelemetry.io/collector/processor"

// planted are processors that only tests have.
func planted() []processor.Factory {
	return nil
}
