//! What the figures rest on.

pub(crate) mod belief;
pub(crate) mod instrument;
pub(crate) mod origin;
pub(crate) mod raw;
pub(crate) mod runtime_trace;
pub(crate) mod witnesses;
