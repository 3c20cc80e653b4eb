//! The page as a whole.

mod browser;
mod court;
mod escaping;
pub(crate) mod huge;
mod outline;
pub(crate) mod reader;
pub(crate) mod whole;
