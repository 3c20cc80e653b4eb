//! Designs that a command measures: which there are, and what one of them writes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Version of what a command writes.
pub const MEASURED_FORMAT: &str = "1.0";
/// Most repeats.
const MOST_REPEATS: usize = 10_000;

/// The commands that measure designs (`go-fixtures/designs.toml`).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignCommands {
    /// The commands.
    #[serde(rename = "command")]
    pub commands: Vec<DesignCommand>,
}

/// A command that measures a design, and how the page shows it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignCommand {
    /// Its name, as it calls itself in what it writes.
    pub name: String,
    /// The design, as a heading; what is measured of one design stands together.
    pub design: String,
    /// What it asks, with the figure of the article.
    pub asks: String,
    /// The command line, from the root of the project.
    pub run: String,
    /// Whether the design is worth it: one honest sentence.
    pub sentence: String,
}

/// In what a figure is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesignUnit {
    /// Nanoseconds, of trials.
    Ns,
    /// Microseconds by the clock of the machine: a disturbed repeat does not count.
    Us,
    /// Seconds of a simulation.
    S,
    /// A share, 0 to 1.
    Share,
    /// Bytes.
    Bytes,
    /// Whatever is counted.
    Count,
}

impl DesignUnit {
    /// Whether the machine's clock measured it, so that a disturbed machine has a part in it.
    pub const fn is_clocked(self) -> bool {
        matches!(self, Self::Ns | Self::Us)
    }
}

/// A figure of a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignFigure {
    /// Its name: the head of a column.
    pub name: String,
    /// In what it is counted.
    pub unit: DesignUnit,
    /// What it says, in a line.
    pub means: String,
}

/// What a command ran on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignMachine {
    /// The version of Go.
    pub go: String,
    /// The release of the kernel.
    pub kernel: String,
    /// Its processors.
    pub cpus: u32,
}

/// What a command measured, as it writes it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignMeasurement {
    /// [`MEASURED_FORMAT`].
    pub format: String,
    /// The command's name.
    pub name: String,
    /// The command line, from the root of the project.
    pub command: String,
    /// The version of the OpenTelemetry SDK.
    pub sdk: String,
    /// What it ran on.
    pub machine: DesignMachine,
    /// How often everything was measured, and what others took meanwhile.
    pub repeats: Vec<MeasuredRepeat>,
    /// The figures, in the order of their columns.
    pub figures: Vec<DesignFigure>,
    /// The contenders, in the order of their rows.
    pub contenders: Vec<MeasuredContender>,
}

/// What was taken from a repeat, as shares of the machine's processors.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredRepeat {
    /// By the hypervisor.
    pub stolen: f64,
    /// By other processes.
    pub others: f64,
}

/// What was measured of a contender.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredContender {
    /// Its name: the head of a row.
    pub name: String,
    /// By the name of the figure: a value for each repeat, or null where there is none. A figure that it has not is absent.
    pub values: BTreeMap<String, Vec<Option<f64>>>,
}

/// Something that does not fit in what a command wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnfitMeasurement {
    /// Where, as keys from the top: `contenders[1].values["latency"][3]`.
    pub at: String,
    /// What is wrong, and what it should be.
    pub what: String,
}

type Fit = Result<(), UnfitMeasurement>;

fn unfit(at: String, what: impl Into<String>) -> Fit {
    Err(UnfitMeasurement { at, what: what.into() })
}

impl DesignMeasurement {
    /// Whether it holds together; else the first thing that does not.
    pub fn check(&self) -> Fit {
        if self.format != MEASURED_FORMAT {
            let what = format!("is {:?}, and this program reads {MEASURED_FORMAT:?}", self.format);
            return unfit("format".to_owned(), what);
        }
        for (at, text) in
            [("sdk", &self.sdk), ("machine.go", &self.machine.go), ("machine.kernel", &self.machine.kernel)]
        {
            of_a_cell(at.to_owned(), text)?;
        }
        self.check_repeats()?;
        let figures: Vec<&str> = self.figures.iter().map(|figure| figure.name.as_str()).collect();
        each_once("figures", &figures)?;
        for (at, figure) in self.figures.iter().enumerate() {
            of_a_cell(format!("figures[{at}].means"), &figure.means)?;
        }
        let contenders: Vec<&str> = self.contenders.iter().map(|contender| contender.name.as_str()).collect();
        each_once("contenders", &contenders)?;
        self.contenders.iter().enumerate().try_for_each(|(at, one)| self.check_contender(at, one))
    }

    fn check_repeats(&self) -> Fit {
        if self.repeats.is_empty() || self.repeats.len() > MOST_REPEATS {
            let what = format!("are {}; there must be 1 to {MOST_REPEATS}", self.repeats.len());
            return unfit("repeats".to_owned(), what);
        }
        for (at, repeat) in self.repeats.iter().enumerate() {
            for (key, share) in [("stolen", repeat.stolen), ("others", repeat.others)] {
                if !(0.0..=1.0).contains(&share) {
                    return unfit(
                        format!("repeats[{at}].{key}"),
                        format!("is {share}, and no share of 0 to 1"),
                    );
                }
            }
        }
        Ok(())
    }

