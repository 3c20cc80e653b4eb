//! From TOML to a [`Scenario`]. Syntax errors, unknown keys, wrong types, missing keys and semantic errors are all
//! collected: after each the table is mended and looked at again.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use spanfate_model::plan::Plan;
use spanfate_model::scenario::{RESERVED, Scenario};
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use super::mend::MadeUp;
use super::overrides::{self, Override};
use super::{Diagnostic, check, diagnose, doubts, mend, replay, sweep, syntax, table};

/// A scenario that holds.
pub(super) struct Parsed {
    pub(super) scenario: Scenario,
    /// What it comes to.
    pub(super) plan: Plan,
    /// What is valid, and hardly meant so.
    pub(super) warnings: Vec<Diagnostic>,
}

/// Parses and checks a scenario. Files it names are looked for in its folder.
#[cfg(test)]
pub(crate) fn parse(text: &str, folder: &Path) -> Result<(Scenario, Plan), Vec<Diagnostic>> {
    read(text, folder, &[]).map(|parsed| (parsed.scenario, parsed.plan))
}

/// Parses and checks a scenario, with what the command line sets in place of its file. Files it names are looked for in its folder.
pub(super) fn read(text: &str, folder: &Path, overrides: &[Override]) -> Result<Parsed, Vec<Diagnostic>> {
    let padded = overrides::padded(text, overrides);
    let (mut table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What a syntax error cut off or left half read would only look like further mistakes.
        return Err(syntax::mistakes(text, &errors));
    }
    overrides::put_into(table.get_mut(), &padded);
    let mut found = take_reserved(table.get_mut());
    let swept = sweep::expand(table.get_mut());
    let mut made_up = Vec::new();
    let mut typed = loop {
        match Scenario::deserialize(Deserializer::from(table.clone())) {
            Ok(scenario) => break Some(scenario),
            Err(error) => {
                let missing = error.message().starts_with("missing field");
                let diagnostic = diagnose::of_error(&error, table.get_ref());
                let mended = mend_after(&mut table, &error, found.len() + 1, &mut made_up);
                // A wrong value that was taken out leaves its key missing, or its table empty; that is no second mistake.
                let last = found.last();
                let missed = missing && last.is_some_and(|last| last.message.starts_with("unknown"));
                let emptied =
                    error.message().starts_with("wanted") && last.is_some_and(|last| within(last, &error));
                let echo = (missed && !mended) || emptied;
                if !echo {
                    found.push(diagnostic);
                }
                if !mended {
                    break None;
                }
            }
        }
    };
    let swept = swept.map_err(|wrong| found.extend(wrong)).ok();
    let mut plan = None;
    if let (Some(scenario), Some(swept)) = (&mut typed, swept) {
        swept.put_into(scenario);
        scenario.changed = overrides.iter().map(|one| one.line().to_owned()).collect();
        let unread = replay::read(&mut scenario.load, folder);
        let problems = check::check(scenario).map(|checked| plan = Some(checked)).err();
        // A placeholder makes no mistakes.
        let written = |problem: &check::Problem| {
            !mend::is_made_up(table.get_ref(), &table.span(), &problem.path, &made_up)
        };
        let problems = problems.into_iter().flatten().chain(unread).filter(written);
        found.extend(problems.map(|problem| Diagnostic {
            span: table::span_of(table.get_ref(), &problem.path),
            message: problem.message,
            help: problem.help,
        }));
    }
    match (typed, plan) {
        (Some(scenario), Some(plan)) if found.is_empty() => {
            let warnings = doubts::doubts(&scenario, table.get_ref());
            Ok(Parsed { scenario, plan, warnings })
        }
        _ => {
            found.sort_by_key(|diagnostic| diagnostic.span.as_ref().map_or(0, |span| span.start));
            // What a sweep repeats in every cell is one mistake.
            found.dedup();
            Err(found)
        }
    }
}

/// Whether a mistake stands inside of what an error is about.
fn within(inner: &Diagnostic, outer: &toml::de::Error) -> bool {
    let spans = inner.span.as_ref().zip(outer.span());
    spans
        .is_some_and(|(inner, outer)| outer.start <= inner.start && inner.end <= outer.end && *inner != outer)
}

/// Mends what an error is about; whether there is anything left to look at.
fn mend_after(
    table: &mut Spanned<DeTable<'_>>,
    error: &toml::de::Error,
    count: usize,
    made_up: &mut Vec<MadeUp>,
) -> bool {
    let (message, span) = (error.message(), error.span());
    // A value fits where the next error is not one about it.
    let fits = |mended: &Spanned<DeTable<'_>>| {
        let next = Scenario::deserialize(Deserializer::from(mended.clone())).err();
        next.is_none_or(|next| next.span() != span || next.message().starts_with("missing field"))
    };
    if let Some(key) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let mended = mend::insert_missing(table, span.as_ref(), key, count, &fits);
        made_up.extend(mended.then(|| (span.clone().unwrap_or_else(|| table.span()), key.to_owned())));
        return mended;
    }
    let Some(span) = &span else { return false };
    if message.starts_with("unknown field") {
        mend::remove_key(table.get_mut(), span)
    } else {
        mend::replace_value(table, span, count, &fits)
    }
}

/// Takes out the top-level keys that belong to later versions.
fn take_reserved(table: &mut DeTable<'_>) -> Vec<Diagnostic> {
    let present: Vec<(String, Range<usize>)> = table
        .keys()
        .filter(|key| RESERVED.contains(&key.get_ref().as_ref()))
        .map(|key| (key.get_ref().to_string(), key.span()))
        .collect();
    present
        .into_iter()
        .map(|(name, span)| {
            table.remove(name.as_str());
            Diagnostic {
                span: Some(span),
                message: format!("`{name}` is reserved and not available in this version"),
                help: Some("take it out; a later version of Spanfate will understand it".to_owned()),
            }
        })
        .collect()
}
