//! Holds the spans of both sides against each other.

mod books;
mod compare;
mod damage;
mod moved;
mod pairs;
mod pictures;
mod store;
mod timeline;

pub(crate) use self::books::DiffBooks;
pub(crate) use self::compare::Comparer;
pub(crate) use self::damage::{TraceLacks, TraceSpan};
pub(crate) use self::pairs::{join, join_one};
pub(crate) use self::store::SpanStore;
