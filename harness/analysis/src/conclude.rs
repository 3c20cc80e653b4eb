//! Conclusions: a trial, its services, a variant over its trials, a run.

pub(crate) mod agreement;
pub(crate) mod dose;
pub(crate) mod end;
pub(crate) mod engine;
pub(crate) mod fit;
pub(crate) mod hops;
pub(crate) mod law;
pub(crate) mod limits;
pub(crate) mod overall;
pub(crate) mod run;
pub(crate) mod runtime_trace;
pub(crate) mod service;
pub(crate) mod shell;
pub(crate) mod spoilt;
pub(crate) mod summary;
pub(crate) mod trial;
pub(crate) mod undisturbed;
pub(crate) mod unread;
pub(crate) mod usage;
pub(crate) mod validity;
