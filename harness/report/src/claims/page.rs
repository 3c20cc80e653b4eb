//! The page docs/claims.md, made of the files of claims and of what was published of them.

use spanfate_model::finding::claims::register::{ClaimsFile, RegisteredClaim};
use spanfate_model::finding::claims::{ClaimMeasure, ClaimsRecord, JudgedClaim, MeasuredFor};

use super::{asked, counts, measured, sign};
use crate::text::number::TERMINAL;

/// What the page says before its tables.
const HEAD: &str = "# The claims of an article, measured

This page is made by the program from the files in [claims/](../claims/) and from [claims/record.json](../claims/record.json), which
keeps what the last published run measured:

```
spanfate claims --list                # how each claim is judged
spanfate claims --section 2.4         # judges those of a section
spanfate claims --publish             # judges all, and writes the record and this page
spanfate claims --page > docs/claims.md
spanfate claims --file mine.toml      # judges a list of your own
```

An article in Chinese on traces that Go services lose at 100 % sampling says what follows. A verdict follows from data alone:
*reproduced*: all was measured that must be if the claim is right; *refuted*: nothing of it was; *partly*: some of it was;
*quantified*: the article gives a figure without its set-up, and ours stands here; *inconclusive*: something could not be measured;
*not testable*: nothing that could be measured would speak for it or against it. A loss for another reason than the claimed one does
not reproduce a claim that names one. A run is one trial of each variant unless more are told; then the middle one stands here with
the least and the most.
";

/// What the article has its readers type, the claims that it rests on, and the command that answers the question today.
const STEPS: [(&str, &[u32], &str); 8] = [
    (
        "curl http://localhost:8888/metrics, for otel_otlp_exporter_queue_size",
        &[13, 14],
        "spanfate peek --pid N",
    ),
    ("ab -n 10000 -c 200", &[15], "spanfate scenario qps5k"),
    ("bpftrace with tracepoint:jvm:gc_begin and a kprobe", &[41, 44], "spanfate scenario gc"),
    (
        "gdb with breakpoints on span.End and ExportSpans",
        &[38],
        "spanfate explain --sample dropped_queue_full",
    ),
    ("fentry on a binary built with -s -w and -l", &[50, 51, 52], "spanfate scenario probes/builds"),
    ("tcpdump -i lo as the truth to compare with", &[68], "spanfate receive"),
    ("bpftool perf event, bpftool prog tracelog pin", &[64, 65], "spanfate scenario probes/small-buffers"),
    ("a switch that samples by status_code", &[84, 85], "spanfate scenario collector-tail-sampling"),
];

/// The page.
pub(crate) fn render(files: &[ClaimsFile], record: &ClaimsRecord) -> String {
    let mut out = format!("{HEAD}\nMeasured on {}. {}\n", record.machine, counts(&record.claims));
    let claims: Vec<&RegisteredClaim> = files.iter().flat_map(|file| &file.claims).collect();
    out += "\n## All at a glance\n\n| | section | it says | verdict |\n|---|---|---|---|\n";
    for claim in &claims {
        let verdict = record.claim(claim.number).map_or("not judged yet", |judged| judged.verdict.as_str());
        out += &format!("| {} | {} | {} | {verdict} |\n", claim.number, claim.section, cell(&claim.says));
    }
    out += &steps(record);
    let mut section = "";
    for claim in claims {
        if claim.section != section {
            section = &claim.section;
            out += &format!("\n## Section {section}\n");
        }
        out += &block(claim, record.claim(claim.number));
    }
    out
}

fn steps(record: &ClaimsRecord) -> String {
    let mut out =
        "\n## What the article has its readers type\n\n| step | the claims behind it | what answers the question |\n|---|---|---|\n"
            .to_owned();
    for (step, claims, command) in STEPS {
        let verdict = |number: &u32| {
            let verdict = record.claim(*number).map_or("not judged yet", |judged| judged.verdict.as_str());
            format!("{number} is {verdict}")
        };
        let verdicts: Vec<String> = claims.iter().map(verdict).collect();
        out += &format!("| {step} | {} | `{command}` |\n", verdicts.join(", "));
    }
    out
}

