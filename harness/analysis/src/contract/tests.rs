//! Contracts: what is read, what is refused and where, and what follows from what was seen.

mod begun;
mod judged;
mod mistakes;
mod registry;
mod signals;
mod world;
