//! The machine this runs on: its clock, its processors, its folders.

pub mod clock;
pub mod machine;
pub mod project;
pub mod spin;
