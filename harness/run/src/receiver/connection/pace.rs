//! Reads a body slowly: every piece is handed on when its time has come, and no other is asked for before.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use tokio::time::{Sleep, sleep};

/// The pace of one body.
#[derive(Debug)]
pub(in crate::receiver) struct BodyPace {
    /// Bytes per second.
    rate: u64,
    held: Option<(Frame<Bytes>, Pin<Box<Sleep>>)>,
}

impl BodyPace {
    pub(in crate::receiver) fn new(rate: u64) -> Self {
        Self { rate: rate.max(1), held: None }
    }

    /// Whether a piece waits for its time.
    pub(in crate::receiver) fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// Takes a piece that has come.
    pub(in crate::receiver) fn hold(&mut self, frame: Frame<Bytes>) {
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        let time = Duration::from_nanos(length.saturating_mul(1_000_000_000) / self.rate);
        self.held = Some((frame, Box::pin(sleep(time))));
    }

    /// The piece, when its time has come; nothing if there is none.
    pub(in crate::receiver) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if let Some((_, due)) = &mut self.held {
            ready!(due.as_mut().poll(cx));
        }
        Poll::Ready(self.held.take().map(|(frame, _)| frame))
    }
}
