//! Two stores of spans held against each other, as test results: a test case for each question.

use spanfate_model::finding::diff::DiffResult;
use spanfate_model::verdict::Verdict;

use super::plain;
use super::suite::{self, SuiteCounts};
use crate::figures::diffed;
use crate::markup::Html;
use crate::text::number::TERMINAL;

/// A question, and why it is no pass.
struct DiffCase {
    name: &'static str,
    verdict: Verdict,
    why: String,
    details: Vec<String>,
}

/// The file; ends with a newline.
pub(crate) fn junit(found: &DiffResult) -> String {
    let cases = cases(found);
    let of = |wanted: Verdict| cases.iter().filter(|case| case.verdict == wanted).count();
    let counts =
        SuiteCounts { tests: cases.len(), failures: of(Verdict::Fail), errors: of(Verdict::Inconclusive) };
    let name = plain(&format!("{} and {}", found.left.name, found.right.name));
    let line = Html::literal("\n");
    let inside: Html = cases.iter().map(|case| case.markup(&name).with(&line)).collect();
    suite::file("spanfate diff", &name, &counts, &inside)
}

fn cases(found: &DiffResult) -> Vec<DiffCase> {
    let counts = &found.counts;
    let case = |name, number: u64, whole: bool, what: &str| {
        let verdict = match number {
            0 => Verdict::Pass,
            _ if whole => Verdict::Fail,
            _ => Verdict::Inconclusive,
        };
        let why = if number == 0 {
            String::new()
        } else {
            format!("{} {what}", TERMINAL.counted(number, "span", "spans"))
        };
        let samples = found.samples.iter().filter(|sample| diffed::kind(sample.kind) == name);
        let details = samples
            .map(|one| format!("span {} of trace {} {}", one.span_id, one.trace_id, diffed::says(one)));
        DiffCase { name, verdict, why, details: details.collect() }
    };
    let (left, right) = (found.left.incomplete.is_empty(), found.right.incomplete.is_empty());
    let mut out = vec![
        case("differs", counts.different, true, "with a field that differs"),
        case("only left", counts.only_left, right, "on the left only"),
        case("only right", counts.only_right, left, "on the right only"),
        case("more copies left", counts.copies_left, right, "more on the left"),
        case("more copies right", counts.copies_right, left, "more on the right"),
    ];
    let whole: Vec<String> =
        [&found.left, &found.right].iter().flat_map(|side| side.incomplete.clone()).collect();
    out.push(DiffCase {
        name: "both sides are whole",
        verdict: if whole.is_empty() { Verdict::Pass } else { Verdict::Inconclusive },
        why: whole.join("; "),
        details: Vec::new(),
    });
    let nothing = found.left.spans == 0 && found.right.spans == 0;
    out.push(DiffCase {
        name: "something was compared",
        verdict: if nothing { Verdict::Inconclusive } else { Verdict::Pass },
        why: if nothing { "neither side has a span".to_owned() } else { String::new() },
        details: Vec::new(),
    });
    out
}

impl DiffCase {
    fn markup(&self, class: &str) -> Html {
        let attributes = [("classname", class), ("name", self.name)];
        let tag = match self.verdict {
            Verdict::Pass => return Html::void("testcase", &attributes),
            Verdict::Fail => "failure",
            _ => "error",
        };
        let message = plain(&self.why);
        let details: Html =
            self.details.iter().map(|line| Html::text(plain(line)).with(&Html::literal("\n"))).collect();
        let inside = Html::element(tag, &[("type", "diff"), ("message", &message)], details);
        Html::element("testcase", &attributes, inside)
    }
}
