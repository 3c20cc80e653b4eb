//! Claims that were judged: a table for a terminal, and the page docs/claims.md.

pub(crate) mod page;

use std::collections::BTreeSet;

use comfy_table::{ContentArrangement, Table};
use spanfate_model::finding::claims::register::{ContractTest, RegisteredClaim};
use spanfate_model::finding::claims::{
    ClaimMeasure, ClaimRunBooks, ClaimVerdict, ClaimsRecord, JudgedClaim, MeasuredFor, SdkVerdicts,
};
use spanfate_model::verdict::Verdict;

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::{clean, clip};
use crate::text::number::{NONE, Numbers, TERMINAL};

/// Columns of a claim's sentence.
const SAYS: usize = 64;
/// Columns of what was measured.
const MEASURED: usize = 72;

/// A row per claim, then how many there are of each verdict, then why claims are open. Where several SDKs were asked, the verdict with
/// each of them, and what changes is marked.
pub(crate) fn render(claims: &[RegisteredClaim], record: &ClaimsRecord, style: TableStyle) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let sdks = record.sdks.iter().map(|one| clean(&one.sdk));
    let verdicts: Vec<String> =
        if record.sdks.is_empty() { vec!["verdict".to_owned()] } else { sdks.collect() };
    let head = ["", "section", "it says"].map(str::to_owned);
    table.set_header(head.into_iter().chain(verdicts).chain(["measured".to_owned()]));
    for one in &record.claims {
        let section =
            claims.iter().find(|claim| claim.number == one.number).map_or("", |claim| &claim.section);
        let measured = one.measures.iter().map(|measure| in_short(measure, TERMINAL)).collect::<Vec<_>>();
        let row = [one.number.to_string(), clean(section), clip(&one.says, SAYS)];
        let row = row.into_iter().chain(verdicts_of(one, record));
        table.add_row(row.chain([clip(&measured.join("; "), MEASURED)]));
    }
    for at in 0..table.column_count() {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
        }
    }
    let mut out = table.lines().fold(String::new(), |out, line| out + line.trim_end() + "\n");
    out += &format!("\n{}\n", counts(&record.claims));
    for one in record.claims.iter().filter(|one| one.verdict == ClaimVerdict::Inconclusive) {
        out += &format!("{} is open: {}\n", one.number, clean(one.reason.as_deref().unwrap_or_default()));
    }
    for number in changing(record) {
        out += &format!("{number} changes with the SDK\n");
    }
    finish(&out, style.color)
}

/// The verdict of a claim, or that with each SDK.
fn verdicts_of(one: &JudgedClaim, record: &ClaimsRecord) -> Vec<String> {
    if record.sdks.is_empty() {
        return vec![paint(ink(one.verdict), one.verdict.as_str())];
    }
    let mark = if record.changes(one.number) { " (changes)" } else { "" };
    let of = |sdk: &SdkVerdicts| {
        let verdict = sdk.verdicts.get(&one.number).copied();
        verdict.map_or_else(
            || NONE.to_owned(),
            |verdict| paint(ink(verdict), &format!("{}{mark}", verdict.as_str())),
        )
    };
    record.sdks.iter().map(of).collect()
}

/// The claims whose verdict changes between SDKs.
pub(crate) fn changing(record: &ClaimsRecord) -> Vec<u32> {
    let numbers: BTreeSet<u32> = record.sdks.iter().flat_map(|sdk| sdk.verdicts.keys().copied()).collect();
    numbers.into_iter().filter(|number| record.changes(*number)).collect()
}

/// How the books of all runs stand, in a sentence; nothing where none is known.
pub(crate) fn books(record: &ClaimsRecord, numbers: Numbers) -> Option<String> {
    let sum = |of: fn(&ClaimRunBooks) -> u64| record.runs.iter().map(of).sum::<u64>();
    (!record.runs.is_empty()).then(|| {
        format!(
            "{} of {} created {}; {} of them are unexplained.",
            numbers.counted(record.runs.len() as u64, "run", "runs"),
            numbers.counted(sum(|run| run.trials), "trial", "trials"),
            numbers.counted(sum(|run| run.created), "span", "spans"),
            numbers.count(sum(|run| run.unexplained)),
        )
    })
}

/// How each claim is judged, without running anything.
pub(crate) fn listed(claims: &[RegisteredClaim]) -> String {
    let mut out = String::new();
    for claim in claims {
        out += &format!("{} ({})  {}\n", claim.number, clean(&claim.section), clean(&claim.says));
        for test in &claim.runs {
            let variants =
                test.variants.as_ref().map_or(String::new(), |names| format!(", {}", names.join(" ")));
            out += &clean(&format!("    run {}{variants}: {}", test.scenario, test.that));
            out += &test.because.map_or(String::new(), |cause| format!(", because of {}", cause.as_str()));
            out += premise(test.premise);
            out.push('\n');
        }
        for test in &claim.inspections {
            let (name, of) = (test.name.as_str(), asked(test.of.as_deref()));
            out += &format!("    inspect {name}{of}: {}{}\n", test.that, premise(test.premise));
        }
        for test in &claim.contracts {
            let ContractTest { scenario, file, that, .. } = test;
            out += &clean(&format!("    contract {file} against {scenario}: {that}"));
            out += premise(test.premise);
            out.push('\n');
        }
        if let Some(why) = &claim.not_testable {
            out += &format!("    not testable: {}\n", clean(why));
        }
    }
    out
}

