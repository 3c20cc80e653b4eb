//! Verdicts on a disturbed machine, beside the truth.

mod goals;

use comfy_table::{ContentArrangement, Table};
use spanfate_model::finding::noise::{NoiseCell, NoiseCounts, NoiseTable, PROFILES, TruthTold};

use crate::text::number::{NONE, TERMINAL};

/// The table for a terminal. `library` is all that may run.
pub(crate) fn render(found: &NoiseTable, library: &[&str]) -> String {
    let profiles: Vec<&str> = ran(found);
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(std::iter::once("scenario").chain(profiles.iter().copied()));
    for scenario in scenarios(found) {
        let cells = profiles.iter().map(|profile| word(found.cell(scenario, profile)).to_owned());
        table.add_row(std::iter::once(scenario.to_owned()).chain(cells));
    }
    for at in 0..=profiles.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
        }
    }
    let mut out = format!("noise  {}\n\n", about(found));
    out.extend(table.lines().map(|line| format!("{}\n", line.trim_end())));
    out.push('\n');
    for profile in profiles {
        out += &format!("{profile}: {}\n", counted(found.count(|cell| cell.profile == profile)));
    }
    out += &format!("all: {}\n", counted(found.count(|_| true)));
    for (name, from, to) in MEASURED {
        let counts = found.count(|cell| cell.verdict.is_some() && (from..to).contains(&cell.disturbed()));
        if counts.cells > 0 {
            out += &format!("measured {name}: {}\n", counted(counts));
        }
    }
    for [goal, reached, met] in goals::rows(found, library) {
        out += &format!("{met}: {goal}: {reached}\n");
    }
    for cell in found.cells.iter().filter(|cell| cell.told != TruthTold::Right) {
        let why = cell.reasons.first().map_or("", String::as_str);
        out += &format!("{} under {}: {}: {why}\n", cell.scenario, cell.profile, word(Some(cell)));
    }
    out
}

/// The page docs/noise.md. It names what did not run, too.
pub(crate) fn page(found: &NoiseTable, library: &[&str]) -> String {
    let mut names: Vec<&str> = library.to_vec();
    names.extend(scenarios(found).into_iter().filter(|name| !library.contains(name)));
    let mut out = format!("{HEAD}\n{}\n\n## Goals\n\n| goal | reached | |\n|---|---|---|\n", about(found));
    for [goal, reached, met] in goals::rows(found, library) {
        out += &format!("| {goal} | {reached} | {met} |\n");
    }
    out += "\nA cell is one run; a cell that is open, or that the harness could not finish, is not conclusive. *Up to 5 %* are idle, neighbour-5, steal-2 and steal-5; *up to 10 %* these and steal-10.\n\n## Verdicts beside the truth\n\n| scenario | truth |";
    for profile in &PROFILES {
        out += &format!(" {} |", profile.name);
    }
    out += &format!("\n|---|---|{}\n", "---|".repeat(PROFILES.len()));
    for name in names {
        let truth = found.cells.iter().find(|cell| cell.scenario == name).map(|cell| cell.truth);
        let truth = truth.map_or(NONE, |truth| crate::text::words::verdict(truth));
        out += &format!("| {name} | {truth} |");
        for profile in &PROFILES {
            out += &format!(" {} |", word(found.cell(name, profile.name)));
        }
        out.push('\n');
    }
    out += "\n## By disturbance\n\n| disturbance | cells | pass or fail | wrong pass | wrong fail |\n|---|---|---|---|---|\n";
    let rows =
        PROFILES.iter().map(|profile| (profile.name, found.count(|cell| cell.profile == profile.name)));
    for (name, counts) in rows.chain(std::iter::once(("all of them", found.count(|_| true)))) {
        let NoiseCounts { cells, conclusive, wrong_pass, wrong_fail } = counts;
        out += &format!("| {name} | {cells} | {conclusive} | {wrong_pass} | {wrong_fail} |\n");
    }
    out += &comparisons(found);
    out += "\n## By what was measured\n\nThe machine may be busy with other work than a profile's: this table counts cells by the disturbance that was measured.\n\n| taken from the service's core | cells | pass or fail | wrong pass | wrong fail |\n|---|---|---|---|---|\n";
    for (name, from, to) in MEASURED {
        let counts = found.count(|cell| cell.verdict.is_some() && (from..to).contains(&cell.disturbed()));
        let NoiseCounts { cells, conclusive, wrong_pass, wrong_fail } = counts;
        out += &format!("| {name} | {cells} | {conclusive} | {wrong_pass} | {wrong_fail} |\n");
    }
    out += "\n## What was measured, and why a cell is not right\n\n| scenario | disturbance | others | stolen | throttled | attempts not valid | held, failed, open | first reason |\n|---|---|---|---|---|---|---|---|\n";
    for cell in &found.cells {
        out += &measured(cell);
    }
    out
}

