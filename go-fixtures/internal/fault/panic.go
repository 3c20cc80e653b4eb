package fault

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"

	"spanfate.dev/fixtures/internal/config"
)

// exitCode is what os_exit ends the process with.
const exitCode = 3

// maxNested bounds the spans of a nested panic.
const maxNested = 3

// Panic is the value of a panic that a fault makes.
type Panic struct{ fault *Fault }

func (p Panic) Error() string { return fmt.Sprintf("spanfate: panic of fault %d", p.fault.number) }

// Recovered says that a recovery has caught value. Panics that are not a fault's are none of its business.
func (s *Set) Recovered(value any) {
	if p, ok := value.(Panic); ok && s != nil {
		p.fault.dose.Amounts[0].Add(1)
	}
}

// boom counts first: what follows may be the end of the process.
func (f *Fault) boom() {
	f.dose.Events.Add(1)
	panic(Panic{f})
}

// panic never returns.
func (t *site) panic(ctx context.Context, kind config.Panic) {
	run := func() { t.panicAt(ctx, kind.Place) }
	switch kind.Outcome {
	case "recovered":
		if t.set.byServer {
			// net/http recovers every panic of a handler and tells nobody. This runs while it passes, and as nothing
			// between here and there ends the process, it will be recovered. Over gRPC the interceptor counts.
			defer t.dose.Amounts[0].Add(1)
		}
		run()
	case "fatal":
		go run()
		select {} // the worker's panic ends the process
	case "fatal_after_shutdown":
		go func() {
			defer t.set.shutdown()
			run()
		}()
		select {}
	case "fatal_elsewhere":
		defer t.set.shutdown() // never runs: the panic unwinds the other goroutine and no other
		go run()
		select {}
	}
}

func (t *site) panicAt(ctx context.Context, place string) {
	switch place {
	case "under_defer":
		t.nested(ctx, 1)
	case "before_defer":
		_, span := t.start(ctx)
		t.boom()
		defer span.End() // what the author meant: it is not reached
	case "deferred_before_end":
		_, span := t.start(ctx)
		defer span.End()
		defer t.boom()
	case "deferred_after_end":
		_, span := t.start(ctx)
		defer t.boom()
		defer span.End()
	case "closure_end":
		_, span := t.start(ctx)
		defer func() { span.End() }() // End is not called by the panic itself, so its recover sees none
		t.boom()
	case "nested":
		t.nested(ctx, maxNested)
	}
}

func (t *site) nested(ctx context.Context, spans int) {
	ctx, span := t.start(ctx)
	defer span.End()
	if spans > 1 && t.left() {
		t.nested(ctx, spans-1)
	}
	t.boom()
}

// exit never returns.
func (t *site) exit(ctx context.Context, how string) {
	_, span := t.start(ctx)
	defer span.End()
	t.dose.Events.Add(1)
	switch how {
	case "goexit":
		runtime.Goexit() // runs the deferred calls of this goroutine
	case "os_exit":
		os.Exit(exitCode)
	case "log_fatal":
		log.Fatalf("spanfate: log.Fatal of fault %d", t.number)
	}
}
