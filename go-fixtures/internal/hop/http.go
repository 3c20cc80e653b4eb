package hop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"spanfate.dev/fixtures/internal/call"
	"spanfate.dev/fixtures/internal/fault"
)

// idlePerHost keeps the connections of a burst: net/http's default of 2 would dial for almost every call.
const idlePerHost = 256

// leakedPerHost bounds the connections that a fault leaks. The end of the request gives a leaked one back; this is for a
// burst, which must not use up the ports.
const leakedPerHost = 4096

type httpClient struct {
	url       string
	client    *http.Client
	transport *http.Transport
	faults    *fault.Set
}

func newHTTP(target string, provider trace.TracerProvider, faults *fault.Set) *httpClient {
	transport := &http.Transport{ // no proxy: the services of a chain stand beside each other
		MaxIdleConns: idlePerHost, MaxIdleConnsPerHost: idlePerHost, IdleConnTimeout: 90 * time.Second,
	}
	if faults.LeaksConnections() {
		transport.MaxConnsPerHost = leakedPerHost
	}
	return &httpClient{
		faults:    faults,
		url:       "http://" + target + call.Path,
		transport: transport,
		client: &http.Client{
			Transport: otelhttp.NewTransport(transport,
				otelhttp.WithTracerProvider(provider),
				otelhttp.WithPropagators(faults.Propagator(propagator)),
				otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()), // the same in both arms
			),
			// Following a redirect would be a second call with a second span.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// call reads the body to its end: that ends the client span and keeps the connection.
func (c *httpClient) call(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return err
	}
	if number := call.Number(ctx); number != "" {
		request.Header.Set(call.NumberKey, number)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	if c.faults.Unread(ctx) {
		return c.status(response)
	}
	_, readErr := io.Copy(io.Discard, response.Body)
	closeErr := response.Body.Close()
	if err := c.status(response); err != nil {
		return err
	}
	if readErr != nil {
		return readErr
	}
	return closeErr
}

func (c *httpClient) status(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", c.url, response.Status)
	}
	return nil
}

func (c *httpClient) close() error {
	c.transport.CloseIdleConnections()
	return nil
}
