//! Two stores of spans, held against each other span by span: what `spanfate diff` does. A crate of its own, because it is compiled
//! for speed where the binary is compiled fast.
//!
//! Both sides are read as streams into records of one form, in parts by trace; what does not fit into memory goes to a temporary file.
//! Part by part the records are brought together by key and compared. What the two formats do not both carry is not compared, what
//! they write differently is normalised by rules, and the result says both.

mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod intake;
mod join;
mod keys;
mod live;
mod outcome;
mod rules;
mod span;
mod whole;

use spanfate_model::finding::diff::{DiffResult, DiffRule, DiffSide, LeftOut};

pub use crate::error::{DiffError, InputPosition};
use crate::intake::{Intake, OpenedSource, SpanTaker};
pub use crate::intake::{SideFile, SideInput, SideSource};
use crate::join::{Comparer, DiffBooks, SpanStore, join};
pub use crate::keys::{SideKeys, side_keys};
pub use crate::live::{LiveDiff, LiveMessage, LiveSide, LiveStands};
use crate::outcome::SidesRead;
use crate::rules::{DiffTerms, FieldSet, RuleSet};
use crate::span::origins::Origins;
pub use crate::whole::{WholeRead, whole_spans};

/// Bytes of memory where nothing else is said.
pub const USUAL_MEMORY: usize = 512 << 20;
/// The fewest bytes of memory that are enough.
pub const LEAST_MEMORY: usize = 16 << 20;

/// What is asked of a comparison.
#[derive(Clone, Debug)]
pub struct DiffTask {
    /// Rules that are not to be applied.
    pub strict: Vec<DiffRule>,
    /// Bytes that spans may take in memory; more goes to a temporary file. One span or value of the input comes on top, as does the
    /// window of a compressed one.
    pub memory: usize,
    /// Examples of each sort of difference.
    pub samples: usize,
    /// Traces that are drawn.
    pub pictures: usize,
}

impl<'a> SideInput<'a> {
    /// A side of one source.
    pub fn of(name: &str, from: Box<dyn std::io::Read + 'a>) -> Self {
        let source = SideSource { name: name.to_owned(), from, again: None, format: None };
        Self { name: name.to_owned(), sources: vec![source], incomplete: Vec::new() }
    }
}

impl Default for DiffTask {
    fn default() -> Self {
        Self { strict: Vec::new(), memory: USUAL_MEMORY, samples: 10, pictures: 3 }
    }
}

/// An error, and the side that it is of, by name; none where it is of neither.
#[derive(Debug)]
pub struct SideError {
    /// The name of the side.
    pub side: Option<String>,
    /// What is wrong.
    pub error: DiffError,
}

/// Reads both sides and holds them against each other.
pub fn diff(left: SideInput<'_>, right: SideInput<'_>, task: &DiffTask) -> Result<DiffResult, SideError> {
    let memory = task.memory.max(LEAST_MEMORY);
    let (left, mut left_side) = open(left)?;
    let (right, mut right_side) = open(right)?;
    let rules = RuleSet::ALL.without(&task.strict);
    let formats =
        |side: &[OpenedSource<'_>]| side.iter().filter_map(|source| source.format).collect::<Vec<_>>();
    let terms = DiffTerms::new(rules, &formats(&left), &formats(&right));
    let mut origins = Origins::new(memory / 8);
    let most = memory / 6;
    let mut stores = [SpanStore::new(most, 0), SpanStore::new(most, 0)];
    let [left_store, right_store] = &mut stores;
    let kept = (terms.rules, terms.fields);
    let left_counts = read(left, &mut left_side, kept, &mut origins, left_store)?;
    let right_counts = read(right, &mut right_side, kept, &mut origins, right_store)?;
    let mut comparer = Comparer::new(terms);
    let mut books = DiffBooks::new(task.samples, task.pictures, memory / 2048);
    let joined = join(left_store, right_store, &origins, memory / 4, &mut comparer, &mut books);
    joined.map_err(|error| SideError { side: None, error })?;
    books.spilled += left_store.spilled() + right_store.spilled();
    let read = SidesRead { left: left_side, right: right_side, left_counts, right_counts };
    Ok(outcome::result(read, &terms, &task.strict, books, &origins))
}

fn open(input: SideInput<'_>) -> Result<(Vec<OpenedSource<'_>>, DiffSide), SideError> {
    let SideInput { name, sources, incomplete } = input;
    let mut opened = Vec::new();
    for source in sources {
        let name = source.name.clone();
        let source = OpenedSource::open(source);
        opened.push(source.map_err(|error| SideError { side: Some(name), error })?);
    }
    let first = opened.iter().find(|source| source.format.is_some());
    let format = first.and_then(|source| source.format);
    let coding = first.map_or("", |source| source.coding).to_owned();
    Ok((opened, DiffSide { name, format, coding, incomplete, ..DiffSide::default() }))
}

fn read(
    sources: Vec<OpenedSource<'_>>,
    side: &mut DiffSide,
    (rules, fields): (RuleSet, FieldSet),
    origins: &mut Origins,
    to: &mut dyn SpanTaker,
) -> Result<rules::RuleCounts, SideError> {
    let mut intake = Intake::new(rules, fields, origins, to);
    for source in sources {
        let name = source.name.clone();
        side.bytes += source.read(&mut intake).map_err(|error| SideError { side: Some(name), error })?;
    }
    side.spans = intake.spans;
    side.incomplete.append(&mut intake.incomplete);
    let left_out = [
        (intake.refused, "the receiver did not accept them"),
        (intake.not_arrived, "they never arrived at the receiver"),
    ];
    side.left_out = left_out
        .into_iter()
        .filter(|(spans, _)| *spans > 0)
        .map(|(spans, why)| LeftOut { spans, why })
        .collect();
    Ok(intake.counts())
}
