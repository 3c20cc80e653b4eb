//! What a report must hold, whatever the result is.

#[path = "../common/given.rs"]
mod given;
#[path = "../common/sample.rs"]
mod sample;

mod answers;
mod browser;
mod cells;
mod change;
mod ci;
mod configured;
mod escaping;
mod faults;
mod golden;
mod html;
mod huge;
mod knee;
mod labels;
mod latency;
mod outline;
mod page;
mod paths;
mod stages;
mod table;
mod timeline;
mod traces;
