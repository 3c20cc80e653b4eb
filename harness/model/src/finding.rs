//! What commands other than `scenario` find out.

pub mod canary;
pub mod claims;
pub mod collector;
pub mod contract;
pub mod designs;
pub mod diff;
pub mod evaluation;
pub mod forecast;
pub mod frontier;
pub mod index;
pub mod lint;
pub mod noise;
pub mod outside;
pub mod peek;
pub mod selftest;
pub mod verify;
