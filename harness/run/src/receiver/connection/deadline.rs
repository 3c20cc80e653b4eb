//! How long the receiver waits for a client.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use spanfate_model::quantity::unit::MonoNs;
use tokio::time::{Sleep, sleep};

use super::socket::Connection;
use crate::host::clock;

/// How long the receiver waits for a client. A connection that has carried a request may then be idle for ever: an
/// exporter with nothing to send is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadlines {
    /// Longest silence in the middle of a request, or on a connection that never carried one.
    pub silence: Duration,
    /// Longest time from the beginning of a request to its end, and of a connection to its first request, however
    /// steadily bytes come.
    pub request: Duration,
}

impl Default for Deadlines {
    /// Exporters give up after ten seconds unless told otherwise.
    fn default() -> Self {
        Self { silence: Duration::from_secs(30), request: Duration::from_mins(2) }
    }
}

impl Deadlines {
    /// How long to wait still, for something that began and was last heard of at these times.
    fn left(&self, began: MonoNs, heard: MonoNs) -> Duration {
        let silent = heard.saturating_add(self.silence.as_nanos() as u64);
        let late = began.saturating_add(self.request.as_nanos() as u64);
        Duration::from_nanos(silent.min(late).saturating_sub(clock::now()))
    }
}

/// Waits until a connection has been without a request for too long; for ever once it had one.
pub(in crate::receiver) async fn without_request(connection: &Connection, deadlines: Deadlines) {
    loop {
        let left = deadlines.left(connection.accepted_at, connection.heard_at());
        if connection.is_served() {
            return std::future::pending().await;
        }
        // While a request is coming in its own deadline counts.
        match (connection.is_busy(), left) {
            (true, _) => sleep(deadlines.silence).await,
            (false, Duration::ZERO) => return,
            (false, left) => sleep(left).await,
        }
    }
}

/// The patience one request is met with.
#[derive(Debug)]
pub(in crate::receiver) struct Patience {
    deadlines: Deadlines,
    began: MonoNs,
    heard: MonoNs,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(in crate::receiver) fn new(deadlines: Deadlines) -> Self {
        let now = clock::now();
        Self { deadlines, began: now, heard: now, timer: None }
    }

    /// Some bytes came.
    pub(in crate::receiver) fn renew(&mut self) {
        self.heard = clock::now();
    }

    /// The time since bytes last came was not the client's.
    pub(in crate::receiver) fn excuse(&mut self) {
        let now = clock::now();
        self.began = self.began.saturating_add(now.saturating_sub(self.heard));
        self.heard = now;
    }

    /// Ready when it is at its end. The timer is set where there is something to wait for, and not moved by every byte.
    pub(in crate::receiver) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let left = self.deadlines.left(self.began, self.heard);
            if left.is_zero() {
                return Poll::Ready(());
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(left)));
            ready!(timer.as_mut().poll(cx));
            self.timer = None;
        }
    }
}
