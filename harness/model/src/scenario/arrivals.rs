//! A recorded load: the arrivals of a file.

use crate::quantity::stamp;

/// What a file of arrivals holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecordedArrivals {
    /// The file itself.
    pub text: String,
    /// Nanoseconds from the first arrival, ascending.
    pub at: Vec<u64>,
}

/// A line that is no arrival.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct RecordedArrivalsError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// How a line says its time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Seconds,
    Rfc3339,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Rfc3339 => "RFC 3339 times",
        }
    }
}

impl RecordedArrivals {
    /// Reads arrivals: one per line, in ascending order, either all as decimal seconds (`12.345`) or all as RFC 3339 times
    /// (`2026-09-14T10:15:00.25Z`). Empty lines and lines that begin with `#` are left out. Only distances count.
    pub fn parse(text: &str) -> Result<Self, RecordedArrivalsError> {
        let mut at: Vec<u64> = Vec::new();
        let mut form: Option<Form> = None;
        let (mut first, mut before) = (0, 0);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |problem: String| RecordedArrivalsError { line: index + 1, problem };
            let (this, time) = time(line).ok_or_else(|| {
                let shown: String = line.chars().take(40).collect();
                wrong(format!("`{}` is neither seconds nor an RFC 3339 time", shown.escape_debug()))
            })?;
            if at.is_empty() {
                (first, before) = (time, time);
            }
            if let Some(form) = form.filter(|form| *form != this) {
                return Err(wrong(format!(
                    "the file begins with {}, this is one of {}",
                    form.name(),
                    this.name()
                )));
            }
            if time < before {
                return Err(wrong("it is earlier than the line before; sort the file".to_owned()));
            }
            let offset = u64::try_from(time - first).ok().filter(|offset| *offset < LONGEST_NS);
            at.push(offset.ok_or_else(|| wrong("it is more than a year after the first".to_owned()))?);
            (form, before) = (Some(this), time);
        }
        Ok(Self { text: text.to_owned(), at })
    }

    /// A number that changes with the arrivals (64-bit FNV-1a), in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in self.at.iter().flat_map(|at| at.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        format!("{hash:016x}")
    }
}

const LONGEST_NS: u64 = 366 * 86_400 * 1_000_000_000;

fn time(line: &str) -> Option<(Form, i128)> {
    if let Some(seconds) = seconds(line) {
        return Some((Form::Seconds, seconds));
    }
    rfc3339(line).map(|time| (Form::Rfc3339, time))
}

/// Decimal seconds in whole nanoseconds; digits beyond are cut off. Not by floating point, which has too few digits for
/// unix times.
fn seconds(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let nine: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some(whole.parse::<i128>().ok()? * 1_000_000_000 + nine.parse::<i128>().ok()?)
}

/// An RFC 3339 time in nanoseconds since 1970.
fn rfc3339(text: &str) -> Option<i128> {
    let (date, clock) = text.split_once(['T', 't', ' '])?;
    let (clock, offset) = if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        (clock, 0)
    } else {
        let (clock, offset) = clock.split_at(clock.rfind(['+', '-'])?);
        let sign = if offset.starts_with('-') { -1 } else { 1 };
        let [hours, minutes] = fields(&offset[1..], ':', [2, 2])?;
        (hours < 24 && minutes < 60).then_some((clock, sign * (hours * 3600 + minutes * 60)))?
    };
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = fields(clock, ':', [2, 2, 2])?;
    let longest = stamp::days_of_month(year, month)?;
    // A leap second is the 60th.
    if !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 60 || fraction.is_empty() {
        return None;
    }
    let whole = stamp::days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(i128::from(whole) * 1_000_000_000 + seconds(&format!("0.{fraction}"))?)
}

/// Numbers of fixed lengths with a sign between them.
fn fields<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut out = [0; N];
    let mut parts = text.split(between);
    for (place, length) in out.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length)?;
        *place = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(text: &str) -> String {
        RecordedArrivals::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn both_forms_are_read_and_only_distances_count() {
        let text = "# recorded on a Monday\n1700000000.25\n\n1700000000.250000001\n1700000001\n";
        assert_eq!(RecordedArrivals::parse(text).unwrap().at, [0, 1, 750_000_000]);
        let text = "2026-02-28T23:59:59.5Z\r\n2026-03-01T00:00:00Z\n2026-03-01T02:00:00.125+02:00\n";
        assert_eq!(RecordedArrivals::parse(text).unwrap().at, [0, 500_000_000, 625_000_000]);
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(rfc3339("2001-09-09T01:46:40Z"), Some(1_000_000_000_000_000_000));
        assert_eq!(rfc3339("2000-02-29T00:00:00-01:00"), Some(951_786_000_000_000_000));
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!(problem("0.5\n0.4\n"), "line 2: it is earlier than the line before; sort the file");
        assert_eq!(problem("0\n\nsoon\n"), "line 3: `soon` is neither seconds nor an RFC 3339 time");
        assert!(problem("0\n2026-03-01T00:00:00Z").starts_with("line 2: the file begins with seconds"));
        assert!(problem("0\n99999999999").contains("more than a year"));
        for wrong in
            ["-1", "1e3", "1,5", "NaN", ".5", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01"]
        {
            assert!(problem(wrong).starts_with("line 1: `"), "{wrong}");
        }
    }

    #[test]
    fn another_file_has_another_digest() {
        let digest = |text| RecordedArrivals::parse(text).unwrap().digest();
        assert_eq!(digest("1\n2\n"), digest("11\n12.0\n"));
        assert_ne!(digest("1\n2\n"), digest("1\n2\n2\n"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(mut at in prop::collection::vec(0..LONGEST_NS, 1..50), text in ".*") {
            at.sort_unstable();
            let line = |ns: &u64| format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
            let lines = at.iter().map(line).collect::<Vec<_>>().join("\n");
            let wanted: Vec<u64> = at.iter().map(|ns| ns - at[0]).collect();
            prop_assert_eq!(RecordedArrivals::parse(&lines).unwrap().at, wanted);
            // Whatever a file holds, it is read or refused.
            drop(RecordedArrivals::parse(&text));
        }
    }
}
