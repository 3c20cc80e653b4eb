//! All effects: executes a plan and writes the raw logs of its trials. It decides nothing about spans.

pub mod backend;
pub mod canary;
mod collector;
pub mod doctor;
pub mod error;
pub mod fixture;
mod hop;
pub mod host;
pub mod load;
pub mod pages;
pub mod peek;
pub mod probe;
pub mod process;
pub mod receive;
pub mod receiver;
pub mod runner;
pub mod store;
pub mod toxiproxy;

pub mod trial;

pub use collector::own::preview as collector_changes;
pub use error::RunError;
