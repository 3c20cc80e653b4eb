//! The text format of Prometheus, and of `OpenMetrics`, line by line. A line that is none is counted and passed over: pages come
//! from anywhere.

use std::borrow::Cow;

/// One sample of a page.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Sample<'a> {
    /// Name of the metric, with its suffixes.
    pub(super) name: Cow<'a, str>,
    /// Labels in the order of the page.
    pub(super) labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Its value; may be no number.
    pub(super) value: f64,
    /// When it was taken, seconds since 1970, where the page says it.
    pub(super) at_s: Option<f64>,
}

impl Sample<'_> {
    /// A label's value; an empty one counts as absent, as Prometheus has it.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| value.as_ref()).filter(|value| !value.is_empty())
    }
}

/// Gives every sample of a page out, and returns how many lines were none.
pub(super) fn each<'a>(page: &'a str, mut with: impl FnMut(Sample<'a>)) -> u64 {
    let mut malformed = 0;
    // OpenMetrics has seconds where Prometheus has milliseconds, and says at its end that it is OpenMetrics.
    let seconds = page.trim_end().ends_with("# EOF");
    for line in page.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match sample(line, seconds) {
            Some(sample) => with(sample),
            None => malformed += 1,
        }
    }
    malformed
}

fn sample(line: &str, seconds: bool) -> Option<Sample<'_>> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (plain, rest) = line.split_at(end);
    let mut name = (!plain.is_empty()).then_some(Cow::Borrowed(plain));
    let mut labels = Vec::new();
    let mut rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = braces(inner, &mut name, &mut labels)?;
    }
    let mut fields = rest.split_whitespace();
    let value = fields.next()?.parse().ok()?;
    let at_s = match fields.next() {
        None => None,
        // An exemplar.
        Some(field) if field.starts_with('#') => None,
        Some(field) => Some(field.parse::<f64>().ok()? / if seconds { 1.0 } else { 1e3 }),
    };
    Some(Sample { name: name?, labels, value, at_s })
}

/// Reads what stands in braces: labels, and since Prometheus 3 a quoted name of the metric. Gives what is behind them.
fn braces<'a>(
    mut rest: &'a str,
    name: &mut Option<Cow<'a, str>>,
    labels: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>,
) -> Option<&'a str> {
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix('}') {
            return Some(behind);
        }
        let (label, behind) = if rest.starts_with('"') {
            quoted(rest)?
        } else {
            let end = rest.find(|c: char| c == '=' || c == '}' || c == ',' || c.is_whitespace())?;
            (Cow::Borrowed(rest.get(..end)?), rest.get(end..)?)
        };
        rest = behind.trim_start();
        if let Some(value) = rest.strip_prefix('=') {
            let (value, behind) = quoted(value.trim_start())?;
            labels.push((label, value));
            rest = behind.trim_start();
        } else if name.is_none() {
            *name = Some(label);
        } else {
            return None;
        }
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// Reads a quoted text, and gives what is behind it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut out = Cow::Borrowed("");
    let mut chars = inner.char_indices();
    let mut from = 0;
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let last = inner.get(from..at)?;
                if out.is_empty() {
                    out = Cow::Borrowed(last);
                } else {
                    out.to_mut().push_str(last);
                }
                return Some((out, inner.get(at + 1..)?));
            }
            '\\' => {
                out.to_mut().push_str(inner.get(from..at)?);
                let (escaped_at, escaped) = chars.next()?;
                from = escaped_at + escaped.len_utf8();
                match escaped {
                    'n' => out.to_mut().push('\n'),
                    '"' | '\\' => out.to_mut().push(escaped),
                    // What nobody knows stays as it is.
                    other => out.to_mut().extend(['\\', other]),
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Name, labels, value and time of all samples, and how many lines were none.
    fn read(page: &str) -> (Vec<String>, u64) {
        let mut out = Vec::new();
        let malformed = each(page, |sample| {
            let labels: Vec<String> = sample.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            out.push(format!("{}[{}] {} {:?}", sample.name, labels.join(";"), sample.value, sample.at_s));
        });
        (out, malformed)
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        let cases = [
            ("a 1", "a[] 1 None"),
            ("  a\t2.5e3  ", "a[] 2500 None"),
            ("a{} 1 1700000000500", "a[] 1 Some(1700000000.5)"),
            ("a{b=\"c\",} +Inf", "a[b=c] inf None"),
            ("a { b = \"c\" , d=\"\" } NaN", "a[b=c;d=] NaN None"),
            (r#"a{b="x\"y\\z\n{},=",c="d"} 3"#, "a[b=x\"y\\z\n{},=;c=d] 3 None"),
            (r#"{"otel.sdk.span.live","otel.x"="é\q"} 7"#, "otel.sdk.span.live[otel.x=é\\q] 7 None"),
            ("a_bucket{le=\"0.1\"} 8 # {trace_id=\"x\"} 0.05", "a_bucket[le=0.1] 8 None"),
            ("a 1\r", "a[] 1 None"),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line), (vec![expected.to_owned()], 0), "{line}");
        }
        assert_eq!(read("a 1 1700000000.5\n# EOF\n").0, ["a[] 1 Some(1700000000.5)"]);
        assert_eq!(read("# HELP a b\n# TYPE a counter\n\n").0.len(), 0);
    }

    #[test]
    fn what_is_no_sample_is_counted_and_the_rest_is_read() {
        let bad = [
            "a",
            "a b",
            "{} 1",
            "a{b=\"c} 1",
            "a{b} 1",
            "a{b=c} 1",
            "a{\"b\"=\"c\" d=\"e\"} 1",
            "a{b=\"\\",
            "a 1 x",
            "<html>",
        ];
        for line in bad {
            assert_eq!(read(&format!("{line}\nz 1\n")), (vec!["z[] 1 None".to_owned()], 1), "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_ends_the_reader(page in "(?s).{0,400}", lines in prop::collection::vec(r#"[a{}",=\\n 1#]{0,30}"#, 0..20)) {
            read(&page);
            let (samples, malformed) = read(&lines.join("\n"));
            prop_assert!(samples.len() as u64 + malformed <= lines.len() as u64);
        }

        #[test]
        fn what_is_written_is_read_back(value in "(?s)[^\r]{0,40}", number in any::<f64>()) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let page = format!("a{{b=\"{escaped}\"}} {number}");
            let mut seen = Vec::new();
            each(&page, |sample| seen.push((sample.label("b").unwrap_or("").to_owned(), sample.value.to_bits())));
            prop_assert_eq!(seen, [(value, number.to_bits())]);
        }
    }
}
