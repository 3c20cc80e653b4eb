//! What a fault of a service may ask for. This is the only place that says so: a scenario is checked by it, and so is a plan before
//! its fixture is started; the fixture itself takes what it is given.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{ClockStep, FaultKind, Gc, Oom};
use crate::quantity::unit::{ByteSize, Period};

/// Live heap that a fault may hold, and memory that a request may take.
pub const MOST_HELD: ByteSize = ByteSize(8 << 30);
/// Garbage that a fault may ask for per second; where the machine makes less, the dose says how much.
const MOST_GARBAGE: ByteSize = ByteSize(64 << 30);
/// Size of an object of garbage.
const MOST_OBJECT: ByteSize = ByteSize(64 << 20);
/// Least memory limit. There is no largest: a limit that is never reached does nothing, on a machine of any size.
const LEAST_LIMIT: ByteSize = ByteSize(1 << 20);
/// GOGC. Go takes any number, and takes those below zero for off; beyond 100,000 % the first collection comes after 4 GB of
/// garbage, so that it is off in all but name: such a number is more likely a slip than a wish.
const GOGC: RangeInclusive<i32> = -1..=100_000;
/// Depth of a call stack; Go ends a process whose stack exceeds 1 GB.
const DEPTH: RangeInclusive<u32> = 10..=1_000_000;
/// Longest time of a fault's own.
pub const LONGEST: Period = Period::millis(3_600_000);
/// Furthest step of a clock: a leap year.
const FURTHEST_STEP: Period = Period::millis(366 * 24 * 3_600_000);
/// Most CPU time per exported span.
const MOST_PER_SPAN: Period = Period::millis(1_000);
const NONE: Period = Period::millis(0);
const MICROSECOND: Period = Period(Duration::from_micros(1));
const MILLISECOND: Period = Period::millis(1);

/// Something that a kind of fault cannot be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Excess {
    /// The key of the kind that is wrong; absent: the kind as a whole.
    pub key: Option<&'static str>,
    /// What is wrong with it.
    pub message: String,
    /// What to do; may be empty.
    pub help: &'static str,
}

impl Excess {
    fn of(key: &'static str, message: impl Into<String>, help: &'static str) -> Self {
        Self { key: Some(key), message: message.into(), help }
    }
}

impl FaultKind {
    /// What a kind that acts in a fixture asks for and cannot have; nothing for those that act elsewhere.
    pub fn excesses(&self) -> Vec<Excess> {
        let mut out = Vec::new();
        match self {
            Self::Gc(gc) => collector(&mut out, gc),
            Self::Oom(oom) => grow(&mut out, oom),
            Self::Deep(deep) if !DEPTH.contains(&deep.depth) => {
                let (least, most) = (DEPTH.start(), DEPTH.end());
                let message = format!("a depth of {} is not between {least} and {most}", deep.depth);
                out.push(Excess::of("depth", message, "Go ends a process whose stack exceeds 1 GB"));
            }
            Self::SpanError(error) => {
                let after = error.after.map(|after| time("after", after, NONE..=LONGEST, ""));
                out.extend(after.into_iter().flatten());
            }
            Self::LruLocked(lru) => {
                let help = "hold it at least 1ms, and leave it free between";
                out.extend(time("hold", lru.hold, MILLISECOND..=LONGEST, help));
                out.extend(time("every", lru.every, MILLISECOND..=LONGEST, help));
                if out.is_empty() && lru.every <= lru.hold {
                    out.push(Excess::of("every", "the lock would never be free", help));
                }
            }
            Self::SlowSerialisation(slow) => {
                out.extend(time("per_span", slow.per_span, MICROSECOND..=MOST_PER_SPAN, ""));
            }
            Self::ClockStep(ClockStep { by, .. }) => {
                out.extend(time("by", *by, MILLISECOND..=FURTHEST_STEP, "a step of 0 is none"));
            }
            Self::Hang(hang) => out.extend(time("lasting", hang.lasting, MILLISECOND..=LONGEST, "")),
            _ => {}
        }
        out
    }
}

