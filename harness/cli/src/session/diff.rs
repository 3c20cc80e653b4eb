//! Two stores of spans, held against each other.

mod lacks;
pub(crate) mod live;
mod served;
mod sides;
mod spool;

use std::path::Path;

use spanfate_diff::{DiffError, DiffTask, SideError, diff};
use spanfate_model::finding::diff::{DiffFormat, DiffResult};
use spanfate_model::quantity::unit::Period;
use spanfate_run::backend::BackEndAccess;
use spanfate_run::store;

use self::sides::{SideHeld, held};
use crate::error::Error;

/// A side as it is asked for.
pub(crate) struct SideAsked {
    pub(crate) place: SidePlace,
    pub(crate) format: Option<DiffFormat>,
}

/// Where a side is.
pub(crate) enum SidePlace {
    /// A run, a file, or `-`.
    Named(String),
    /// A back end that is asked.
    BackEnd(Box<BackEndAccess>),
}

/// Which traces a back end is asked for.
pub(crate) enum TracesAsked {
    /// Those that the other side has, by their ids.
    Ids,
    /// All that began within a time, of some services or of all.
    Search {
        /// The last so long; without it the time that the other side covers.
        last: Option<Period>,
        services: Vec<String>,
    },
}

/// What is asked of a comparison.
pub(crate) struct DiffAsked {
    pub(crate) left: SideAsked,
    pub(crate) right: SideAsked,
    pub(crate) trial: Option<u16>,
    pub(crate) traces: TracesAsked,
    /// Longest time in which all traces of a back end must be there.
    pub(crate) within: Period,
    pub(crate) task: DiffTask,
}

/// What is written of a comparison for readers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiffOutput {
    Junit,
    Markdown,
    Html,
}

/// Reads both sides and compares them; says what takes time.
pub(crate) fn compared(asked: &DiffAsked, tell: &mut dyn FnMut(&str)) -> Result<DiffResult, Error> {
    let sides = held(asked, tell)?;
    let [left, right] = [&asked.left, &asked.right];
    let inputs = (sides[0].input(left, asked.trial)?, sides[1].input(right, asked.trial)?);
    diff(inputs.0, inputs.1, &asked.task).map_err(|wrong| of_side(wrong, &sides))
}

/// Writes it to a file.
pub(crate) fn publish(found: &DiffResult, output: DiffOutput, path: &Path) -> Result<(), Error> {
    let text = match output {
        DiffOutput::Junit => spanfate_report::diff_junit(found),
        DiffOutput::Markdown => spanfate_report::diff_markdown(found),
        DiffOutput::Html => spanfate_report::diff_page(found),
    };
    Ok(store::write_bytes(path, text.as_bytes())?)
}

/// What is wrong with a side, as an error of this program.
fn of_side(wrong: SideError, sides: &[SideHeld]) -> Error {
    let SideError { side, error } = wrong;
    let asked = side.as_ref().and_then(|name| sides.iter().find_map(|side| side.asked_at(name, &error)));
    let name = side.unwrap_or_else(|| "the comparison".to_owned());
    let within = asked.map_or_else(String::new, |asked| format!(" (in the answer to {asked})"));
    match error {
        DiffError::Malformed { .. } | DiffError::TooLong { .. } => {
            Error::Scenario(format!("error: {name}: {error}{within}"))
        }
        DiffError::Unknown(_) | DiffError::Read(_) => Error::Unsuited(told(&name, &error) + &within),
        DiffError::Memory(_) => Error::Refused(format!("{name}: {error}")),
        DiffError::Spill(_) => Error::Diff(error),
    }
}

/// An error with its cause.
fn told(name: &str, error: &DiffError) -> String {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{name}: {error}{cause}")
}
