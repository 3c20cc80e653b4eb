// Command httpsvc is the HTTP fixture: a real service on otelhttp whose spans are witnessed. Its only argument is the
// configuration file described in docs/fixture-protocol.md.
package main

import (
	"os"

	"spanfate.dev/fixtures/internal/control"
)

func main() {
	os.Exit(control.Run(os.Args, os.Stdout, os.Stderr))
}
