//! How numbers are written: grouped, with as many digits as they are worth.

/// What stands for a number that does not exist.
pub(crate) const NONE: &str = "–";

use spanfate_model::quantity::digits::grouped;

/// A way to write numbers.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    /// Between a number and its unit.
    space: char,
}

/// For the terminal.
pub(crate) const TERMINAL: Numbers = Numbers { space: ' ' };
/// For HTML: a narrow no-break space.
pub(crate) const PAGE: Numbers = Numbers { space: '\u{202f}' };

#[expect(clippy::unused_self, reason = "who writes a number says for whom, whether or not it differs today")]
impl Numbers {
    /// A count.
    pub(crate) fn count(self, n: u64) -> String {
        grouped(&n.to_string())
    }

    /// A count with its noun.
    pub(crate) fn counted(self, n: u64, one: &str, many: &str) -> String {
        format!("{} {}", self.count(n), if n == 1 { one } else { many })
    }

    /// A number with that many decimals.
    pub(crate) fn fixed(self, value: f64, decimals: usize) -> String {
        if !value.is_finite() {
            return NONE.to_owned();
        }
        let text = format!("{:.decimals$}", value.abs());
        let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
        let sign = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "−" } else { "" };
        format!("{sign}{}{rest}", grouped(whole))
    }

    /// A number with about three digits, for example milliseconds or events per second.
    pub(crate) fn short(self, value: f64) -> String {
        let decimals = match value.abs() {
            v if v >= 100.0 => 0,
            v if v >= 10.0 => 1,
            v if v >= 1.0 => 2,
            0.0 => 0,
            _ => 3,
        };
        self.fixed(value, decimals)
    }

    /// A number with a prefix of the SI, for where there is little room.
    pub(crate) fn scaled(self, value: f64) -> String {
        const PREFIXES: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
        match PREFIXES.iter().find(|(size, _)| value.abs() >= *size) {
            Some((size, prefix)) => format!("{}{}{prefix}", self.short(value / size), self.space),
            None => self.short(value),
        }
    }

    /// A share as a percentage; a small one keeps two digits, so that "something" never reads as nothing.
    pub(crate) fn percent(self, share: f64) -> String {
        format!("{}{}%", self.points(share), self.space)
    }

    /// A share in whole percent; only nothing reads as 0 and only all as 100.
    pub(crate) fn rough(self, share: f64) -> String {
        let percent = share * 100.0;
        let text = match percent {
            p if p > 0.0 && p < 1.0 => format!("<{}1", self.space),
            p if p > 99.0 && p < 100.0 => format!(">{}99", self.space),
            p => self.fixed(p, 0),
        };
        format!("{text}{}%", self.space)
    }

    /// A share in few characters; what is not nothing never reads as nothing.
    pub(crate) fn brief(self, share: f64) -> String {
        let percent = share * 100.0;
        match percent {
            p if p <= 0.0 => "0".to_owned(),
            p if p < 1.0 => self.percent(share),
            p if p < 9.95 => format!("{}{}%", self.fixed(p, 1), self.space),
            _ => self.rough(share),
        }
    }

    /// A share in percentage points, without the sign.
    pub(crate) fn points(self, share: f64) -> String {
        let percent = share * 100.0;
        match percent.abs() {
            v if v >= 0.1 || v == 0.0 || !v.is_finite() => self.fixed(percent, 2),
            v if v >= 0.01 => self.fixed(percent, 3),
            v if v >= 0.0001 => self.fixed(percent, 5),
            _ => format!("{percent:.1e}"),
        }
    }

    /// Milliseconds with their unit.
    pub(crate) fn ms(self, value: f64) -> String {
        format!("{}{}ms", self.short(value), self.space)
    }

    /// A time of a trial, given in milliseconds, in seconds with their unit.
    pub(crate) fn seconds(self, ms: f64) -> String {
        format!("{}{}s", self.fixed(ms / 1000.0, 2), self.space)
    }

    /// Whole milliseconds with their unit.
    pub(crate) fn whole_ms(self, value: f64) -> String {
        format!("{}{}ms", self.fixed(value, 0), self.space)
    }

    /// A duration, given in milliseconds; a long one in seconds.
    pub(crate) fn lasting(self, ms: f64) -> String {
        if ms >= 1000.0 { format!("{}{}s", self.short(ms / 1000.0), self.space) } else { self.ms(ms) }
    }

    /// Bytes with their unit.
    pub(crate) fn bytes(self, bytes: f64) -> String {
        let (amount, unit) = match bytes {
            b if b >= 1_048_576.0 => (self.short(b / 1_048_576.0), "MiB"),
            b if b >= 1024.0 => (self.short(b / 1024.0), "KiB"),
            b => (self.fixed(b, 0), if (b - 1.0).abs() < f64::EPSILON { "byte" } else { "bytes" }),
        };
        format!("{amount}{}{unit}", self.space)
    }

    /// Bytes as MiB, without the unit.
    pub(crate) fn mib(self, bytes: u64) -> String {
        let mib = bytes as f64 / 1_048_576.0;
        self.fixed(mib, usize::from(mib < 10.0))
    }

    /// Events per second.
    pub(crate) fn rate(self, per_second: f64) -> String {
        format!("{}/s", self.fixed(per_second, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded() {
        assert_eq!(TERMINAL.count(1_234_567), "1,234,567");
        assert_eq!(TERMINAL.count(999), "999");
        assert_eq!(TERMINAL.fixed(-1234.56, 1), "−1,234.6");
        assert_eq!(TERMINAL.fixed(-0.001, 1), "0.0");
        assert_eq!(TERMINAL.short(0.1234), "0.123");
        assert_eq!(TERMINAL.short(f64::NAN), NONE);
        assert_eq!(PAGE.count(45_000), "45,000");
        assert_eq!([98e6, 1500.0, 12.0].map(|n| TERMINAL.scaled(n)), ["98.0 M", "1.50 k", "12.0"]);
    }

    #[test]
    fn a_small_share_never_reads_as_nothing() {
        assert_eq!(TERMINAL.percent(0.3204), "32.04 %");
        assert_eq!(TERMINAL.percent(0.000_12), "0.012 %");
        assert_eq!(TERMINAL.percent(0.000_002), "0.00020 %");
        assert_eq!(TERMINAL.percent(1e-9), "1.0e-7 %");
        assert_eq!(
            [0.0, 0.001, 0.32, 0.9999, 1.0].map(|share| TERMINAL.rough(share)),
            ["0 %", "< 1 %", "32 %", "> 99 %", "100 %"]
        );
        assert_eq!(
            [0.0, 0.000_012, 0.0031, 0.0149, 0.0997, 0.3204, 0.9999].map(|share| TERMINAL.brief(share)),
            ["0", "0.00120 %", "0.31 %", "1.5 %", "10 %", "32 %", "> 99 %"]
        );
    }
}
