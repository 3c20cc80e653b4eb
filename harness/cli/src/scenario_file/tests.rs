//! Scenario files, from text to a plan or to what is wrong with them.

mod disturbed;
mod given;
mod mistakes;
mod sweep;
mod words;
