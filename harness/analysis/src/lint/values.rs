//! Values as the Collector reads them. What the environment decides is not known here.

use super::yaml::{YamlNode, YamlValue};

/// A setting.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum YamlSetting<T> {
    /// Not there: the Collector's default holds.
    Unset,
    /// As it stands in the file.
    Is(T),
    /// There, and not to be understood here: of the environment, or of another version.
    Unknown,
}

impl<T: Copy> YamlSetting<T> {
    /// The value, or the default; none where it is not known.
    pub(super) fn or(self, default: T) -> Option<T> {
        match self {
            Self::Unset => Some(default),
            Self::Is(value) => Some(value),
            Self::Unknown => None,
        }
    }
}

fn setting<T>(node: Option<&YamlNode>, read: impl Fn(&str) -> Option<T>) -> YamlSetting<T> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return YamlSetting::Unset };
    let text = match &node.value {
        YamlValue::Scalar { text, .. } => text,
        YamlValue::List(_) | YamlValue::Map(_) => return YamlSetting::Unknown,
    };
    read(fallback(text).unwrap_or(text)).map_or(YamlSetting::Unknown, YamlSetting::Is)
}

/// Of `${env:NAME:-5}` the 5: what holds unless the environment says otherwise.
fn fallback(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    inside.split_once(":-").map(|(_, fallback)| fallback)
}

pub(super) fn number(node: Option<&YamlNode>) -> YamlSetting<f64> {
    setting(node, |text| {
        text.trim().replace('_', "").parse().ok().filter(|number: &f64| *number >= 0.0 && number.is_finite())
    })
}

pub(super) fn truth(node: Option<&YamlNode>) -> YamlSetting<bool> {
    setting(node, |text| match text.trim() {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    })
}

/// A time as Go writes it, in seconds: `1m30s`, `200ms`, `0`.
pub(super) fn time(node: Option<&YamlNode>) -> YamlSetting<f64> {
    setting(node, |text| seconds(text.trim()))
}

fn seconds(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("μs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    if text == "0" {
        return Some(0.0);
    }
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, factor) = UNITS.into_iter().find(|(unit, _)| {
            // `m` is not the begin of `ms`.
            rest.strip_prefix(unit).is_some_and(|after| !after.starts_with(|c: char| c.is_alphabetic()))
        })?;
        sum += number * factor;
        rest = &rest[unit.len()..];
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> YamlNode {
        YamlNode { line: 1, column: 1, value: YamlValue::Scalar { text: text.to_owned(), plain: true } }
    }

    #[test]
    fn times_are_read_as_go_reads_them() {
        for (text, seconds) in
            [("5s", 5.0), ("1m30s", 90.0), ("200ms", 0.2), ("0", 0.0), ("1.5h", 5400.0), ("0s", 0.0)]
        {
            assert_eq!(time(Some(&node(text))), YamlSetting::Is(seconds), "{text}");
        }
        for text in ["5", "s", "5 s", "-5s", "${env:T}"] {
            assert_eq!(time(Some(&node(text))), YamlSetting::Unknown, "{text}");
        }
        assert_eq!(time(Some(&node("${env:T:-7s}"))), YamlSetting::Is(7.0));
        assert_eq!((time(None), time(Some(&node("")))), (YamlSetting::Unset, YamlSetting::Unset));
    }

    #[test]
    fn numbers_and_truths_are_read() {
        assert_eq!(number(Some(&node("1000"))), YamlSetting::Is(1000.0));
        assert_eq!(number(Some(&node("${QUEUE}"))), YamlSetting::Unknown);
        assert_eq!(number(Some(&node("-1"))), YamlSetting::Unknown);
        assert_eq!(truth(Some(&node("false"))), YamlSetting::Is(false));
        assert_eq!(truth(Some(&node("no"))), YamlSetting::Unknown);
        assert_eq!(
            [YamlSetting::Unset.or(1), YamlSetting::Is(2).or(1), YamlSetting::Unknown.or(1)],
            [Some(1), Some(2), None]
        );
    }
}
