//! Words that programs decide by: each has a variant in the code and a text in the files. Whoever decides asks for the variant;
//! the text is only written and read, and what people are shown is made in `report`. A text that nobody here knows, of an
//! older or newer version, is kept as it is and decides nothing.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

// No feature: with one, a build and its tests would share no artifact.
#[doc(hidden)]
pub mod reword;

/// Something with a text in the files.
pub trait Word: Sized {
    /// The text.
    fn text(&self) -> Cow<'static, str>;

    /// The word of a text.
    fn of(text: &str) -> Option<Self>;
}

/// A word, or a text that this version does not know.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Term<T> {
    /// A word of this version.
    Known(T),
    /// The text of another one.
    Foreign(String),
}

impl<T> Term<T> {
    /// The word, if this version knows it.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(word) => Some(word),
            Self::Foreign(_) => None,
        }
    }
}

impl<T: PartialEq> Term<T> {
    /// Whether it is that word.
    pub fn is(&self, word: &T) -> bool {
        self.known() == Some(word)
    }
}

impl<T> From<T> for Term<T> {
    fn from(word: T) -> Self {
        Self::Known(word)
    }
}

impl<T: Word> Term<T> {
    /// What a text means.
    pub fn read(text: &str) -> Self {
        T::of(text).map_or_else(|| Self::Foreign(text.to_owned()), Self::Known)
    }

    /// The text.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Known(word) => word.text(),
            Self::Foreign(text) => Cow::Borrowed(text),
        }
    }
}

impl<T: Word> fmt::Display for Term<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl<T: Word> Serialize for Term<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text())
    }
}

impl<'de, T: Word> Deserialize<'de> for Term<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::read(&String::deserialize(from)?))
    }
}

impl<T> JsonSchema for Term<T> {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    // Other versions have other words.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A text of the code as it is written and shown: itself, but while a test rewords all of them.
pub fn worded(text: &'static str) -> Cow<'static, str> {
    reword::applied(text)
}

/// An enum of words, each with its text: the list of them and both directions come from the one place where they stand.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
        }

        impl $crate::term::Word for $name {
            fn text(&self) -> std::borrow::Cow<'static, str> {
                $crate::term::worded(match self { $(Self::$variant => $text,)+ })
            }

            fn of(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| $crate::term::Word::text(word) == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&$crate::term::Word::text(self))
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Basis;

    #[test]
    fn a_word_is_read_as_it_is_written_and_a_foreign_text_is_kept() {
        for basis in Basis::ALL {
            let written = serde_json::to_string(&Term::Known(*basis)).unwrap();
            assert_eq!(serde_json::from_str::<Term<Basis>>(&written).unwrap(), Term::Known(*basis));
        }
        let foreign: Term<Basis> = serde_json::from_str(r#""on top""#).unwrap();
        assert_eq!(foreign, Term::Foreign("on top".to_owned()));
        assert!(!foreign.is(&Basis::Loss) && foreign.known().is_none());
        assert_eq!(serde_json::to_string(&foreign).unwrap(), r#""on top""#);
    }
}
