//! `spanfate explain`: what every witness says of one span, and what decided its fate.

use std::collections::BTreeSet;
use std::path::Path;

use spanfate_analysis::{WantedSpans, explain, ids_beginning_with};
use spanfate_model::books::explain::Explanation;
use spanfate_model::fate::Fate;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::quantity::id::{SpanId, TraceId};
use spanfate_model::scenario::figure::nearest;
use spanfate_model::verdict::ExitCode;
use spanfate_report::{TableStyle, explained};

use crate::args::ExplainArguments;
use crate::error::Error;
use crate::session::runs::{self, Held};
use crate::show;

/// Fewest digits of an id that are taken for its beginning.
const FEWEST: usize = 4;
/// Ids that are listed where a beginning has several.
const LISTED: usize = 5;

/// What is asked for.
enum Asked {
    /// An id, or its beginning.
    Id(String),
    /// A name of fates, and these.
    Fates(String, Vec<Fate>),
}

/// Explains spans of a run.
pub(super) fn run(arguments: &ExplainArguments, color: bool) -> Result<ExitCode, Error> {
    let (asked, run) = understand(arguments)?;
    let dir = if let Some(run) = run {
        runs::find(Path::new(run))?
    } else {
        let newest = runs::newest()?;
        show::note(&format!("of the newest run, {}", newest.0.display()));
        newest
    };
    let held = runs::hold(dir)?;
    let plan = held.plan()?;
    let run = Run { trials: held.begun(&plan, None)?, held, plan };
    let found = match &asked {
        Asked::Id(digits) => run.of_id(digits)?,
        Asked::Fates(name, fates) => run.of_fates(name, fates, usize::from(arguments.count))?,
    };
    if arguments.json {
        show::data(&show::pretty(&found)?)?;
    } else {
        show::data(&explained(&found, TableStyle { color, width: None }))?;
    }
    Ok(ExitCode::Pass)
}

/// Tells ids, fates and runs apart.
fn understand(arguments: &ExplainArguments) -> Result<(Asked, Option<&str>), Error> {
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    match (&arguments.sample, words.as_slice()) {
        (Some(name), [] | [_]) => Ok((Asked::Fates(name.clone(), fates(name)?), words.first().copied())),
        (Some(_), [id, ..]) => {
            Err(Error::Refused(format!("`{id}` and --sample ask for different spans; give one of them")))
        }
        (None, []) => Err(Error::Refused(
            "say which span: its id, the id of its trace, or --sample FATE; `spanfate export RUN --csv` lists all ids"
                .to_owned(),
        )),
        (None, [id, rest @ ..]) => {
            let digits = id.to_ascii_lowercase();
            let is_id = (FEWEST..=32).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_hexdigit());
            let why = || {
                Error::Refused(format!(
                    "`{id}` is no id of a span or a trace: give {FEWEST} to 32 hex digits, or --sample FATE"
                ))
            };
            is_id.then(|| (Asked::Id(digits), rest.first().copied())).ok_or_else(why)
        }
    }
}

/// The fates of a name, which may stand for several.
fn fates(name: &str) -> Result<Vec<Fate>, Error> {
    let group: Vec<Fate> = Fate::all().into_iter().filter(|fate| fate.is_in(name)).collect();
    if !group.is_empty() {
        return Ok(group);
    }
    if let Some(fate) = Fate::by_name(name) {
        return Ok(vec![fate]);
    }
    let all: Vec<String> = Fate::all().iter().map(ToString::to_string).collect();
    let known = all.iter().map(String::as_str).chain(Fate::groups());
    let hint = nearest(name, known)
        .map_or_else(|| format!("known: {}", all.join(", ")), |near| format!("did you mean `{near}`?"));
    Err(Error::Refused(format!("unknown fate `{name}`; {hint}")))
}

struct Run {
    held: Held,
    plan: Plan,
    trials: Vec<PlannedTrial>,
}

impl Run {
    /// The first spans of some fates, trial by trial.
    fn of_fates(&self, name: &str, fates: &[Fate], most: usize) -> Result<Vec<Explanation>, Error> {
        let mut out = Vec::new();
        for trial in &self.trials {
            let wanted = WantedSpans::Fates(fates.to_vec(), most - out.len());
            out.extend(explain(&self.plan, trial, &self.held.logs(trial)?, &wanted));
            if out.len() >= most {
                break;
            }
        }
        if out.is_empty() {
            return Err(Error::NothingSelected(format!(
                "no span of {} is known by its id and has the fate `{name}`; `spanfate export {} --csv` lists all with theirs",
                self.held.dir.id(),
                self.held.dir.0.display()
            )));
        }
        Ok(out)
    }

    /// The span or the trace with an id, or with a beginning that only one has.
    fn of_id(&self, digits: &str) -> Result<Vec<Explanation>, Error> {
        let (mut spans, mut traces) = (BTreeSet::<SpanId>::new(), BTreeSet::<TraceId>::new());
        let mut within = Vec::new();
        for trial in &self.trials {
            let ids = ids_beginning_with(&self.held.logs(trial)?, digits, LISTED);
            if !ids.spans.is_empty() || !ids.traces.is_empty() {
                within.push(trial);
                spans.extend(ids.spans);
                traces.extend(ids.traces);
            }
        }
        // A whole id of a span is no beginning of a trace's.
        if digits.len() == 16 && !spans.is_empty() {
            traces.clear();
        }
        let wanted = match (spans.first(), traces.first()) {
            (Some(span), None) if spans.len() == 1 => WantedSpans::Span(*span),
            (None, Some(trace)) if traces.len() == 1 => WantedSpans::Trace(*trace),
            (None, None) => return Err(self.unknown(digits, "no span and no trace begins with it")),
            _ => return Err(ambiguous(digits, &spans, &traces)),
        };
        let mut out = Vec::new();
        for trial in within {
            out.extend(explain(&self.plan, trial, &self.held.logs(trial)?, &wanted));
        }
        if out.is_empty() {
            return Err(self.unknown(digits, "it appeared, but nobody's books have it"));
        }
        Ok(out)
    }

    fn unknown(&self, digits: &str, why: &str) -> Error {
        Error::NothingSelected(format!(
            "{digits} in {}: {why}; `spanfate export {} --csv` lists the ids of all spans",
            self.held.dir.id(),
            self.held.dir.0.display()
        ))
    }
}

fn ambiguous(digits: &str, spans: &BTreeSet<SpanId>, traces: &BTreeSet<TraceId>) -> Error {
    let spans = spans.iter().map(|id| format!("span {id}"));
    let all: Vec<String> = spans.chain(traces.iter().map(|id| format!("trace {id}"))).take(LISTED).collect();
    Error::Refused(format!("several ids begin with {digits}: {} …; give more digits", all.join(", ")))
}