fn collector(out: &mut Vec<Excess>, gc: &Gc) {
    if *gc == Gc::default() || (gc.object.is_some() && gc.allocate.is_none()) {
        out.push(Excess {
            key: None,
            message: "this puts no pressure on the collector".to_owned(),
            help: "set one of allocate, live, gogc, memory_limit, force_every; `object` goes with `allocate`",
        });
    }
    let one = ByteSize(1);
    let sizes = [
        ("allocate", gc.allocate, one, MOST_GARBAGE),
        ("object", gc.object, one, MOST_OBJECT),
        ("live", gc.live, one, MOST_HELD),
    ];
    for (key, size, least, most) in sizes {
        if size.is_some_and(|size| !(least..=most).contains(&size)) {
            out.push(Excess::of(key, format!("`{key}` must be {least} to {most}"), ""));
        }
    }
    if gc.memory_limit.is_some_and(|limit| limit < LEAST_LIMIT) {
        out.push(Excess::of("memory_limit", format!("`memory_limit` must be at least {LEAST_LIMIT}"), ""));
    }
    if let Some(gogc) = gc.gogc.filter(|gogc| !GOGC.contains(gogc)) {
        let message = format!("a GOGC of {gogc} is not between {} and {}", GOGC.start(), GOGC.end());
        out.push(Excess::of("gogc", message, "GOGC is a percentage, or -1 for off"));
    }
    let forced = gc.force_every.map(|every| time("force_every", every, MILLISECOND..=LONGEST, ""));
    out.extend(forced.into_iter().flatten());
}

fn grow(out: &mut Vec<Excess>, oom: &Oom) {
    if oom.grow.0 < oom.limit.0.saturating_mul(2) {
        let help = "let it grow to at least twice the limit, or it may just fit";
        out.push(Excess::of("grow", "`grow` is less than twice `limit`", help));
    } else if oom.grow > MOST_HELD {
        let help = "use a smaller `limit`: what matters is that it is exceeded";
        out.push(Excess::of("grow", format!("`grow` must be at most {MOST_HELD}"), help));
    }
}

