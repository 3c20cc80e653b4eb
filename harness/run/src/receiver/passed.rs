//! What of a request is left to the endpoint behind a relay: its body as it was sent, and whether its spans are accepted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use spanfate_model::format::wire::Relayed;

/// A request on its way through.
#[derive(Debug, Default)]
pub(super) struct Passed(Mutex<PassedBody>);

#[derive(Debug, Default)]
struct PassedBody {
    /// The body as it was sent, in the pieces that came.
    body: Vec<Bytes>,
    /// It is in the log, with so many spans whose end is not known.
    spans: Option<u32>,
    /// The end.
    relayed: Option<Relayed>,
}

impl Passed {
    fn state(&self) -> MutexGuard<'_, PassedBody> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn copy(&self, piece: &Bytes) {
        self.state().body.push(piece.clone());
    }

    /// The whole body, once.
    pub(super) fn copied(&self) -> Bytes {
        let mut pieces = std::mem::take(&mut self.state().body);
        match pieces.len() {
            1 => pieces.remove(0),
            _ => pieces.concat().into(),
        }
    }

    pub(super) fn pass(&self, spans: u32) {
        self.state().spans = Some(spans);
    }

    pub(super) fn is_passed(&self) -> bool {
        self.state().spans.is_some()
    }

    pub(super) fn spans(&self) -> u32 {
        self.state().spans.unwrap_or(0)
    }

    /// Gives the spans whose end is known now; nothing where there are none or their end was known before.
    pub(super) fn settle(&self, relayed: Relayed) -> Option<u32> {
        let mut state = self.state();
        let spans = state.spans.filter(|_| state.relayed.is_none())?;
        state.relayed = Some(relayed);
        Some(spans)
    }

    pub(super) fn relayed(&self) -> Relayed {
        self.state().relayed.unwrap_or_default()
    }
}
