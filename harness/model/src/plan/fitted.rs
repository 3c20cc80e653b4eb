//! A rate that the machine carries, in place of one that it does not.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::Rate;

/// What the machine carries of a scenario's load, and the rate that follows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Fitted {
    /// Requests per second that the scenario asks for.
    pub asked: Rate,
    /// Requests per second that the machine carries, of the variant of which it carries least.
    pub carries: f64,
    /// That variant.
    pub variant: String,
    /// The share of it that the load may take, 0 to 1.
    pub share: f64,
    /// Requests per second that are sent: what is asked for, or what the share allows, rounded down.
    pub rate: Rate,
}

impl Fitted {
    /// Fits a rate to what the machine carries of each variant; nothing where that of none is known.
    pub fn of(asked: Rate, share: f64, found: &[(String, f64)]) -> Option<Self> {
        let known = found.iter().filter(|(_, carries)| carries.is_finite() && *carries > 0.0);
        let (variant, carries) = known.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let allowed = two_digits(carries * share);
        let rate = if allowed < asked.0 { Rate(allowed) } else { asked };
        Some(Self { asked, carries: two_digits(*carries), variant: variant.clone(), share, rate })
    }

    /// Whether less is sent than was asked for.
    pub fn is_lower(&self) -> bool {
        self.rate.0 < self.asked.0
    }
}

/// Rounds down to two digits that count: no machine carries the same twice to more.
fn two_digits(value: f64) -> f64 {
    let unit = 10_f64.powf(value.max(1e-9).log10().floor() - 1.0);
    let rounded = (value / unit + 1e-9).floor() * unit;
    // What a sum of powers of ten adds behind the point.
    (rounded * 1e6).round() / 1e6
}

impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, carries, variant, share, rate } = self;
        write!(f, "This machine carries {:#} (`{variant}`). ", Rate(*carries))?;
        let share = share * 100.0;
        if self.is_lower() {
            write!(
                f,
                "The scenario asks for {asked:#}; the load was fitted to {rate:#}, at most {share:.0} % of it."
            )
        } else {
            write!(f, "The {asked:#} that the scenario asks for are at most {share:.0} % of it.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(asked: f64, carries: &[f64]) -> Option<Fitted> {
        let found: Vec<(String, f64)> =
            carries.iter().zip(["a", "b", "c"]).map(|(carries, name)| (name.to_owned(), *carries)).collect();
        Fitted::of(Rate(asked), 0.8, &found)
    }

    #[test]
    fn a_rate_that_the_machine_does_not_carry_is_lowered_and_no_other() {
        let slow = fit(5000.0, &[9000.0, 3871.0, f64::INFINITY]).unwrap();
        assert_eq!((slow.carries, slow.rate, slow.variant.as_str()), (3800.0, Rate(3000.0), "b"));
        assert_eq!(
            slow.to_string(),
            "This machine carries 3,800/s (`b`). The scenario asks for 5,000/s; the load was fitted to 3,000/s, \
             at most 80 % of it."
        );
        let fast = fit(5000.0, &[12_345.0]).unwrap();
        assert_eq!((fast.carries, fast.rate, fast.is_lower()), (12_000.0, Rate(5000.0), false));
        let says = "This machine carries 12,000/s (`a`). The 5,000/s that the scenario asks for are at most 80 % of it.";
        assert_eq!(fast.to_string(), says);
        assert!(fit(5000.0, &[]).is_none() && fit(5000.0, &[0.0, f64::NAN]).is_none());
    }

    #[test]
    fn small_rates_keep_their_digits() {
        assert_eq!(fit(5.0, &[3.99]).unwrap().rate, Rate(3.1));
        assert_eq!(fit(100.0, &[100.0]).unwrap().rate, Rate(80.0));
    }
}
