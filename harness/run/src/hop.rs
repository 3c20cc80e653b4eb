//! A collector in the path: its configuration, its process, and the pages of its metrics.

pub(crate) mod config;
pub(crate) mod page;
pub(crate) mod start;
