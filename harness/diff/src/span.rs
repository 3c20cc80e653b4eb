//! A span as it is held: one record of bytes, whatever it was written in.

pub(crate) mod draft;
pub(crate) mod origins;
pub(crate) mod values;