/// A time that a fixture takes in whole milliseconds, or in microseconds where so little is allowed.
fn time(
    key: &'static str,
    value: Period,
    range: RangeInclusive<Period>,
    help: &'static str,
) -> Option<Excess> {
    let (least, most) = (*range.start(), *range.end());
    if !range.contains(&value) {
        let from = if least == NONE { "at most".to_owned() } else { format!("{least} to") };
        return Some(Excess::of(key, format!("`{key}` is {value}; it must be {from} {most}"), help));
    }
    let (unit, name, help) = match least {
        MICROSECOND => (MICROSECOND, "us", "write it in `us`"),
        _ => (MILLISECOND, "ms", "write it in `ms`"),
    };
    let whole = value.nanos().is_multiple_of(unit.nanos());
    (!whole).then(|| Excess::of(key, format!("`{key}` is {value}; it takes whole {name}"), help))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fault::Hang;

    fn wrong(kind: &str) -> Vec<(Option<&'static str>, String)> {
        let kind: FaultKind = serde_json::from_str(kind).unwrap();
        kind.excesses().into_iter().map(|excess| (excess.key, excess.message)).collect()
    }

    #[test]
    fn every_bound_is_kept_at_both_ends() {
        for (good, bad, key) in [
            (r#"{"gc":{"gogc":100000}}"#, r#"{"gc":{"gogc":200000}}"#, "gogc"),
            (r#"{"gc":{"gogc":-1}}"#, r#"{"gc":{"gogc":-2}}"#, "gogc"),
            (r#"{"gc":{"gogc":0}}"#, r#"{"gc":{"gogc":100001}}"#, "gogc"),
            (r#"{"gc":{"allocate":"64GiB"}}"#, r#"{"gc":{"allocate":"65GiB"}}"#, "allocate"),
            (r#"{"gc":{"allocate":"1B"}}"#, r#"{"gc":{"allocate":"0B"}}"#, "allocate"),
            (r#"{"gc":{"live":"8GiB"}}"#, r#"{"gc":{"live":"9GiB"}}"#, "live"),
            (
                r#"{"gc":{"allocate":"1B","object":"64MiB"}}"#,
                r#"{"gc":{"allocate":"1B","object":"65MiB"}}"#,
                "object",
            ),
            (r#"{"gc":{"memory_limit":"64GiB"}}"#, r#"{"gc":{"memory_limit":"1023KiB"}}"#, "memory_limit"),
            (r#"{"gc":{"force_every":"1ms"}}"#, r#"{"gc":{"force_every":"1500us"}}"#, "force_every"),
            (r#"{"gc":{"force_every":"1h"}}"#, r#"{"gc":{"force_every":"2h"}}"#, "force_every"),
            (
                r#"{"oom":{"limit":"4GiB","grow":"8GiB"}}"#,
                r#"{"oom":{"limit":"4GiB","grow":"9GiB"}}"#,
                "grow",
            ),
            (r#"{"deep":{"depth":10,"one_in":1}}"#, r#"{"deep":{"depth":9,"one_in":1}}"#, "depth"),
            (r#"{"deep":{"depth":1000000,"one_in":1}}"#, r#"{"deep":{"depth":1000001,"one_in":1}}"#, "depth"),
            (
                r#"{"span_error":{"what":"handed_over","one_in":1,"after":"0s"}}"#,
                r#"{"span_error":{"what":"handed_over","one_in":1,"after":"61min"}}"#,
                "after",
            ),
            (
                r#"{"lru_locked":{"hold":"1ms","every":"2ms"}}"#,
                r#"{"lru_locked":{"hold":"2ms","every":"2ms"}}"#,
                "every",
            ),
            (
                r#"{"lru_locked":{"hold":"1ms","every":"1h"}}"#,
                r#"{"lru_locked":{"hold":"0s","every":"1h"}}"#,
                "hold",
            ),
            (
                r#"{"slow_serialisation":{"per_span":"1us"}}"#,
                r#"{"slow_serialisation":{"per_span":"999ns"}}"#,
                "per_span",
            ),
            (
                r#"{"slow_serialisation":{"per_span":"1s"}}"#,
                r#"{"slow_serialisation":{"per_span":"1001ms"}}"#,
                "per_span",
            ),
            (r#"{"clock_step":{"by":"8784h"}}"#, r#"{"clock_step":{"by":"8785h"}}"#, "by"),
            (r#"{"clock_step":{"by":"1ms","back":true}}"#, r#"{"clock_step":{"by":"0s"}}"#, "by"),
            (
                r#"{"hang":{"lasting":"1h","one_in":1}}"#,
                r#"{"hang":{"lasting":"3601s","one_in":1}}"#,
                "lasting",
            ),
        ] {
            assert_eq!(wrong(good), [], "{good}");
            let found = wrong(bad);
            assert_eq!(found.len(), 1, "{bad}: {found:?}");
            assert_eq!(found[0].0, Some(key), "{bad}: {found:?}");
        }
        assert_eq!(wrong(r#"{"gc":{}}"#)[0].0, None);
        assert_eq!(wrong(r#"{"gc":{"object":"1KiB"}}"#)[0].0, None);
        assert_eq!(wrong(r#"{"kill":{}}"#), []);
    }

    proptest! {
        #[test]
        fn a_time_is_taken_if_and_only_if_the_fixture_gets_it_exactly(ns in 0..2 * LONGEST.nanos()) {
            let lasting = Period(Duration::from_nanos(ns));
            let kind = FaultKind::Hang(Hang { lasting, one_in: std::num::NonZeroU32::MIN });
            let exact = ns >= 1_000_000 && ns <= LONGEST.nanos() && ns % 1_000_000 == 0;
            prop_assert_eq!(kind.excesses().is_empty(), exact);
        }
    }
}
