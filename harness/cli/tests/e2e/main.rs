//! End to end: the real program, the real Go SDK, real processes, real signals.

mod accounting;
mod books;
mod exits;
mod interruption;
mod kills;
mod lab;
