//! What a report must hold, whatever the result is.

#[path = "../common/given.rs"]
mod given;
#[path = "../common/sample.rs"]
mod sample;

mod ci;
mod golden;
mod labels;
mod outright;
mod page;
mod sections;
mod table;
mod why;