fn comparisons(found: &NoiseTable) -> String {
    let head = "\n## Comparisons\n\n| disturbance | false alarms of the same twice | a tenth slower, found | 0.5 % of spans lost, found |\n|---|---|---|---|\n";
    let rows = goals::comparisons(found).into_iter();
    rows.fold(head.to_owned(), |out, [profile, equal, slower, lossy]| {
        out + &format!("| {profile} | {equal} | {slower} | {lossy} |\n")
    })
}

/// Disturbances as measured: name, from, to.
const MEASURED: [(&str, f64, f64); 4] = [
    ("up to 5 %", 0.0, 0.05),
    ("5 to 10 %", 0.05, 0.1),
    ("10 to 30 %", 0.1, 0.3),
    ("more", 0.3, f64::INFINITY),
];

/// What the page says before its tables.
const HEAD: &str = "# What verdicts are worth on a disturbed machine

This page is made by the program; see the command below. Scenarios whose truth is known run while the machine is disturbed on purpose.
Their verdicts are held against the truth: a scenario of the library is sound and should pass; `+loss` loses three spans of every
export, `selftest+slower` has handlers that take a tenth longer, `selftest+lossy` loses 0.5 % of its spans, and these should fail;
`selftest+equal` compares the same twice.

```
spanfate selftest --noise --only grpc,chain --profiles idle,steal-5
spanfate selftest --noise --continue DIR --markdown > docs/noise.md
```

- `neighbour-N`: another process takes N % of the service's core.
- `quota-Q`: harness and services together may use Q cores, as in a container.
- `steal-N`: the services are stopped in slices of 5 to 50 ms that come to N % of the time. This imitates a hypervisor. The kernel's own
  counter of stolen time cannot be moved by a program, so the slices are added to it where it is sampled. The core is idle meanwhile,
  which a stolen one is not: the slices count as not idle.
- `all`: a neighbour of 20 %, a quota of 0.7 and 5 % stolen.

*open* is a verdict that says neither (exit code 3). *not run* is a cell that nobody measured yet, so nothing is said of it.
";

fn about(found: &NoiseTable) -> String {
    let form = if found.whole {
        "Whole scenarios"
    } else {
        "One trial of the first, the middle and the last variant"
    };
    format!("{form}; a trial that is not valid ran again up to {} times; {}.", found.repeats, found.machine)
}

fn measured(cell: &NoiseCell) -> String {
    let percent = |share: f64| format!("{} %", TERMINAL.fixed(share * 100.0, 1));
    let (held, failed, open) = cell.expectations;
    // As code: these are words of results, with conditions in them.
    let why = match (cell.told, cell.reasons.first()) {
        (TruthTold::Right, _) | (_, None) => String::new(),
        (_, Some(reason)) => format!("`{}`", reason.replace('`', "").replace('|', "\\|").replace('\n', " ")),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {held}, {failed}, {open} | {} |\n",
        cell.scenario,
        cell.profile,
        percent(cell.foreign),
        percent(cell.steal),
        percent(cell.throttled),
        cell.spoilt,
        why,
    )
}

