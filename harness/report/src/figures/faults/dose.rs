//! Doses in words. What is counted, its unit, and whether it adds up over trials are the measure's own.

use std::borrow::Cow;

use spanfate_model::fault::measure::{Measure, OverTrials, Unit};
use spanfate_model::term::Term;

use crate::text::labels;
use crate::text::number::Numbers;

/// Whether it is the most of something, which does not add up over trials.
pub(crate) fn is_most(what: &Term<Measure>) -> bool {
    what.known().is_some_and(|measure| measure.over_trials() == OverTrials::Max)
}

/// An amount with its unit, and of what it is.
pub(crate) fn quantity(numbers: Numbers, what: &Term<Measure>, amount: f64) -> (String, Cow<'_, str>) {
    let measure = match what {
        Term::Known(measure) => *measure,
        Term::Foreign(text) => return (count(numbers, amount), Cow::Borrowed(text)),
    };
    let (one, many) = labels::measure(measure);
    match measure.unit() {
        Unit::Ms => {
            let whole = amount.fract() == 0.0 && amount < 1000.0;
            let text = if whole { numbers.whole_ms(amount) } else { numbers.lasting(amount) };
            (text, many)
        }
        Unit::Bytes => (numbers.bytes(amount), many),
        Unit::Mib => (numbers.bytes(amount * 1_048_576.0), many),
        Unit::Count if (amount - 1.0).abs() < f64::EPSILON => (count(numbers, amount), one),
        Unit::Count => (count(numbers, amount), many),
    }
}

fn count(numbers: Numbers, amount: f64) -> String {
    if amount.fract() == 0.0 { numbers.fixed(amount, 0) } else { numbers.short(amount) }
}

/// An amount and of what it is.
pub(crate) fn about(numbers: Numbers, what: &Term<Measure>, amount: f64) -> String {
    let (number, rest) = quantity(numbers, what, amount);
    format!("{number} {rest}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use spanfate_model::fault::FaultKind;

    use super::*;
    use crate::text::number::TERMINAL;

    #[test]
    fn doses_read_like_sentences() {
        for (what, amount, text) in [
            (Measure::ProcessesEnded, 1.0, "1 process it ended"),
            (Measure::ProcessesEnded, 2.0, "2 processes it ended"),
            (Measure::OperationsBroken, 12_345.0, "12,345 operations it broke"),
            (Measure::StoppedMs, 500.165, "500 ms stopped"),
            (Measure::HungMs, 6900.0, "6.90 s hung"),
            (Measure::ClockOffMs, 3_600_000.0, "3,600 s the clock was off"),
            (Measure::ThrottledMs, 1.0, "1 ms throttled"),
            (Measure::StackBytes, 1_040_111.0, "1,016 KiB of stack at most"),
            (Measure::BytesOfEnded, 1.0, "1 byte of connections that ended meanwhile"),
            (Measure::BytesOfEnded, 712.0, "712 bytes of connections that ended meanwhile"),
            (Measure::GarbageMib, 218.069, "218 MiB of garbage it made"),
            (Measure::Recovered, 1.0, "1 of these recovered"),
            (Measure::InFlightBefore, 1.0, "1 export in flight at most just before"),
            (Measure::Collections, 1.0, "1 garbage collection"),
            (Measure::RequestsForConnection, 1.0, "1 request that waited for a connection"),
            (FaultKind::Down.dose(), 1.0, "1 operation it broke"),
        ] {
            assert_eq!(about(TERMINAL, &what.into(), amount), text);
        }
    }

    #[test]
    fn a_dose_that_nobody_here_knows_is_shown_as_it_is() {
        let foreign = Term::read("ms of something new at most");
        assert_eq!(about(TERMINAL, &foreign, 2.0), "2 ms of something new at most");
        assert!(!is_most(&foreign) && is_most(&Measure::StackBytes.into()));
    }
}
