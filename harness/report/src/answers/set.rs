//! What should be set so that nothing is lost?

use spanfate_model::advice::MARGIN;
use spanfate_model::advice::settings::Settings;
use spanfate_model::advice::why::{go_lines, shortfalls, variables};
use spanfate_model::result::{RunResult, VariantResult};

use super::{Answer, Setting};
use crate::advised::{Advised, How, advised};
use crate::books::Books;
use crate::number::PAGE;
use crate::sheet::assignment;
use crate::words;

/// Most configurations that advice is given for on the first screen.
const ADVISED: usize = 3;

/// What should I set?
pub(crate) fn set(result: &RunResult) -> Answer {
    let all = advised(result);
    if all.is_empty() {
        return nothing_to_set(result);
    }
    let mut out = Answer::new("", []);
    for one in all.iter().take(ADVISED) {
        match &one.how {
            How::Measured { clean, lines } => put(&mut out, measured(one.loser, clean, lines)),
            How::Law(_) => by_law(one, &mut out),
            How::NoSetting => {}
            How::Unknown => out.sentences.push(format!(
                "{}: nothing is known of its batch processor, so there is no advice; a witness in the process would tell.",
                one.loser.name
            )),
        }
    }
    for text in all.iter().take(ADVISED).flat_map(|one| &one.besides) {
        if out.sentences.iter().all(|said| said != text) {
            out.sentences.push((*text).to_owned());
        }
    }
    let more = all.len().saturating_sub(ADVISED);
    if more > 0 {
        let variants = if more == 1 { "variant loses" } else { "variants lose" };
        out.sentences.push(format!("{} more {variants} spans.", PAGE.count(more as u64)));
    }
    // What was seen comes before what was worked out.
    out.settings.sort_by_key(|setting| !setting.measured);
    let measured = out.settings.iter().filter(|setting| setting.measured).count();
    let short = match (measured, out.settings.len()) {
        (0, 0) if all.iter().any(|one| !one.besides.is_empty()) => "Nothing: change code",
        (0, 0) => "No setting is known to help",
        (0, _) => "Calculated, not run",
        (some, all) if some == all => "This lost nothing",
        (some, all) => &format!("{some} measured, {} calculated", all - some),
    };
    short.clone_into(&mut out.short);
    out
}

/// Adds a setting; what helps several in the same way is said once.
fn put(out: &mut Answer, setting: Setting) {
    let same = |one: &&mut Setting| (&one.lines, &one.known) == (&setting.lines, &setting.known);
    match out.settings.iter_mut().find(same) {
        Some(one) => one.instead_of = format!("{} and {}", one.instead_of, setting.instead_of),
        None => out.settings.push(setting),
    }
}

fn nothing_to_set(result: &RunResult) -> Answer {
    if Books::of_run(result).created == 0 {
        return Answer::new("Nothing", ["There was no span to lose.".to_owned()]);
    }
    let names: Vec<&str> = result.variants.iter().map(|variant| variant.name.as_str()).collect();
    let text = match names.as_slice() {
        [_] => "What is set lost nothing at this load.".to_owned(),
        _ => "No variant lost a span at this load, so the SDK's defaults or whatever is cheapest will do."
            .to_owned(),
    };
    Answer::new("Nothing", [text])
}

fn measured(loser: &VariantResult, clean: &VariantResult, lines: &[String]) -> Setting {
    let (due, lost) = words::due(clean);
    Setting {
        instead_of: loser.name.clone(),
        lines: lines.to_vec(),
        known: format!(
            "Measured here: {} lost {lost} of {} spans under the same conditions.{}",
            clean.name,
            PAGE.count(due),
            price(loser, clean)
        ),
        measured: true,
    }
}

/// What it costs beside the loser.
fn price(loser: &VariantResult, clean: &VariantResult) -> String {
    let p99 = |variant: &VariantResult| variant.summary.response.as_ref().map(|times| times.p99);
    let (Some(was), Some(is)) = (p99(loser), p99(clean)) else { return String::new() };
    let memory = |variant: &VariantResult| PAGE.bytes(variant.summary.fixture_rss as f64);
    format!(
        " Beside it: response p99 {} instead of {}, memory {} instead of {}.",
        PAGE.ms(is),
        PAGE.ms(was),
        memory(clean),
        memory(loser)
    )
}

fn by_law(one: &Advised<'_>, out: &mut Answer) {
    let How::Law(worked) = &one.how else { return };
    let lacks = shortfalls(worked);
    if !lacks.is_empty() {
        out.sentences.extend(lacks.iter().map(|lack| format!("{}: {lack}", one.loser.name)));
        return;
    }
    let settings = worked.advised().0.settings;
    let mut lines: Vec<String> = variables(&settings, &Settings::DEFAULT, &worked.demand)
        .iter()
        .map(|one| assignment(one.name, one.value))
        .collect();
    if settings.retry != Settings::DEFAULT.retry {
        lines.extend(go_lines(&settings, worked.demand.protocol).iter().map(|line| line.replace('\t', "  ")));
    }
    if lines.is_empty() {
        out.sentences.push(format!(
            "{} should lose nothing by the law with the SDK's defaults; what it lost has another cause than rate and round trip.",
            one.loser.name
        ));
        return;
    }
    let margin = (MARGIN - 1.0) * 100.0;
    let setting = Setting {
        instead_of: one.loser.name.clone(),
        lines,
        known: format!(
            "Calculated from rate and export time, with {margin:.0}\u{202f}% to spare; not run here.{} Run it as a variant of its own before you \
             rely on it.",
            if worked.demand.per_span_s.is_none() {
                " It holds if an export takes no longer with a larger batch."
            } else {
                ""
            }
        ),
        measured: false,
    };
    put(out, setting);
}
