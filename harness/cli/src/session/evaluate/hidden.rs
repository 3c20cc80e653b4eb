//! Hidden faults: a number becomes a scenario with a fault of some kind and size, at some service, at some time. Pure: the same number
//! gives the same text.

mod kinds;

use spanfate_model::cause::NamedCause;
use spanfate_model::finding::evaluation::SeedSet;
use spanfate_model::quantity::id::mix;

pub(super) use kinds::HiddenKind;

/// The warm-up, and all of the load, milliseconds.
const WARMUP_MS: u64 = 500;
const LOAD_MS: u64 = 3_500;
/// Settings of every service whose case sets nothing else: a queue that a second's trouble fills.
const BATCH: u64 = 128;

/// A number that others are drawn from.
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A whole number between two bounds, both among them.
    pub(super) const fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[(self.next() % all.len() as u64) as usize]
    }
}

/// The services of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CaseShape {
    Single,
    Chain,
}

impl CaseShape {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Chain => "chain",
        }
    }

    /// Callers before called.
    pub(super) const fn services(self) -> &'static [&'static str] {
        match self {
            Self::Single => &["http"],
            Self::Chain => &["gateway", "order", "payment"],
        }
    }

    /// Requests per second.
    const fn rate(self) -> u64 {
        match self {
            Self::Single => 300,
            Self::Chain => 150,
        }
    }

    /// Spans per second of each service, about.
    pub(super) const fn spans_per_s(self) -> u64 {
        self.rate() * Self::SPANS
    }

    const SPANS: u64 = 8;
}

/// A fault of a case, and what it should be called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct HiddenFault {
    pub(super) kind: &'static str,
    /// The services at which it can cost spans.
    pub(super) services: Vec<&'static str>,
    /// What it should be called; nothing for one that costs no span.
    pub(super) cause: Option<NamedCause>,
    /// Its number in the scenario; nothing for a setting or a load, which hold all the time.
    pub(super) number: Option<usize>,
}

/// A case, ready to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct HiddenCase {
    pub(super) number: u64,
    pub(super) seed: u64,
    pub(super) shape: CaseShape,
    pub(super) kind: HiddenKind,
    pub(super) faults: Vec<HiddenFault>,
    /// The scenario.
    pub(super) text: String,
}

/// What a scenario is written of.
#[derive(Clone, Default, Debug)]
pub(super) struct CaseParts {
    faults: Vec<HiddenFault>,
    tables: String,
    /// Lines of the load, of the receiver, of all services, and of one service.
    load: String,
    receiver: String,
    exporter: String,
    all: String,
    of_one: Option<(&'static str, String)>,
}

/// The seed of a case. The last bit says of which set it is, so that no seed is of both.
pub(super) const fn seed_of(seed: u64, set: SeedSet, number: u64) -> u64 {
    let drawn = mix(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number));
    // Scenarios take seeds that JSON and TOML keep whole.
    (drawn >> 12 << 1) | matches!(set, SeedSet::Test) as u64
}

/// Those that settings of the exporter can help against, in a word.
const ADVISABLE: &str = "advisable";

/// Kinds of a set by their names; all of it where none is named. An error says what no kind of it is called.
pub(super) fn kinds_of(names: &[String], set: SeedSet) -> Result<Vec<HiddenKind>, String> {
    let of_set =
        || HiddenKind::ALL.into_iter().filter(move |kind| set == SeedSet::Test || !kind.is_held_out());
    let mut out: Vec<HiddenKind> = Vec::new();
    for name in names {
        let before = out.len();
        let is_meant = |kind: &HiddenKind| {
            kind.name() == name.as_str() || (name.as_str() == ADVISABLE && kind.is_advisable())
        };
        out.extend(of_set().filter(is_meant));
        if out.len() == before {
            let all: Vec<&str> = of_set().map(HiddenKind::name).collect();
            return Err(format!(
                "no kind of fault of the {} set is called `{name}`; there are {}, {ADVISABLE}",
                set.as_str(),
                all.join(", ")
            ));
        }
    }
    Ok(if names.is_empty() { of_set().collect() } else { out })
}

/// Makes a case of one of these kinds, of which there is one at least.
pub(super) fn case(seed: u64, set: SeedSet, number: u64, kinds: &[HiddenKind]) -> HiddenCase {
    let seed = seed_of(seed, set, number);
    let mut draw = Draw(seed);
    let kind = draw.one_of(kinds);
    let shape = kind.shape(&mut draw);
    let mut parts = CaseParts::default();
    kind.add(shape, &mut draw, &mut parts);
    // Collections that are there and innocent.
    if kind.takes_company() && draw.between(0, 3) == 0 {
        HiddenKind::Collections.add(shape, &mut draw, &mut parts);
    }
    let text = text(seed, shape, &parts);
    HiddenCase { number, seed, shape, kind, faults: parts.faults, text }
}

fn text(seed: u64, shape: CaseShape, parts: &CaseParts) -> String {
    let CaseParts { load, receiver, exporter, all, tables, .. } = parts;
    let mut out = format!(
        "name = \"hidden\"\ndescription = \"A case of an evaluation.\"\nseed = {seed}\n\n[load]\nrate = \"{}/s\"\nwarmup = \
         \"{WARMUP_MS}ms\"\nlasting = \"{}ms\"\ntimeout = \"5s\"\n{load}\n[receiver]\n{receiver}\n[exporter]\nqueue = 512\nbatch = \
         {BATCH}\ndelay = \"100ms\"\nretry = {{ enabled = true, initial = \"200ms\", max_interval = \"400ms\" }}\n{exporter}",
        shape.rate(),
        LOAD_MS - WARMUP_MS
    );
    let services = shape.services();
    for (place, name) in services.iter().enumerate() {
        let fixture = if place % 2 == 0 { "http" } else { "grpc" };
        out += &format!(
            "\n[[service]]\nname = \"{name}\"\nfixture = \"{fixture}\"\nspans_per_request = {}\n{all}",
            CaseShape::SPANS
        );
        if let Some(called) = services.get(place + 1) {
            out += &format!("calls = [\"{called}\"]\n");
        }
        if let Some((_, lines)) = parts.of_one.as_ref().filter(|(one, _)| one == name) {
            out += lines;
        }
    }
    out + tables
}

impl CaseParts {
    /// A fault with a table of its own; `lines` say its time.
    fn fault(
        &mut self,
        (kind, cause): (&'static str, Option<NamedCause>),
        services: &[&'static str],
        lines: &str,
    ) {
        let number = self.faults.iter().filter(|fault| fault.number.is_some()).count();
        self.tables += &format!("\n[[fault]]\n{lines}\n");
        self.faults.push(HiddenFault { kind, services: services.to_vec(), cause, number: Some(number) });
    }

    /// What holds all the time.
    fn setting(&mut self, (kind, cause): (&'static str, Option<NamedCause>), services: &[&'static str]) {
        self.faults.push(HiddenFault { kind, services: services.to_vec(), cause, number: None });
    }
}

#[cfg(test)]
mod tests;
