//! How numbers and foreign text are written in explanations.

use spanfate_model::quantity::digits::grouped;

/// Most characters of a text of others.
const LONGEST: usize = 200;

/// A count, grouped.
pub(super) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A count of spans.
pub(super) fn spans(n: u64) -> String {
    format!("{} {}", count(n), if n == 1 { "span" } else { "spans" })
}

/// A time with the digits it is worth, given in nanoseconds.
pub(super) fn lasting(ns: u64) -> String {
    let ms = ns as f64 / 1e6;
    match ms {
        ms if ms >= 9_950.0 => format!("{:.0} s", ms / 1e3),
        ms if ms >= 999.5 => format!("{:.1} s", ms / 1e3),
        ms if ms >= 9.95 => format!("{ms:.0} ms"),
        ms if ms >= 0.995 => format!("{ms:.1} ms"),
        ms if ms >= 0.005 => format!("{ms:.2} ms"),
        _ => "under 0.01 ms".to_owned(),
    }
}

/// The first line of a text of others, in quotes. A long one is cut in its middle: Go puts the first cause of an error last.
pub(super) fn quote(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let length = line.chars().count();
    if length <= LONGEST {
        return format!("“{line}”");
    }
    let head: String = line.chars().take(LONGEST / 2).collect();
    let tail: String = line.chars().skip(length - LONGEST / 2).collect();
    format!("“{head} … {tail}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_counts_keep_the_digits_they_are_worth() {
        let times = [
            0,
            4_999,
            5_000,
            310_000,
            999_000,
            3_140_000,
            28_400_000,
            999_400_000,
            1_234_000_000,
            34_000_000_000,
        ];
        let words = [
            "under 0.01 ms",
            "under 0.01 ms",
            "0.01 ms",
            "0.31 ms",
            "1.0 ms",
            "3.1 ms",
            "28 ms",
            "999 ms",
            "1.2 s",
            "34 s",
        ];
        assert_eq!(times.map(lasting), words);
        assert_eq!([0, 999, 2048, 1_234_567].map(count), ["0", "999", "2,048", "1,234,567"]);
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_keeps_its_ends() {
        assert_eq!(quote("a\nb"), "“a”");
        let long = format!("begin{}end", "é".repeat(300));
        let cut = quote(&long);
        assert!(cut.starts_with("“begin") && cut.ends_with("end”") && cut.contains(" … "), "{cut}");
        assert_eq!(cut.chars().count(), LONGEST + 5);
    }
}
