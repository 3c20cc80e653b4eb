//! A scenario from a line: a load, and a variant for each set of settings.

use std::path::PathBuf;

use spanfate_model::quantity::unit::{Period, Rate};

use crate::error::Error;
use crate::scenario_file::{self, Loaded, Override};

/// Keys of a variant that stand beside its exporter's.
const BESIDE: [&str; 7] = ["exporter", "receiver", "load", "sdk", "build", "witness", "ebpf"];
/// The name of the SDK's defaults among settings.
const DEFAULTS: &str = "defaults";

/// What is to be tried.
#[derive(Clone, Debug)]
pub(crate) struct Quick {
    /// Settings, a variant each: `queue=8192,batch=1024`.
    pub(crate) variants: Vec<String>,
    pub(crate) rate: Rate,
    pub(crate) lasting: Period,
    /// How long the receiver waits before it answers.
    pub(crate) answer_after: Option<Period>,
    /// Trials of each variant.
    pub(crate) trials: u32,
    /// Pairs of a comparison of the first two, in place of trials.
    pub(crate) pairs: Option<u32>,
}

/// The scenario as it is, with its text: a run keeps that, so that it can be run and changed like any other.
pub(crate) fn scenario(quick: &Quick, folder: PathBuf, color: bool) -> Result<Loaded, Error> {
    let text = text(quick)?;
    scenario_file::of_text("what is tried", &text, folder, color)
}

fn text(quick: &Quick) -> Result<String, Error> {
    let mut out = format!(
        "name = \"try\"\ndescription = \"Tried from the command line.\"\ntrials = {}\n\n[load]\nrate = \"{}\"\nlasting = \"{}\"\n",
        quick.trials, quick.rate, quick.lasting
    );
    if let Some(time) = quick.answer_after {
        out += &format!("\n[receiver]\nanswer_after = \"{time}\"\n");
    }
    let mut names = Vec::new();
    for settings in &quick.variants {
        let (name, lines) = variant(settings)?;
        out += &format!("\n[[variant]]\nname = {}\n{lines}", toml::Value::String(name.clone()));
        names.push(name);
    }
    match (quick.pairs, names.as_slice()) {
        (Some(pairs), [baseline, candidate]) => {
            let [baseline, candidate] = [baseline, candidate].map(|name| toml::Value::String(name.clone()));
            out += &format!("\n[compare]\nbaseline = {baseline}\ncandidate = {candidate}\npairs = {pairs}\n");
        }
        (Some(_), names) => {
            let what = format!("--pairs compares two sets of settings, and {} were given", names.len());
            return Err(Error::Refused(what));
        }
        (None, _) => {}
    }
    Ok(out)
}

/// A variant's name, and its lines in a scenario file.
fn variant(settings: &str) -> Result<(String, String), Error> {
    let settings = settings.trim();
    if settings == DEFAULTS {
        return Ok((DEFAULTS.to_owned(), String::new()));
    }
    let mut lines = String::new();
    for one in settings.split(',').map(str::trim) {
        let first = one.split(['.', '=']).next().unwrap_or_default().trim();
        let whole = if BESIDE.contains(&first) { one.to_owned() } else { format!("exporter.{one}") };
        let set = Override::read(&whole).map_err(|_| {
            Error::Refused(format!(
                "`{one}` is no setting; write KEY=VALUE, for example queue=8192,batch=1024, or `{DEFAULTS}` for the SDK's own"
            ))
        })?;
        lines += set.line();
        lines.push('\n');
    }
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "-_.=,/:+".contains(c) { c } else { '-' };
    Ok((settings.replace(' ', "").chars().map(allowed).collect(), lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(variants: &[&str]) -> Quick {
        Quick {
            variants: variants.iter().map(|one| (*one).to_owned()).collect(),
            rate: Rate(1000.0),
            lasting: Period::millis(8000),
            answer_after: Some(Period::millis(30)),
            trials: 1,
            pairs: None,
        }
    }

    fn load(quick: &Quick) -> Result<Loaded, String> {
        scenario(quick, PathBuf::from("."), false).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_become_variants_of_a_scenario_that_can_be_kept() {
        let loaded = load(&quick(&[
            "defaults",
            "queue=8192, batch=1024",
            "protocol=http/protobuf,receiver.answer_after=5ms",
        ]))
        .unwrap();
        let names: Vec<&str> = loaded.scenario.variant.iter().map(|variant| variant.name.as_str()).collect();
        assert_eq!(
            names,
            ["defaults", "queue=8192,batch=1024", "protocol=http/protobuf,receiver.answer_after=5ms"]
        );
        assert_eq!(
            (loaded.plan.variants[1].exporter.queue, loaded.plan.variants[1].exporter.batch),
            (Some(8192), Some(1024))
        );
        assert_eq!(loaded.plan.variants[2].receiver.answer_after, Some(Period::millis(5)));
        assert_eq!(loaded.plan.load.rate, Some(Rate(1000.0)));
        let again = scenario_file::of_text("kept", &loaded.text, PathBuf::from("."), false).unwrap();
        assert_eq!(again.plan, loaded.plan);
    }

    #[test]
    fn pairs_compare_exactly_two() {
        let two = Quick { pairs: Some(10), ..quick(&["queue=2048", "queue=8192"]) };
        assert_eq!(load(&two).unwrap().plan.trials.len(), 20);
        let one = Quick { pairs: Some(10), ..quick(&["queue=2048"]) };
        assert!(load(&one).unwrap_err().contains("--pairs compares two"));
    }

    #[test]
    fn a_setting_that_is_none_is_shown() {
        for (settings, says) in [
            ("queue", "`queue` is no setting"),
            ("ques=5", "did you mean `queue`?"),
            ("queue=many", "`queue` is the text \"many\"; it takes a whole number"),
            ("queue=1,queue=2", "duplicate key"),
        ] {
            let found = load(&quick(&[settings])).unwrap_err();
            assert!(found.contains(says), "{settings}: {found}");
        }
    }
}