const fn premise(is: bool) -> &'static str {
    if is { ", or it says nothing" } else { "" }
}

/// What an inspection was asked about, as far as it stands in a line.
fn asked(of: Option<&str>) -> String {
    match of {
        None => String::new(),
        Some(program) if program.contains('\n') => " of a program".to_owned(),
        Some(of) => format!(" {}", clean(of)),
    }
}

/// `Of 91 claims: 20 reproduced, 40 refuted.`
pub(crate) fn counts(judged: &[JudgedClaim]) -> String {
    let count = |verdict| judged.iter().filter(|one| one.verdict == verdict).count() as u64;
    let parts: Vec<String> = ClaimVerdict::ALL
        .into_iter()
        .filter(|verdict| count(*verdict) > 0)
        .map(|verdict| format!("{} {}", TERMINAL.count(count(verdict)), verdict.as_str()))
        .collect();
    format!("Of {}: {}.", TERMINAL.counted(judged.len() as u64, "claim", "claims"), parts.join(", "))
}

const fn ink(verdict: ClaimVerdict) -> TermInk {
    match verdict {
        ClaimVerdict::Reproduced => TermInk::Good,
        ClaimVerdict::Refuted => TermInk::Bad,
        ClaimVerdict::Partly | ClaimVerdict::Inconclusive => TermInk::Warn,
        ClaimVerdict::Quantified | ClaimVerdict::NotTestable => TermInk::Soft,
    }
}

/// A figure with its value: `loss.rate 1.2 %`.
fn in_short(measure: &ClaimMeasure, numbers: Numbers) -> String {
    let figure = match &measure.of {
        MeasuredFor::Run { variant, that, .. } if variant.is_empty() => that.figure().to_string(),
        MeasuredFor::Run { variant, that, .. } => format!("{variant} {}", that.figure()),
        MeasuredFor::Inspection(test) => test.that.figure.clone(),
        MeasuredFor::Contract(test) => format!("rules {}", test.that.figure),
    };
    format!("{figure} {}", measured(measure, numbers))
}

/// What was measured: of several trials the middle one, with the least and the most.
pub(crate) fn measured(measure: &ClaimMeasure, numbers: Numbers) -> String {
    let mut values = measure.values.clone();
    values.sort_by(f64::total_cmp);
    let write = |value: f64| value_of(measure, value, numbers);
    match values.as_slice() {
        [] => NONE.to_owned(),
        [only] => write(*only),
        [least, .., most] => {
            let middle = values.get(values.len() / 2).copied().unwrap_or(*most);
            format!("{} ({} to {}, {} trials)", write(middle), write(*least), write(*most), values.len())
        }
    }
}

fn value_of(measure: &ClaimMeasure, value: f64, numbers: Numbers) -> String {
    let whole = |value: f64| {
        if value.fract() == 0.0 { numbers.fixed(value, 0) } else { numbers.short(value) }
    };
    match &measure.of {
        MeasuredFor::Run { that, .. } if that.figure().is_time() => numbers.ms(value / 1e6),
        MeasuredFor::Run { that, .. } if that.figure().is_ratio() => numbers.percent(value),
        _ => whole(value),
    }
}

/// Whether what was measured is as the claim has it, and why not.
pub(crate) fn sign(measure: &ClaimMeasure) -> String {
    let is_premise = measure.of.is_premise();
    let word = match measure.verdict {
        Some(Verdict::Pass) if is_premise => "as it must be for the rest to count",
        Some(Verdict::Fail) if is_premise => "not as it must be for the rest to count",
        Some(Verdict::Pass) => "as claimed",
        Some(Verdict::Fail) => "not as claimed",
        Some(_) => "open",
        None => "shown",
    };
    let why = measure.reason.as_deref().map_or(String::new(), |why| format!(": {why}"));
    format!("{word}{why}")
}

/// What was asked, in the words of the files of claims: where, and what.
pub(crate) fn question(measure: &ClaimMeasure) -> (String, String) {
    match &measure.of {
        MeasuredFor::Run { scenario, variant, that, because, .. } => {
            let cause = because.map_or(String::new(), |cause| format!(" because of {}", cause.as_str()));
            let place = if variant.is_empty() { scenario.clone() } else { format!("{scenario}, {variant}") };
            (place, format!("{that}{cause}"))
        }
        MeasuredFor::Inspection(test) => {
            let place = format!("inspection {}{}", test.name.as_str(), asked(test.of.as_deref()));
            (place, test.that.to_string())
        }
        MeasuredFor::Contract(test) => {
            (format!("{}, contract {}", test.scenario, test.file), format!("rules {}", test.that))
        }
    }
}
