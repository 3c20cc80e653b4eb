// Package call is what the two ends of a call agree on: where work is asked for and how its request number travels.
package call

import (
	"context"
	"fmt"
	"strconv"

	"spanfate.dev/fixtures/internal/ids"
)

const (
	// NumberKey carries the request number: as an HTTP header and as gRPC metadata.
	NumberKey = "spanfate-request"
	// RequestIDKey carries the id that a gateway gave a request, likewise.
	RequestIDKey = "x-request-id"
	// Path asks for one unit of work over HTTP, by GET.
	Path = "/work"
	// Service and Method ask for it over gRPC; google.protobuf.Empty goes in and comes out.
	Service = "spanfate.fixtures.Work"
	Method  = "Do"
	// FullMethod is the name by which gRPC calls it.
	FullMethod = "/" + Service + "/" + Method
)

// WithNumber reads a request number and puts it where the trace id is made. No text is no number: such a request is
// served too and its trace says that it has none.
func WithNumber(ctx context.Context, text string) (context.Context, error) {
	if text == "" {
		return ctx, nil
	}
	number, err := strconv.ParseUint(text, 10, 32)
	if err != nil || uint32(number) == ids.NoRequest {
		return nil, fmt.Errorf("%s must be a decimal number below %d", NumberKey, ids.NoRequest)
	}
	return ids.WithRequest(ctx, uint32(number)), nil
}

type requestID struct{}

// WithRequestID keeps the id that a request came with; no text is none.
func WithRequestID(ctx context.Context, text string) context.Context {
	if text == "" {
		return ctx
	}
	return context.WithValue(ctx, requestID{}, text)
}

// RequestID is the id of the request of ctx; "" is none.
func RequestID(ctx context.Context) string {
	text, _ := ctx.Value(requestID{}).(string)
	return text
}

// Number is the request number of ctx as it travels on; "" is none.
func Number(ctx context.Context) string {
	if number, ok := ids.Request(ctx); ok {
		return strconv.FormatUint(uint64(number), 10)
	}
	return ""
}
