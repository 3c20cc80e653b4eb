//! Words and numbers as people read them.

pub(crate) mod causes;
pub(crate) mod ends;
pub(crate) mod fit;
pub(crate) mod labels;
pub(crate) mod lacking;
pub(crate) mod number;
pub(crate) mod onsets;
pub(crate) mod plan_words;
pub(crate) mod words;
