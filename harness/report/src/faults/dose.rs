//! Doses in words. A dose says what was counted after its unit: `ms stopped`, `operations it broke`.

use crate::number::Numbers;

/// Nouns that doses count.
const NOUNS: [(&str, &str); 12] = [
    ("processes", "process"),
    ("operations", "operation"),
    ("spans", "span"),
    ("exports", "export"),
    ("kills", "kill"),
    ("panics", "panic"),
    ("exits", "exit"),
    ("contexts", "context"),
    ("calls", "call"),
    ("requests", "request"),
    ("look-ups", "look-up"),
    ("collections", "collection"),
];

/// Whether it is the most of something, which does not add up over trials.
pub(crate) fn is_most(what: &str) -> bool {
    what.contains("at most") || what.contains("longest") || what.ends_with("was off")
}

/// An amount with its unit, and of what it is.
pub(crate) fn quantity(numbers: Numbers, what: &str, amount: f64) -> (String, String) {
    let unit = |name: &str| what.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
    if let Some(rest) = unit("ms") {
        let whole = amount.fract() == 0.0 && amount < 1000.0;
        let text = if whole { numbers.whole_ms(amount) } else { numbers.lasting(amount) };
        return (text, rest.to_owned());
    }
    if let Some(rest) = unit("bytes") {
        return (numbers.bytes(amount), rest.to_owned());
    }
    if let Some(rest) = unit("MiB") {
        return (numbers.bytes(amount * 1_048_576.0), rest.to_owned());
    }
    let number = if amount.fract() == 0.0 { numbers.fixed(amount, 0) } else { numbers.short(amount) };
    (number, if (amount - 1.0).abs() < f64::EPSILON { singular(what) } else { what.to_owned() })
}

/// An amount and of what it is.
pub(crate) fn about(numbers: Numbers, what: &str, amount: f64) -> String {
    let (number, rest) = quantity(numbers, what, amount);
    format!("{number} {rest}").trim().to_owned()
}

/// The noun that is counted, in the singular.
fn singular(what: &str) -> String {
    let of = |word: &str| NOUNS.iter().find(|(many, _)| *many == word).map(|(_, one)| *one);
    let mut done = false;
    let words = what.split(' ').map(|word| match of(word).filter(|_| !done) {
        Some(one) => {
            done = true;
            one
        }
        None => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use spanfate_model::fault::Kind;

    use super::*;
    use crate::number::TERMINAL;

    #[test]
    fn doses_read_like_sentences() {
        for (what, amount, text) in [
            ("processes it ended", 1.0, "1 process it ended"),
            ("processes it ended", 2.0, "2 processes it ended"),
            ("operations it broke", 12_345.0, "12,345 operations it broke"),
            ("ms stopped", 500.165, "500 ms stopped"),
            ("ms hung", 6900.0, "6.90 s hung"),
            ("ms the clock was off", 3_600_000.0, "3,600 s the clock was off"),
            ("ms throttled", 1.0, "1 ms throttled"),
            ("bytes of stack at most", 1_040_111.0, "1,016 KiB of stack at most"),
            ("bytes through it", 1.0, "1 byte through it"),
            ("bytes through it", 712.0, "712 bytes through it"),
            ("MiB of garbage it made", 218.069, "218 MiB of garbage it made"),
            ("of these recovered", 1.0, "1 of these recovered"),
            ("exports in flight at most just before", 1.0, "1 export in flight at most just before"),
        ] {
            assert_eq!(about(TERMINAL, what, amount), text);
        }
    }

    #[test]
    fn one_of_what_a_kind_counts_is_no_plural() {
        assert_eq!(about(TERMINAL, Kind::Down.dose(), 1.0), "1 operation it broke");
        assert_eq!(about(TERMINAL, "garbage collections", 1.0), "1 garbage collection");
        assert_eq!(
            about(TERMINAL, "requests that waited for a connection", 1.0),
            "1 request that waited for a connection"
        );
    }
}
