//! Commands that say something of the program, the machine or the scenarios, and start none, but
//! for a program that a contract is held against.

pub(super) mod completions;
pub(super) mod contract;
pub(super) mod designs;
pub(super) mod diff;
pub(super) mod doctor;
pub(super) mod lint;
pub(super) mod list;
pub(super) mod logs;
pub(super) mod new;
pub(super) mod plan;
pub(super) mod reference;
pub(super) mod schema;