fn block(claim: &RegisteredClaim, judged: Option<&JudgedClaim>) -> String {
    let verdict = judged.map_or("not judged yet", |judged| judged.verdict.as_str());
    let mut out = format!("\n**{}. {}** *{verdict}.*\n", claim.number, claim.says);
    if let Some(original) = &claim.original {
        out += &format!("The article: `{original} …`.");
    }
    if let Some(figure) = &claim.figure {
        out += &format!(" Its figure: {figure}.");
    }
    if let Some(why) = &claim.not_testable {
        out += &format!(" Not testable: {why}.");
    }
    if let Some(nearest) = &claim.nearest {
        out += &format!(" The nearest question: {nearest}");
    }
    if let Some(refuted) = &claim.refuted_if {
        out += &format!(" Refuted if {refuted}.");
    }
    if let Some(why) = &claim.why {
        out += &format!(" {why}");
    }
    out.push('\n');
    let measures = judged.map(|judged| judged.measures.as_slice()).unwrap_or_default();
    if !measures.is_empty() {
        out += "\n| measured | ours | |\n|---|---|---|\n";
        out.extend(measures.iter().map(row));
        out += &format!("\n`spanfate claims --claim {}`\n", claim.number);
    }
    out
}

fn row(measure: &ClaimMeasure) -> String {
    let what = match &measure.of {
        MeasuredFor::Run { scenario, variant, that } => format!("`{scenario}`, {variant}: `{that}`"),
        MeasuredFor::Inspection(test) => {
            format!("inspection `{}{}`: `{}`", test.name.as_str(), asked(test.of.as_deref()), test.that)
        }
    };
    let mut word = sign(measure.verdict).to_owned();
    if let Some(reason) = &measure.reason {
        word += &format!(": {reason}");
    }
    let seen = measure.seen.first().map_or(String::new(), |line| format!(" (`{}`)", line.replace('`', "'")));
    format!("| {} | {}{} | {} |\n", cell(&what), measured(measure, TERMINAL), cell(&seen), cell(&word))
}

/// Text in a cell of a table: in one line, without a bar.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use spanfate_model::finding::claims::{ClaimVerdict, register};
    use spanfate_model::verdict::Verdict;

    use super::*;

    #[test]
    fn a_claim_stands_there_with_its_figure_ours_and_how_it_was_measured() {
        let files: Vec<ClaimsFile> = vec![
            serde_json::from_value(serde_json::json!({ "source": "an article", "claim": [{
                "number": 10, "section": "1", "says": "A buffer | of 1,000.", "original": "x", "figure": "1,000",
                "inspect": [{ "name": "queue_capacity", "that": "accepted == 1000" }],
            }, { "number": 11, "section": "2.1", "says": "Later." }] }))
            .unwrap(),
        ];
        let test: register::InspectionTest = serde_json::from_value(
            serde_json::json!({ "name": "queue_capacity", "that": "accepted == 1000" }),
        )
        .unwrap();
        let measure = ClaimMeasure {
            of: MeasuredFor::Inspection(test),
            values: vec![2560.0],
            verdict: Some(Verdict::Fail),
            reason: None,
            seen: Vec::new(),
        };
        let judged = JudgedClaim {
            number: 10,
            says: "A buffer | of 1,000.".to_owned(),
            verdict: ClaimVerdict::Refuted,
            reason: None,
            measures: vec![measure],
        };
        let record =
            ClaimsRecord { machine: "a machine".to_owned(), claims: vec![judged], ..ClaimsRecord::default() };
        let page = render(&files, &record);
        for wanted in [
            "Measured on a machine. Of 1 claim: 1 refuted.",
            "| 10 | 1 | A buffer \\| of 1,000. | refuted |",
            "| inspection `queue_capacity`: `accepted == 1000` | 2,560 | not as claimed |",
            "| 11 | 2.1 | Later. | not judged yet |",
            "## Section 2.1",
        ] {
            assert!(page.contains(wanted), "{wanted}\n{page}");
        }
    }
}