    fn check_contender(&self, at: usize, contender: &MeasuredContender) -> Fit {
        for (name, values) in &contender.values {
            let place = format!("contenders[{at}].values[{name:?}]");
            let Some(figure) = self.figures.iter().find(|figure| figure.name == *name) else {
                return unfit(place, "is not among `figures`; list it there, with its unit");
            };
            if values.len() != self.repeats.len() {
                let what = format!(
                    "has {} values for {} repeats; write null where there is none",
                    values.len(),
                    self.repeats.len()
                );
                return unfit(place, what);
            }
            let most = if figure.unit == DesignUnit::Share { 1.0 } else { f64::MAX };
            for (repeat, value) in values.iter().enumerate() {
                if let Some(value) = value.filter(|value| !(0.0..=most).contains(value)) {
                    let what = format!("is {value}; it must be 0 or more, and a share 1 at most");
                    return unfit(format!("{place}[{repeat}]"), what);
                }
            }
        }
        Ok(())
    }
}

/// Names that are there, fit into a table, and differ.
fn each_once(list: &str, names: &[&str]) -> Fit {
    let mut seen = BTreeSet::new();
    for (at, name) in names.iter().enumerate() {
        let place = format!("{list}[{at}].name");
        of_a_cell(place.clone(), name)?;
        if !seen.insert(name) {
            return unfit(place, format!("is {name:?} once more; give each a name of its own"));
        }
    }
    if seen.is_empty() {
        return unfit(list.to_owned(), "are none; there must be one at least");
    }
    Ok(())
}

/// A text that a table in Markdown can hold.
fn of_a_cell(at: String, text: &str) -> Fit {
    if text.trim().is_empty() {
        return unfit(at, "is empty; write a text");
    }
    if text.contains(|c: char| c.is_control() || "|`<".contains(c)) {
        return unfit(at, "holds `|`, a backtick, `<` or a break of line, which a table cannot hold");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"format": "1.0", "name": "labelled", "command": "go run .", "sdk": "1.47.0",
        "machine": {"go": "go1.26.8", "kernel": "6.18", "cpus": 2},
        "repeats": [{"stolen": 0, "others": 0.01}, {"stolen": 0, "others": 0}],
        "figures": [{"name": "bytes", "unit": "bytes", "means": "of an export"},
                    {"name": "found", "unit": "share", "means": "of the runs"}],
        "contenders": [{"name": "plain", "values": {"bytes": [300, 310.5], "found": [0, null]}},
                       {"name": "labelled", "values": {"bytes": [900, 910]}}]}"#;

    /// What is said of a text in which a piece was changed.
    fn said(old: &str, new: &str) -> Result<(), (String, String)> {
        let text = GOOD.replacen(old, new, 1);
        assert!(old.is_empty() || text != GOOD, "{old} is not there");
        let read: DesignMeasurement = serde_json::from_str(&text).unwrap();
        read.check().map_err(|unfit| (unfit.at, unfit.what))
    }

    #[test]
    fn what_a_command_writes_is_read() {
        assert_eq!(said("", ""), Ok(()));
        assert_eq!(said(r#""unit": "share""#, r#""unit": "us""#), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        for (old, new, at, what) in [
            (r#""1.0""#, r#""2.0""#, "format", "this program reads"),
            (r#""kernel": "6.18""#, r#""kernel": """#, "machine.kernel", "is empty"),
            (r#"[{"stolen": 0, "others": 0.01}, {"stolen": 0, "others": 0}]"#, "[]", "repeats", "1 to 10000"),
            (r#""others": 0.01"#, r#""others": 1.01"#, "repeats[0].others", "no share"),
            (r#""name": "found""#, r#""name": "bytes""#, "figures[1].name", "once more"),
            ("of the runs", "a | b", "figures[1].means", "a table cannot hold"),
            (r#""name": "plain""#, r#""name": "labelled""#, "contenders[1].name", "once more"),
            (r#""name": "plain""#, r#""name": "a\nb""#, "contenders[0].name", "break of line"),
            ("[900, 910]", "[900]", r#"contenders[1].values["bytes"]"#, "1 values for 2 repeats"),
            (r#""found": [0"#, r#""fuond": [0"#, r#"contenders[0].values["fuond"]"#, "not among `figures`"),
            ("[0, null]", "[0, 1.5]", r#"contenders[0].values["found"][1]"#, "a share 1 at most"),
            ("310.5", "-1", r#"contenders[0].values["bytes"][1]"#, "must be 0 or more"),
        ] {
            let (place, text) = said(old, new).unwrap_err();
            assert!(place == at && text.contains(what), "{new}: {place}: {text}");
        }
        let none = DesignMeasurement { contenders: Vec::new(), ..serde_json::from_str(GOOD).unwrap() };
        assert_eq!(none.check().unwrap_err().at, "contenders");
    }

    #[test]
    fn what_is_no_measurement_is_refused_where_it_stands() {
        for (old, new) in [
            (r#""unit": "bytes""#, r#""unit": "byte""#),
            (r#""cpus": 2"#, r#""cpus": -2"#),
            (r#""others": 0.01"#, r#""other": 0.01"#),
            (r#""found": [0, null]"#, r#""found": 0"#),
        ] {
            let text = GOOD.replacen(old, new, 1);
            let error = serde_json::from_str::<DesignMeasurement>(&text).unwrap_err();
            let line = text.lines().position(|line| line.contains(new)).unwrap() + 1;
            assert_eq!(error.line(), line, "{new}: {error}");
        }
    }
}