fn counted(counts: NoiseCounts) -> String {
    let NoiseCounts { cells, conclusive, wrong_pass, wrong_fail } = counts;
    format!("{conclusive} of {cells} say pass or fail, {wrong_pass} pass wrongly, {wrong_fail} fail wrongly")
}

const fn word(cell: Option<&NoiseCell>) -> &'static str {
    match cell {
        None => "not run",
        Some(cell) => match cell.told {
            TruthTold::Right => "right",
            TruthTold::Inconclusive => "open",
            TruthTold::WrongPass => "WRONG PASS",
            TruthTold::WrongFail => "WRONG FAIL",
            TruthTold::NoVerdict => "no verdict",
        },
    }
}

/// The scenarios that ran, in that order.
fn scenarios(found: &NoiseTable) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::new();
    for cell in &found.cells {
        if !out.contains(&cell.scenario.as_str()) {
            out.push(&cell.scenario);
        }
    }
    out
}

/// The profiles under which something ran.
fn ran(found: &NoiseTable) -> Vec<&'static str> {
    let names = PROFILES.iter().map(|profile| profile.name);
    names.filter(|name| found.cells.iter().any(|cell| cell.profile == *name)).collect()
}

#[cfg(test)]
mod tests {
    use spanfate_model::verdict::Verdict;

    use super::*;

    fn cell(scenario: &str, profile: &str, truth: Verdict, verdict: Verdict) -> NoiseCell {
        NoiseCell {
            scenario: scenario.to_owned(),
            profile: profile.to_owned(),
            truth,
            verdict: Some(verdict),
            told: TruthTold::of(truth, verdict),
            expectations: (1, 0, 1),
            trials: 2,
            spoilt: 3,
            foreign: 0.07,
            steal: 0.051,
            throttled: 0.0,
            reasons: vec!["no trial | is valid".to_owned()],
        }
    }

    #[test]
    fn what_did_not_run_is_not_right_and_what_is_wrong_stands_out() {
        let (pass, fail, open) = (Verdict::Pass, Verdict::Fail, Verdict::Inconclusive);
        let found = NoiseTable {
            cells: vec![
                cell("grpc", "idle", pass, pass),
                cell("grpc", "steal-5", pass, open),
                cell("grpc+loss", "steal-5", fail, pass),
            ],
            ..NoiseTable::default()
        };
        let text = render(&found, &["grpc", "chain"]);
        assert!(text.contains("steal-5: 1 of 2 say pass or fail, 1 pass wrongly, 0 fail wrongly"), "{text}");
        assert!(text.contains("WRONG PASS"), "{text}");
        let page = page(&found, &["grpc", "chain"]);
        let row =
            |name: &str| page.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        assert!(row("| grpc |").starts_with("| grpc | pass | right | not run |"), "{}", row("| grpc |"));
        assert!(row("| chain |").contains("not run") && !row("| chain |").contains("right"));
        assert_eq!(row("| all of them |"), "| all of them | 3 | 2 | 1 | 0 |");
        assert!(page.contains("no trial \\| is valid"), "{page}");
        let goal = "| no wrong pass and no wrong fail in any cell | 2 of 3 cells, 67 % | goal not met; 18 cells did not run |";
        assert!(page.lines().any(|line| line == goal), "{page}");
        assert!(page.contains(
            "| a tenth slower is found in at least 90 % up to 5 % disturbance | none ran | not measured |"
        ));
    }

    #[test]
    fn comparisons_say_what_they_found_by_disturbance() {
        let (pass, fail, open) = (Verdict::Pass, Verdict::Fail, Verdict::Inconclusive);
        let found = NoiseTable {
            cells: vec![
                cell("selftest+equal", "steal-5", pass, open),
                cell("selftest+slower", "steal-5", fail, fail),
                cell("selftest+lossy", "steal-5", fail, pass),
            ],
            ..NoiseTable::default()
        };
        let page = page(&found, &[]);
        assert!(page.contains("| steal-5 | 0 of 1 (1 open) | 1 of 1 | 0 of 1 |"), "{page}");
        assert!(page.contains("| idle | not run | not run | not run |"), "{page}");
    }
}
