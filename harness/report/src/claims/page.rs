//! The page docs/claims.md, made of the files of claims and of what was published of them.

use spanfate_model::finding::claims::register::{ClaimsFile, RegisteredClaim, TypedStep};
use spanfate_model::finding::claims::{ClaimMeasure, ClaimVerdict, ClaimsRecord, JudgedClaim, SdkVerdicts};

use super::{books, changing, counts, measured, question, sign};
use crate::text::number::TERMINAL;

/// What the page says before its tables.
const HEAD: &str = "# The claims of an article, measured

This page is made by the program from the files in [claims/](../claims/) and from [claims/record.json](../claims/record.json), which
keeps what the last published run measured:

```
spanfate claims --list                # how each claim is judged
spanfate claims --section 2.4         # judges those of a section
spanfate claims --publish             # judges all, and writes the record and this page
spanfate claims --sdk 1.38,1.44,1.47  # judges with each SDK, and says which verdicts change
spanfate claims --page > docs/claims.md
spanfate claims --file mine.toml      # judges a list of your own
```

An article in Chinese on traces that Go services lose at 100 % sampling says what follows. A verdict follows from data alone:
*reproduced*: all was measured that must be if the claim is right; *refuted*: nothing of it was; *partly*: some of it was;
*quantified*: the article gives a figure without its set-up, and ours stands here; *inconclusive*: something could not be measured;
*not testable*: nothing that could be measured would speak for it or against it. A loss for another reason than the claimed one does
not reproduce a claim that names one. A premise says nothing of a claim; where one does not hold, nothing that was measured beside it
counts, and the claim is inconclusive. A run is one trial of each variant unless more are told; then the middle one stands here with
the least and the most.
";

