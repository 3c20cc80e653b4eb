//! What is said of pipelines that nobody runs here: as they are, by a canary, as they are configured, what a contract demands of them, what
//! two stores hold at their ends, and what log lines name of it.

pub(crate) mod canary;
pub(crate) mod contract;
pub(crate) mod diff;
pub(crate) mod exposed;
pub(crate) mod lint;
pub(crate) mod logs;
