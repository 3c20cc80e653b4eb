//! Claims that were judged: a table for a terminal, and the page docs/claims.md.

pub(crate) mod page;

use comfy_table::{ContentArrangement, Table};
use spanfate_model::finding::claims::register::RegisteredClaim;
use spanfate_model::finding::claims::{ClaimMeasure, ClaimVerdict, JudgedClaim, MeasuredFor};
use spanfate_model::verdict::Verdict;

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::{clean, clip};
use crate::text::number::{NONE, Numbers, TERMINAL};

/// Columns of a claim's sentence.
const SAYS: usize = 64;
/// Columns of what was measured.
const MEASURED: usize = 72;

/// A row per claim, then how many there are of each verdict, then why claims are open.
pub(crate) fn render(claims: &[RegisteredClaim], judged: &[JudgedClaim], style: TableStyle) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["", "section", "it says", "verdict", "measured"]);
    for one in judged {
        let section =
            claims.iter().find(|claim| claim.number == one.number).map_or("", |claim| &claim.section);
        let verdict = paint(ink(one.verdict), one.verdict.as_str());
        let measured = one.measures.iter().map(|measure| in_short(measure, TERMINAL)).collect::<Vec<_>>();
        let measured = clip(&measured.join("; "), MEASURED);
        table.add_row([one.number.to_string(), clean(section), clip(&one.says, SAYS), verdict, measured]);
    }
    for at in 0..5 {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
        }
    }
    let mut out = table.lines().fold(String::new(), |out, line| out + line.trim_end() + "\n");
    out += &format!("\n{}\n", counts(judged));
    for one in judged.iter().filter(|one| one.verdict == ClaimVerdict::Inconclusive) {
        out += &format!("{} is open: {}\n", one.number, clean(one.reason.as_deref().unwrap_or_default()));
    }
    finish(&out, style.color)
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
            out.push('\n');
        }
        for test in &claim.inspections {
            out +=
                &format!("    inspect {}{}: {}\n", test.name.as_str(), asked(test.of.as_deref()), test.that);
        }
        if let Some(why) = &claim.not_testable {
            out += &format!("    not testable: {}\n", clean(why));
        }
    }
    out
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
fn counts(judged: &[JudgedClaim]) -> String {
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
    };
    format!("{figure} {}", measured(measure, numbers))
}

/// What was measured: of several trials the middle one, with the least and the most.
fn measured(measure: &ClaimMeasure, numbers: Numbers) -> String {
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

/// Whether what was measured is as the claim has it.
const fn sign(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Pass) => "as claimed",
        Some(Verdict::Fail) => "not as claimed",
        Some(_) => "open",
        None => "shown",
    }
}
