//! Quantities with their units. In files a quantity is text (`"30ms"`, `"5000/s"`, `"64KiB"`), so that no number can be
//! read in the wrong unit.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::digits::grouped;
use crate::quantity::text;

/// Nanoseconds of `CLOCK_MONOTONIC`, the one clock of a trial.
pub type MonoNs = u64;

/// A quantity whose text could not be understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what} `{text}` {problem}, for example `{example}`")]
pub struct UnitError {
    what: &'static str,
    text: String,
    problem: String,
    example: &'static str,
}

/// What a kind of quantity accepts: unit names with the factor to its base unit.
struct UnitFamily {
    what: &'static str,
    units: &'static [(&'static str, f64)],
    example: &'static str,
}

const TIME: UnitFamily = UnitFamily {
    what: "duration",
    units: &[("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("h", 3600e9)],
    example: "30ms",
};
const RATE: UnitFamily =
    UnitFamily { what: "rate", units: &[("/s", 1.0), ("/min", 1.0 / 60.0)], example: "5000/s" };
const SIZE: UnitFamily = UnitFamily {
    what: "size",
    units: &[
        ("B", 1.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
    ],
    example: "64KiB",
};

/// What [`Kind::parse`] takes for a number, as a regular expression.
const NUMBER: &str = r"_*(?:[0-9][0-9_]*\.?[0-9_]*|\._*[0-9][0-9_]*)";

impl UnitFamily {
    /// What [`Self::parse`] takes, as a regular expression.
    fn pattern(&self) -> String {
        let units: Vec<&str> = self.units.iter().map(|(name, _)| *name).collect();
        format!(r"\s*{NUMBER}\s*(?:{})\s*", units.join("|"))
    }

    fn schema(&self) -> text::TextSchema {
        let units: Vec<String> = self.units.iter().map(|(name, _)| format!("`{name}`")).collect();
        text::TextSchema {
            what: format!("A {} with its unit: {}.", self.what, units.join(", ")),
            pattern: self.pattern(),
            example: self.example.to_owned(),
        }
    }

    fn error(&self, text: &str, problem: String) -> UnitError {
        UnitError { what: self.what, text: text.to_owned(), problem, example: self.example }
    }

    fn parse(&self, text: &str) -> Result<f64, UnitError> {
        let trimmed = text.trim();
        let split =
            trimmed.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let names = || self.units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let value: f64 = number
            .replace('_', "")
            .parse()
            .map_err(|_| self.error(text, "does not begin with a number".to_owned()))?;
        let unit = unit.trim();
        if unit.is_empty() {
            return Err(self.error(text, format!("needs a unit ({})", names())));
        }
        let factor = self.units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let factor =
            factor.ok_or_else(|| self.error(text, format!("has an unknown unit; known: {}", names())))?;
        let total = value * factor;
        if total > 9e18 {
            return Err(self.error(text, "is too large".to_owned()));
        }
        Ok(total)
    }
}

/// A length of time, written `"30ms"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(pub Duration);

impl Period {
    /// What its text looks like, as a regular expression.
    pub(crate) fn pattern() -> String {
        TIME.pattern()
    }

    /// A period of that many milliseconds.
    pub const fn millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// The period in nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0.as_nanos() as u64
    }

    /// What is left of it after another; nothing when the other is longer.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The period in seconds.
    pub const fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }
}

impl JsonSchema for Period {
    text::text!("Period", || TIME.schema());
}

impl TryFrom<String> for Period {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        Ok(Self(Duration::from_nanos(TIME.parse(&text)? as u64)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.nanos();
        if ns == 0 {
            return f.write_str("0s");
        }
        let (unit, factor) =
            [("min", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)]
                .into_iter()
                .find(|(_, factor)| ns >= *factor && ns.is_multiple_of(*factor))
                .unwrap_or(("ns", 1));
        write!(f, "{}{unit}", ns / factor)
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

/// Events per second, written `"5000/s"`; always above zero.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(pub f64);

impl JsonSchema for Rate {
    text::text!("Rate", || RATE.schema());
}

impl TryFrom<String> for Rate {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        let rate = RATE.parse(&text)?;
        if rate <= 0.0 {
            return Err(RATE.error(&text, "must be above zero".to_owned()));
        }
        Ok(Self(rate))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `{:#}` is for people: results and scenarios are read without commas.
        let text = self.0.to_string();
        match text.split_once('.') {
            _ if !f.alternate() => write!(f, "{text}/s"),
            Some((whole, rest)) => write!(f, "{}.{rest}/s", grouped(whole)),
            None => write!(f, "{}/s", grouped(&text)),
        }
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

/// A number of bytes, written `"64KiB"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ByteSize(pub u64);

impl JsonSchema for ByteSize {
    text::text!("ByteSize", || SIZE.schema());
}

impl TryFrom<String> for ByteSize {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        Ok(Self(SIZE.parse(&text)? as u64))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
            .into_iter()
            .find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor))
            .unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> Self {
        size.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_survive_a_round_trip() {
        for text in ["30ms", "8s", "5us", "7ns", "2min", "1500ms", "0s"] {
            assert_eq!(Period::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        assert_eq!(Period::try_from("1.5s".to_owned()).unwrap().to_string(), "1500ms");
        assert_eq!(Rate::try_from("5000/s".to_owned()).unwrap().to_string(), "5000/s");
        assert_eq!(ByteSize::try_from("64KiB".to_owned()).unwrap(), ByteSize(65_536));
    }

    #[test]
    fn a_wrong_quantity_says_what_is_allowed() {
        let message = |text: &str| Period::try_from(text.to_owned()).unwrap_err().to_string();
        assert_eq!(message("5"), "duration `5` needs a unit (ns, us, ms, s, min, h), for example `30ms`");
        assert!(message("5 parsecs").contains("unknown unit"));
        assert!(message("soon").contains("does not begin with a number"));
        assert!(Rate::try_from("0/s".to_owned()).unwrap_err().to_string().contains("above zero"));
    }
}
