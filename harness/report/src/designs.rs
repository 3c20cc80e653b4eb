//! The page `docs/designs.md`: what each design measured beside its contenders.

use spanfate_model::finding::designs::command::{DesignFigure, DesignMachine, DesignUnit};
use spanfate_model::finding::designs::{DesignContender, DesignRun};
use spanfate_model::result::Estimate;
use spanfate_model::scenario::figure::{Figure, LoopFigure};

use crate::text::number::{NONE, TERMINAL};

const HEAD: &str = "\
# The article's own designs

The article whose claims this project measures proposes systems of its own. Each that stands here is built as a small Go package that you
may copy, and is measured beside what you could do instead: the *contenders*. Every row is a variant of a scenario in `scenarios/designs/`, or
what a command of `go-fixtures/designs.toml` measures.

A cell is the mean over the trials, or the repeats of a command, with its 95 % interval; `–` was not measured. `≈` says that the machine was
disturbed in every trial: the books are exact all the same, but how much befell the spans may be the machine's doing, and there is no interval.
[Figures](../scenarios/README.md#figures) says what each figure of a scenario is; those of a command stand below its table. The page is made by

    spanfate designs docs/designs.json > docs/designs.md

and a run is taken up, in place of an older one of the same scenario or command, by

    spanfate scenario designs/NAME
    spanfate designs docs/designs.json RUN > docs/designs.md

where RUN is the run, or a file with what a command printed ([its format](results.md#what-a-command-measures-of-a-design)).

The packages: [spanguard](../go-fixtures/spanguard/README.md), [hybridsampling](../go-fixtures/hybridsampling/README.md),
[retrokeep](../go-fixtures/retrokeep/README.md), [zerocopy](../go-fixtures/zerocopy/README.md), [samplingctl](../go-fixtures/samplingctl/README.md),
[labelled](../go-fixtures/labelled/README.md), [tracelog](../go-fixtures/tracelog/README.md); and [lifecycle](../go-fixtures/lifecycle/README.md).
The contract is a command of its own, [contract](contract.md).
";

/// A scenario of a design, or a command, with what it measured.
#[derive(Clone, Debug)]
pub struct DesignSection<'a> {
    /// The design: sections of one stand together.
    pub design: &'a str,
    /// The name of the scenario or command.
    pub name: &'a str,
    /// What it asks.
    pub question: &'a str,
    /// The columns of the table.
    pub figures: DesignColumns<'a>,
    /// Whether the design is worth it.
    pub sentence: &'a str,
    /// What was measured of the scenario or command as it stands; none: it was not, or it has changed since.
    pub run: Option<&'a DesignRun>,
}

/// Which figures a table shows.
#[derive(Clone, Copy, Debug)]
pub enum DesignColumns<'a> {
    /// Those that a scenario names.
    Scenario(&'a [Figure]),
    /// Those that a command measured; with its command line.
    Command(&'a str),
}

pub(crate) fn page(sections: &[DesignSection<'_>]) -> String {
    let mut out = HEAD.to_owned();
    let mut design = "";
    for section in sections {
        if section.design != design {
            design = section.design;
            out += &format!("\n## {design}\n");
        }
        out += &format!("\n### {}\n\n{}\n\n", section.name, section.question);
        out += &section.run.map_or_else(|| nothing(section), |run| measured(section, run));
    }
    out
}

/// What stands in place of a table.
fn nothing(section: &DesignSection<'_>) -> String {
    match section.figures {
        DesignColumns::Scenario(_) => format!(
            "No run of the scenario as it stands was taken up: `spanfate scenario designs/{}`\n",
            section.name
        ),
        DesignColumns::Command(run) => {
            format!("Nothing that the command measures as it stands was taken up: `{run}`\n")
        }
    }
}

/// The table, and what follows from it.
fn measured(section: &DesignSection<'_>, run: &DesignRun) -> String {
    let columns: Vec<FigureColumn> = match section.figures {
        DesignColumns::Scenario(figures) => figures.iter().copied().map(FigureColumn::of_scenario).collect(),
        DesignColumns::Command(_) => run.figures.iter().map(FigureColumn::of_command).collect(),
    };
    let row = |first: &str, cells: Vec<String>| format!("| {first} | {} |\n", cells.join(" | "));
    let mut out = row("contender", columns.iter().map(|column| format!("`{}`", column.name)).collect());
    out += &format!("|---|{}\n", "---|".repeat(columns.len()));
    for DesignContender { name, figures } in &run.contenders {
        let of = |column: &FigureColumn| {
            figures.get(&column.name).map_or_else(|| NONE.to_owned(), |found| column.cell(found))
        };
        out += &row(name, columns.iter().map(of).collect());
    }
    out += &format!("\nSDK {}", run.sdk);
    if let (Some(machine), DesignColumns::Command(line)) = (&run.machine, section.figures) {
        out += &surroundings(machine, line, repeats(run));
    }
    out += &format!(". **{}**\n", section.sentence);
    if !run.figures.is_empty() {
        out.push('\n');
        for DesignFigure { name, means, .. } in &run.figures {
            out += &format!("- `{name}`: {means}\n");
        }
    }
    out
}

/// Repeats that the figures rest on, at most.
fn repeats(run: &DesignRun) -> u64 {
    let all = run.contenders.iter().flat_map(|contender| contender.figures.values());
    all.map(|estimate| estimate.n).max().unwrap_or_default()
}

fn surroundings(machine: &DesignMachine, line: &str, repeats: u64) -> String {
    let DesignMachine { go, kernel, cpus } = machine;
    format!(", {go}, Linux {kernel}, {cpus} CPUs, {repeats} repeats: `{line}`")
}

/// A column of a table.
struct FigureColumn {
    name: String,
    unit: DesignUnit,
    /// What no value can exceed.
    most: f64,
}

impl FigureColumn {
    fn of_scenario(figure: Figure) -> Self {
        // A rate can go beyond where it comes to rest by more than its whole way.
        let is_share = figure.is_ratio() && figure != Figure::Control(LoopFigure::Overshoot);
        let most = if is_share { 1.0 } else { f64::INFINITY };
        Self { name: figure.to_string(), unit: unit(figure), most }
    }

    fn of_command(figure: &DesignFigure) -> Self {
        let most = if figure.unit == DesignUnit::Share { 1.0 } else { f64::INFINITY };
        Self { name: figure.name.clone(), unit: figure.unit, most }
    }

    /// A mean with its interval, as far as values can lie in it: none is below zero, and no share above one.
    fn cell(&self, estimate: &Estimate) -> String {
        let mean = value(self.unit, estimate.mean);
        match estimate.interval {
            _ if !estimate.valid => format!("≈ {mean}"),
            Some((low, high)) if high > low => {
                let (low, high) = (low.max(0.0), high.min(self.most));
                format!("{mean} ({} … {})", value(self.unit, low), value(self.unit, high))
            }
            _ => mean,
        }
    }
}

/// In what a figure of a scenario is counted.
fn unit(figure: Figure) -> DesignUnit {
    match figure {
        _ if figure.is_time() => DesignUnit::Ns,
        _ if figure.is_ratio() => DesignUnit::Share,
        Figure::MemoryPeak | Figure::AllocBytesPerSpan | Figure::ExportsBytes => DesignUnit::Bytes,
        _ => DesignUnit::Count,
    }
}

fn value(unit: DesignUnit, value: f64) -> String {
    match unit {
        _ if value == 0.0 => "0".to_owned(),
        DesignUnit::Ns => TERMINAL.lasting(value / 1e6),
        DesignUnit::Us => format!("{} µs", TERMINAL.short(value)),
        DesignUnit::S => TERMINAL.lasting(value * 1e3),
        DesignUnit::Share => TERMINAL.percent(value),
        DesignUnit::Bytes => TERMINAL.bytes(value),
        DesignUnit::Count if value.fract() == 0.0 => TERMINAL.fixed(value, 0),
        DesignUnit::Count => TERMINAL.short(value),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn estimate(mean: f64, interval: Option<(f64, f64)>, valid: bool) -> Estimate {
        Estimate { mean, interval, n: 3, valid }
    }

    fn contender<const N: usize>(name: &str, figures: [(&str, Estimate); N]) -> DesignContender {
        let figures = BTreeMap::from(figures.map(|(name, of)| (name.to_owned(), of)));
        DesignContender { name: name.to_owned(), figures }
    }

    fn run(contenders: Vec<DesignContender>) -> DesignRun {
        DesignRun {
            plan: "0".to_owned(),
            sdk: "1.47.0".to_owned(),
            machine: None,
            figures: Vec::new(),
            contenders,
        }
    }

    /// What stands below the head of the page.
    fn body(sections: &[DesignSection<'_>]) -> String {
        page(sections).strip_prefix(HEAD).unwrap().to_owned()
    }

    #[test]
    fn a_row_is_a_contender_and_a_section_without_a_run_says_how_to_get_one() {
        let figures = ["loss.rate", "kept.whole", "control.overshoot", "spans.received", "shutdown.longest"];
        let figures = figures.map(|name| Figure::try_from(name.to_owned()).unwrap());
        let run = run(vec![
            contender(
                "nothing",
                [
                    ("loss.rate", estimate(0.05, Some((-0.01, 0.11)), true)),
                    ("kept.whole", estimate(0.99, Some((0.97, 1.01)), true)),
                    ("control.overshoot", estimate(0.99, Some((0.97, 1.01)), true)),
                    ("spans.received", estimate(1200.0, Some((1200.0, 1200.0)), true)),
                ],
            ),
            contender(
                "guard",
                [
                    ("loss.rate", estimate(0.0, Some((0.0, 0.0)), true)),
                    ("shutdown.longest", estimate(2.5e6, None, false)),
                ],
            ),
        ]);
        let section = |name, sentence, run| DesignSection {
            design: "4.2 Guard",
            name,
            question: "What is lost?",
            figures: DesignColumns::Scenario(&figures),
            sentence,
            run,
        };
        let expected = "
## 4.2 Guard

### guard-leak

What is lost?

| contender | `loss.rate` | `kept.whole` | `control.overshoot` | `spans.received` | `shutdown.longest` |
|---|---|---|---|---|---|
| nothing | 5.00 % (0 … 11.00 %) | 99.00 % (97.00 % … 100.00 %) | 99.00 % (97.00 % … 101.00 %) | 1,200 | – |
| guard | 0 | – | – | – | ≈ 2.50 ms |

SDK 1.47.0. **Worth it.**

### guard-late

What is lost?

No run of the scenario as it stands was taken up: `spanfate scenario designs/guard-late`
";
        let all =
            [section("guard-leak", "Worth it.", Some(&run)), section("guard-late", "Not worth it.", None)];
        assert_eq!(body(&all), expected);
    }

    #[test]
    fn a_command_has_the_same_table_with_its_own_figures_and_says_what_they_mean() {
        let figure = |name: &str, unit, means: &str| DesignFigure {
            name: name.to_owned(),
            unit,
            means: means.to_owned(),
        };
        let measured = DesignRun {
            machine: Some(DesignMachine { go: "go1.26.8".to_owned(), kernel: "6.18.4".to_owned(), cpus: 2 }),
            figures: vec![
                figure("latency", DesignUnit::Us, "until the last byte was read"),
                figure("found", DesignUnit::Share, "of the runs"),
                figure("delay", DesignUnit::S, "until it was seen"),
                figure("bytes", DesignUnit::Bytes, "of an export"),
            ],
            ..run(vec![
                contender(
                    "copy",
                    [
                        ("latency", estimate(820.4, Some((810.0, 830.8)), true)),
                        ("found", estimate(0.9, Some((0.75, 1.05)), true)),
                        ("bytes", estimate(2048.0, Some((2048.0, 2048.0)), true)),
                    ],
                ),
                contender(
                    "splice",
                    [
                        ("latency", estimate(112.25, None, false)),
                        ("delay", estimate(5400.0, Some((5300.0, 5500.0)), true)),
                    ],
                ),
            ])
        };
        let section = |name, run| DesignSection {
            design: "4.3 Zero-copy",
            name,
            question: "How long?",
            figures: DesignColumns::Command("cd go-fixtures && go run . -json"),
            sentence: "Not worth it.",
            run,
        };
        let expected = "
## 4.3 Zero-copy

### zerocopy

How long?

| contender | `latency` | `found` | `delay` | `bytes` |
|---|---|---|---|---|
| copy | 820 µs (810 µs … 831 µs) | 90.00 % (75.00 % … 100.00 %) | – | 2.00 KiB |
| splice | ≈ 112 µs | – | 5,400 s (5,300 s … 5,500 s) | – |

SDK 1.47.0, go1.26.8, Linux 6.18.4, 2 CPUs, 3 repeats: `cd go-fixtures && go run . -json`. **Not worth it.**

- `latency`: until the last byte was read
- `found`: of the runs
- `delay`: until it was seen
- `bytes`: of an export

### later

How long?

Nothing that the command measures as it stands was taken up: `cd go-fixtures && go run . -json`
";
        assert_eq!(body(&[section("zerocopy", Some(&measured)), section("later", None)]), expected);
    }
}
