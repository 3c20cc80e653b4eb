//! What is said of pipelines that nobody runs here: as they are, by a canary, and as they are configured.

pub(crate) mod canary;
pub(crate) mod exposed;
pub(crate) mod lint;
