//! Expectations: a figure, a comparison, a bound.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::text;
use crate::quantity::unit::Period;
use crate::scenario::figure::Figure;
use crate::term::Word;

/// An entry of `[[expect]]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The condition: a figure, a comparison, a bound.
    pub that: Condition,
    /// The variants it is judged on; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Vec<String>>,
}

/// `figure comparison bound`, written as text.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    /// What is looked at.
    pub figure: Figure,
    /// How it is compared.
    pub comparison: Comparator,
    /// With what: a count, a ratio (0 to 1) or nanoseconds, as the figure needs.
    pub bound: f64,
}

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparator {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `==`
    Equals,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [(&str, Comparator); 5] = [
    ("<=", Comparator::AtMost),
    (">=", Comparator::AtLeast),
    ("==", Comparator::Equals),
    ("<", Comparator::Below),
    (">", Comparator::Above),
];

impl Comparator {
    /// Whether a value stands to a bound as this says.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::AtMost => value <= bound,
            Self::Below => value < bound,
            Self::Equals => (value - bound).abs() < f64::EPSILON,
            Self::AtLeast => value >= bound,
            Self::Above => value > bound,
        }
    }

    /// Its sign.
    pub fn sign(self) -> &'static str {
        SIGNS.iter().find(|(_, comparison)| *comparison == self).map_or("?", |(sign, _)| sign)
    }

    /// What stands before the first comparison of a text, the comparison, and what stands behind it.
    pub fn cut(text: &str) -> Option<(&str, Self, &str)> {
        let found = |(sign, comparison): &(&str, Self)| Some((text.split_once(*sign)?, *comparison));
        let ((before, behind), comparison) = SIGNS.iter().find_map(found)?;
        Some((before.trim(), comparison, behind.trim()))
    }
}

impl Condition {
    /// Whether a measured value meets the condition.
    pub fn holds(&self, value: f64) -> bool {
        self.comparison.holds(value, self.bound)
    }
}

/// What a number of a bound looks like, as a regular expression.
const NUMBER: &str = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?";

impl JsonSchema for Condition {
    text::text!("Condition", || text::TextSchema {
        what: "A figure, a comparison, a bound: a share in percent, a time with its unit, or a count."
            .to_owned(),
        pattern: pattern(),
        example: "loss.rate <= 0.1 %".to_owned(),
    });
}

/// What a condition looks like, as a regular expression: the kind of figure says what its bound is.
fn pattern() -> String {
    let signs = SIGNS.map(|(sign, _)| sign).join("|");
    let part = |wanted: fn(Figure) -> bool, bound: &str| {
        let figures: Vec<String> = Figure::all()
            .into_iter()
            .filter(|figure| wanted(*figure))
            .map(|figure| figure.to_string().replace('.', r"\."))
            .collect();
        format!(r#"(?:{})\s*(?:{signs})\s*"*{bound}"*"#, figures.join("|"))
    };
    let parts = [
        part(Figure::is_time, &Period::pattern()),
        part(Figure::is_ratio, &format!(r"\s*{NUMBER}\s*%")),
        part(|figure| !figure.is_time() && !figure.is_ratio(), &format!(r"\s*{NUMBER}\s*")),
    ];
    format!(r"\s*(?:{})\s*", parts.join("|"))
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (figure, comparison, bound) = Comparator::cut(&text).ok_or_else(|| {
            format!(
                "condition `{text}` has no comparison (<=, <, ==, >=, >), for example `loss.rate <= 0.1 %`"
            )
        })?;
        let figure = Figure::try_from(figure.to_owned())?;
        let bound = parse_bound(figure, bound)?;
        Ok(Self { figure, comparison, bound })
    }
}

fn parse_bound(figure: Figure, text: &str) -> Result<f64, String> {
    let unquoted = text.trim_matches('"');
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|n| n.is_finite())
            .ok_or_else(|| format!("`{text}` is not a number"))
    };
    if figure.is_time() {
        let period = Period::try_from(unquoted.to_owned()).map_err(|e| e.to_string())?;
        return Ok(period.nanos() as f64);
    }
    match unquoted.strip_suffix('%') {
        Some(percent) if figure.is_ratio() => {
            let share = number(percent)? / 100.0;
            let possible = (0.0..=1.0).contains(&share);
            possible.then_some(share).ok_or_else(|| format!("`{text}` is not between 0 % and 100 %"))
        }
        None if figure.is_ratio() => {
            Err(format!("`{figure}` is a share; write it in percent, for example `1 %`"))
        }
        Some(_) => Err(format!("`{figure}` is a count; write it without `%`")),
        None => number(unquoted),
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.figure, self.comparison.sign())?;
        if self.figure.is_time() {
            write!(f, "{}", Period(std::time::Duration::from_nanos(self.bound as u64)))
        } else if self.figure.is_ratio() {
            write!(f, "{} %", self.bound * 100.0)
        } else {
            write!(f, "{}", self.bound)
        }
    }
}

impl Word for Condition {
    fn text(&self) -> Cow<'static, str> {
        Cow::Owned(self.to_string())
    }

    fn of(text: &str) -> Option<Self> {
        Self::try_from(text.to_owned()).ok()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_and_write() {
        for text in
            ["loss.rate <= 0.1 %", "delay.p99 < 2s", "fate.dropped_queue_full == 0", "loss.law_gap <= 2 %"]
        {
            assert_eq!(Condition::try_from(text.to_owned()).unwrap().to_string(), text);
        }
    }

    #[test]
    fn wrong_conditions_say_why() {
        let message = |text: &str| Condition::try_from(text.to_owned()).unwrap_err();
        assert!(message("loss.rate").contains("no comparison"));
        assert!(message("los.rate <= 1").contains("did you mean `loss.rate`"));
        assert!(message("delay.p99 < 2").contains("needs a unit"));
        assert!(message("fate.received >= 5 %").contains("is a count"));
        assert!(message("loss.rate <= 1").contains("is a share"));
        assert!(message("loss.rate <= 101 %").contains("not between"));
        assert!(message("fate.eaten == 0").contains("unknown fate"));
    }
}
