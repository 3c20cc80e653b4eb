//! The machine this runs on: its clock, its processors, its folders.

pub mod clock;
pub mod limits;
pub mod machine;
pub(crate) mod oom;
pub mod project;
pub mod quota;
pub mod spin;
