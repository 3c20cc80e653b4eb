//! The first screen, and what was claimed.

pub(crate) mod causes;
pub(crate) mod claims;
pub(crate) mod overview;
pub(crate) mod screen;
