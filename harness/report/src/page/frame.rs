//! What all pages are made of: the shell, the script, tables, parts and themes.

pub(crate) mod grid;
pub(crate) mod part;
pub(crate) mod script;
pub(crate) mod shell;
pub(crate) mod theme;