/// The page.
pub(crate) fn render(files: &[ClaimsFile], record: &ClaimsRecord) -> String {
    let mut out = format!("{HEAD}\n{}{}\n", measured_on(record), counts(&record.claims));
    let claims: Vec<&RegisteredClaim> = files.iter().flat_map(|file| &file.claims).collect();
    let columns: Vec<String> = record.sdks.iter().map(|sdk| format!(" SDK {} |", cell(&sdk.sdk))).collect();
    let columns = columns.concat();
    out += &format!("\n## All at a glance\n\n| | section | it says | verdict |{columns}\n|---|---|---|---|");
    out += &format!("{}\n", "---|".repeat(record.sdks.len()));
    for claim in &claims {
        let with_sdks: String = record.sdks.iter().map(|sdk| with_sdk(claim.number, sdk, record)).collect();
        let verdict = record.claim(claim.number).map_or(NOT_YET, |judged| judged.verdict.as_str());
        let says = cell(&claim.says);
        out += &format!("| {} | {} | {says} | {verdict} |{with_sdks}\n", claim.number, claim.section);
    }
    if !record.sdks.is_empty() {
        out += &format!("\n{}\n", across_sdks(record));
    }
    out += &runs(record);
    out += &steps(files, record);
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

/// The machine, in a sentence with a space behind it; nothing where no run names one.
pub(crate) fn measured_on(record: &ClaimsRecord) -> String {
    if record.machine.is_empty() { String::new() } else { format!("Measured on {}. ", record.machine) }
}

/// What stands for the verdict of a claim that has none.
pub(crate) const NOT_YET: &str = "not judged yet";

/// A cell with the verdict of a claim with an SDK; bold where it changes.
fn with_sdk(number: u32, sdk: &SdkVerdicts, record: &ClaimsRecord) -> String {
    let verdict = sdk.verdicts.get(&number).map_or("", |verdict| verdict.as_str());
    if record.changes(number) { format!(" **{verdict}** |") } else { format!(" {verdict} |") }
}

/// Which claims change between SDKs, in a sentence.
pub(crate) fn across_sdks(record: &ClaimsRecord) -> String {
    let sdks: Vec<&str> = record.sdks.iter().map(|sdk| sdk.sdk.as_str()).collect();
    let sdks = sdks.join(", ");
    match changing(record).as_slice() {
        [] => format!("No verdict changes between the SDKs {sdks}."),
        some => {
            let numbers: Vec<String> = some.iter().map(u32::to_string).collect();
            format!("Between the SDKs {sdks} the verdicts of these change: {}.", numbers.join(", "))
        }
    }
}

fn runs(record: &ClaimsRecord) -> String {
    let Some(sum) = books(record, TERMINAL) else { return String::new() };
    let mut out = format!(
        "\n## The runs that this rests on\n\n{sum}\n\n| scenario | run | trials | spans created | unexplained |\n|---|---|---|---|---|\n"
    );
    for run in &record.runs {
        let numbers =
            [run.trials, run.created, run.unexplained].map(|count| TERMINAL.count(count)).join(" | ");
        out += &format!("| `{}` | {} | {numbers} |\n", run.scenario, run.run);
    }
    out
}

fn steps(files: &[ClaimsFile], record: &ClaimsRecord) -> String {
    let mut out = "\n## What the article has its readers type\n\n| step | works today | what it shows | the claims behind it | what answers the question |\n|---|---|---|---|---|\n"
        .to_owned();
    if files.iter().all(|file| file.steps.is_empty()) {
        return String::new();
    }
    for step in files.iter().flat_map(|file| &file.steps) {
        let verdicts = behind(step, record).join(", ");
        let (types, shows) = (cell(&step.types), cell(&step.shows));
        let works = step.works.as_str();
        out += &format!("| `{types}` | {works} | {shows} | {verdicts} | `{}` |\n", cell(&step.instead));
    }
    out
}

/// The claims behind a step, with their verdicts.
pub(crate) fn behind(step: &TypedStep, record: &ClaimsRecord) -> Vec<String> {
    let verdict = |number: &u32| {
        let verdict = record.claim(*number).map_or(NOT_YET, |judged| judged.verdict.as_str());
        format!("{number} is {verdict}")
    };
    step.claims.iter().map(verdict).collect()
}

fn block(claim: &RegisteredClaim, judged: Option<&JudgedClaim>) -> String {
    let verdict = judged.map_or(NOT_YET, |judged| judged.verdict.as_str());
    let mut out = format!("\n**{}. {}** *{verdict}.*\n", claim.number, claim.says);
    let original = claim.original.as_ref().map(|original| format!("The article: `{original} …`."));
    let said: Vec<String> = original.into_iter().chain(told(claim)).collect();
    out += &said.join(" ");
    out.push('\n');
    if let Some(reason) = judged.filter(|one| one.verdict == ClaimVerdict::Inconclusive) {
        out += &format!("\nIt is open: {}\n", reason.reason.as_deref().unwrap_or_default());
    }
    let measures = judged.map(|judged| judged.measures.as_slice()).unwrap_or_default();
    if !measures.is_empty() {
        out += "\n| measured | ours | |\n|---|---|---|\n";
        out.extend(measures.iter().map(row));
        out += &format!("\n`spanfate claims --claim {}`\n", claim.number);
    }
    out
}

/// What a file says of a claim beside the claim itself, a sentence or more each.
pub(crate) fn told(claim: &RegisteredClaim) -> Vec<String> {
    let figure = claim.figure.as_ref().map(|figure| format!("Its figure: {figure}."));
    let not_testable = claim.not_testable.as_ref().map(|why| format!("Not testable: {why}."));
    let nearest = claim.nearest.as_ref().map(|nearest| format!("The nearest question: {nearest}"));
    let refuted = claim.refuted_if.as_ref().map(|refuted| format!("Refuted if {refuted}."));
    [figure, not_testable, nearest, refuted, claim.why.clone()].into_iter().flatten().collect()
}

fn row(measure: &ClaimMeasure) -> String {
    let (place, that) = question(measure);
    let seen = measure.seen.first().map_or(String::new(), |line| format!(" (`{}`)", line.replace('`', "'")));
    let ours = measured(measure, TERMINAL);
    format!("| {}: `{}` | {ours}{} | {} |\n", cell(&place), cell(&that), cell(&seen), cell(&sign(measure)))
}

/// Text in a cell of a table: in one line, without a bar.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use spanfate_model::finding::claims::inspection::Inspection;
    use spanfate_model::finding::claims::{ClaimRunBooks, MeasuredFor};
    use spanfate_model::verdict::Verdict;

    use super::*;

    #[test]
    fn a_claim_stands_there_with_its_figure_ours_and_how_it_was_measured() {
        let files: Vec<ClaimsFile> = vec![
            serde_json::from_value(serde_json::json!({ "source": "an article", "claim": [{
                "number": 10, "section": "1", "says": "A buffer | of 1,000.", "original": "x", "figure": "1,000",
                "inspect": [{ "name": "queue_capacity", "that": "accepted == 1000" }],
            }, { "number": 11, "section": "2.1", "says": "Later." }], "step": [{
                "types": "curl | less", "claims": [10, 11], "works": "in_part", "shows": "half", "instead": "spanfate peek",
            }] }))
            .unwrap(),
        ];
        let test = files[0].claims[0].inspections[0].clone();
        assert_eq!(test.name, Inspection::QueueCapacity);
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
        let run = ClaimRunBooks {
            scenario: "chain".to_owned(),
            run: "chain-7".to_owned(),
            trials: 2,
            created: 3000,
            unexplained: 0,
        };
        let with = |sdk: &str, verdict| SdkVerdicts {
            sdk: sdk.to_owned(),
            verdicts: BTreeMap::from([(10, verdict)]),
        };
        let record = ClaimsRecord {
            machine: "a machine".to_owned(),
            claims: vec![judged],
            runs: vec![run],
            sdks: vec![with("1.38", ClaimVerdict::Refuted), with("1.47", ClaimVerdict::Partly)],
            ..ClaimsRecord::default()
        };
        let page = render(&files, &record);
        for wanted in [
            "Measured on a machine. Of 1 claim: 1 refuted.",
            "| | section | it says | verdict | SDK 1.38 | SDK 1.47 |",
            "| 10 | 1 | A buffer \\| of 1,000. | refuted | **refuted** | **partly** |",
            "Between the SDKs 1.38, 1.47 the verdicts of these change: 10.",
            "1 run of 2 trials created 3,000 spans; 0 of them are unexplained.",
            "| `chain` | chain-7 | 2 | 3,000 | 0 |",
            "| `curl \\| less` | in part | half | 10 is refuted, 11 is not judged yet | `spanfate peek` |",
            "| inspection queue_capacity: `accepted == 1000` | 2,560 | not as claimed |",
            "| 11 | 2.1 | Later. | not judged yet |",
            "## Section 2.1",
        ] {
            assert!(page.contains(wanted), "{wanted}\n{page}");
        }
    }
}
