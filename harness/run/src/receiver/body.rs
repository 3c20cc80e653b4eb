//! A request's body on its way in: counted, bounded, in time, and slow where the script wants it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use spanfate_model::fault::answer::{ScriptedAnswer, SlowReading};
use tonic::Status;

use super::connection::deadline::Patience;
use super::connection::pace::BodyPace;
use crate::receiver::exchange::Exchange;
use crate::receiver::script::ActingEntry;

/// Body bytes that all incomplete requests together may hold.
const MOST_IN_FLIGHT: u64 = 64 << 20;

/// What a client is told that did not send its request in time.
pub(in crate::receiver) const STALLED: &str =
    "the request did not come in time; the receiver waits no longer for its rest";

/// Bytes of a request as the transport gives them.
pub(in crate::receiver) trait Inbound:
    Body<Data = Bytes, Error: fmt::Display> + Send + Unpin + 'static
{
}

impl<B: Body<Data = Bytes, Error: fmt::Display> + Send + Unpin + 'static> Inbound for B {}

/// A request's body, with its bytes counted and the memory of all incomplete requests bounded.
#[derive(Debug)]
pub(in crate::receiver) struct RequestBody<B> {
    inner: B,
    exchange: Arc<Exchange>,
    patience: Patience,
    held: u64,
    /// Set where the script wants it read slowly.
    pace: Option<BodyPace>,
}

impl<B> RequestBody<B> {
    pub(in crate::receiver) fn new(inner: B, exchange: &Arc<Exchange>) -> Self {
        let patience = Patience::new(exchange.shared().config.deadlines);
        let pace = match exchange.acting().map(ActingEntry::answer) {
            Some(ScriptedAnswer::SlowReading(SlowReading { rate })) => {
                exchange.act();
                Some(BodyPace::new(rate.0))
            }
            _ => None,
        };
        Self { inner, exchange: Arc::clone(exchange), patience, held: 0, pace }
    }
}

impl<B> RequestBody<B> {
    /// Counts bytes that have come; fails where all requests together hold too many.
    fn hold(&mut self, length: u64) -> Result<(), Status> {
        self.held += length;
        self.exchange.hold(length);
        let before = self.exchange.shared().in_flight.fetch_add(length, Ordering::Relaxed);
        if before + length > MOST_IN_FLIGHT && !self.exchange.make_room() {
            return Err(Status::resource_exhausted("too many bytes in flight"));
        }
        Ok(())
    }

    /// The piece that waited for its time, if there is one.
    fn poll_paced(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        let Some(pace) = self.pace.as_mut().filter(|pace| pace.holds()) else { return Poll::Ready(None) };
        let frame = ready!(pace.poll_frame(cx));
        // The client did not let us wait, we did it.
        self.patience.excuse();
        Poll::Ready(frame)
    }
}

impl<B: Inbound> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(frame) = ready!(self.poll_paced(cx)) {
            return Poll::Ready(Some(Ok(frame)));
        }
        let frame = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => {
                ready!(self.patience.poll_end(cx));
                self.exchange.stall();
                return Poll::Ready(Some(Err(Status::deadline_exceeded(STALLED))));
            }
            Poll::Ready(None) => {
                self.exchange.end();
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(broken))) => {
                return Poll::Ready(Some(Err(Status::cancelled(broken.to_string()))));
            }
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        self.patience.renew();
        if let Err(full) = self.hold(frame.data_ref().map_or(0, Bytes::len) as u64) {
            return Poll::Ready(Some(Err(full)));
        }
        if let Some(data) = frame.data_ref() {
            self.exchange.copy(data);
        }
        if let Some(pace) = &mut self.pace {
            pace.hold(frame);
            return self.poll_paced(cx).map(|frame| frame.map(Ok));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        !self.pace.as_ref().is_some_and(BodyPace::holds) && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for RequestBody<B> {
    fn drop(&mut self) {
        self.exchange.shared().in_flight.fetch_sub(self.held, Ordering::Relaxed);
        self.exchange.connection().release(self.held);
    }
}
