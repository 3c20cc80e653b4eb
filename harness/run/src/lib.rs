//! All effects: executes a plan and writes the raw logs of its trials. It decides nothing about spans.

pub mod clock;
pub mod doctor;
pub mod error;
pub mod fixture;
pub mod guard;
pub mod interrupt;
pub mod join;
pub mod load;
pub mod machine;
pub mod opener;
pub mod pages;
pub mod peek;
pub mod probe;
pub mod progress;
pub mod project;
pub mod receive;
pub mod receiver;
pub mod runner;
pub mod scrape;
pub mod shim;
pub mod spin;
pub mod store;
mod strays;
pub mod toxiproxy;

mod cgroups;
mod child;
mod events;
mod fault;
mod journal;
mod links;
mod services;
mod traces;
mod trial;
mod usage;

pub use error::Error;
