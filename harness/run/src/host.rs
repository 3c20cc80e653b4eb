//! The machine this runs on: its clock, its processors, its folders.

pub mod clock;
pub(crate) mod cores;
pub mod limits;
pub(crate) mod listening;
pub mod machine;
pub(crate) mod oom;
pub mod opener;
pub(crate) mod ports;
pub mod project;
pub(crate) mod quiet;
pub mod quota;
pub mod spin;
