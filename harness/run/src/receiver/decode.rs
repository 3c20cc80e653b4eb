//! Reads export requests in place, whatever their encoding, without building a tree of them.

pub(crate) mod json;
pub(in crate::receiver) mod keep;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod otlp;
pub(crate) mod span;

pub(crate) use self::otlp::whole::walk as whole_spans;
