//! Somebody who is shown each accepted message, uncompressed, before it is answered.

use std::fmt;
use std::sync::Arc;

use spanfate_model::format::wire::WireProtocol;
use spanfate_model::quantity::unit::MonoNs;

type Show = dyn Fn(WireProtocol, MonoNs, &[u8]) + Send + Sync;

/// Called on the receiver's own thread, so it must be quick.
#[derive(Clone)]
pub(crate) struct Onlooker(Arc<Show>);

impl Onlooker {
    /// One that gets encoding, time of completion, and message.
    pub(crate) fn new(show: impl Fn(WireProtocol, MonoNs, &[u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    pub(super) fn show(&self, protocol: WireProtocol, at: MonoNs, message: &[u8]) {
        (self.0)(protocol, at, message);
    }
}

impl fmt::Debug for Onlooker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Onlooker")
    }
}
