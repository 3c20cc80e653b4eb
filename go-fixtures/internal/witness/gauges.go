package witness

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// gauges keeps the callbacks that the SDK registers for values it does not push, here the queue length.
type gauges struct {
	lock      sync.Mutex
	callbacks map[*registration]metric.Callback
}

func newGauges() *gauges { return &gauges{callbacks: make(map[*registration]metric.Callback)} }

// registration ends with the batch processor's Shutdown.
type registration struct {
	noop.Registration
	gauges *gauges
}

func (r *registration) Unregister() error {
	r.gauges.lock.Lock()
	defer r.gauges.lock.Unlock()
	delete(r.gauges.callbacks, r)
	return nil
}

func (m meter) RegisterCallback(callback metric.Callback, _ ...metric.Observable) (metric.Registration, error) {
	r := &registration{gauges: m.w.gauges}
	m.w.gauges.lock.Lock()
	defer m.w.gauges.lock.Unlock()
	m.w.gauges.callbacks[r] = callback
	return r, nil
}

// queueSize is the instrument by which an observation of the queue length is told from one of its capacity.
type queueSize struct {
	noop.Int64ObservableUpDownCounter
}

func (meter) Int64ObservableUpDownCounter(
	name string, _ ...metric.Int64ObservableUpDownCounterOption,
) (metric.Int64ObservableUpDownCounter, error) {
	if name == "otel.sdk.processor.span.queue.size" {
		return queueSize{}, nil
	}
	return noop.Int64ObservableUpDownCounter{}, nil
}

// queueObserver adds up the queues' lengths: one per batch processor.
type queueObserver struct {
	noop.Observer
	length int64
	seen   bool
}

func (o *queueObserver) ObserveInt64(instrument metric.Int64Observable, value int64, _ ...metric.ObserveOption) {
	if _, ok := instrument.(queueSize); ok {
		o.length += value
		o.seen = true
	}
}

// SampleQueue asks the SDK for its queue length and stores it. After Shutdown the SDK no longer answers; the word then
// keeps its last value.
func (w *Witness) SampleQueue(ctx context.Context) error {
	w.gauges.lock.Lock()
	defer w.gauges.lock.Unlock()
	var errs []error
	observer := new(queueObserver)
	for _, callback := range w.gauges.callbacks {
		if err := callback(ctx, observer); err != nil {
			errs = append(errs, err)
		}
	}
	if observer.seen {
		w.ledger.QueueLength.Store(uint64(observer.length))
	}
	return errors.Join(errs...)
}
