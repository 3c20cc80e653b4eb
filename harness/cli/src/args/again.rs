//! The command line that runs something again.

use spanfate_model::plan::Plan;
use spanfate_model::result::RunResult;

/// The command that runs it again, where one does. The file that was read lies beside the results; what the command line changed
/// is said again.
pub(crate) fn again(result: &RunResult) -> Option<String> {
    command(&result.run_id, &result.plan)
}

fn command(run: &str, plan: &Plan) -> Option<String> {
    if !plan.subject().is_repeatable() {
        return None;
    }
    let trials = plan.trials.len() / plan.variants.len().max(1);
    let file = word(&format!("results/{run}/scenario.toml"));
    let mut command = format!("cargo run -- scenario {file} --seed {} --trials {trials}", plan.seed);
    for line in &plan.changed {
        command += &format!(" --set {}", word(line));
    }
    for variant in plan.variants.iter().filter(|variant| variant.name != "default") {
        command += &format!(" --variant {}", word(&variant.name));
    }
    Some(command)
}

/// Text as one word of a shell's command, whatever is in it.
fn word(text: &str) -> String {
    let bare =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '+' | '%' | ',');
    if !text.is_empty() && text.chars().all(bare) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use spanfate_model::scenario::{Load, Scenario, Variant};

    use super::*;

    #[test]
    fn it_says_what_the_command_line_changed_and_nothing_for_a_program_without_a_load() {
        let named = |name: &str| Variant { name: name.to_owned(), ..Variant::default() };
        let variant = vec![named("default"), named("queue 1000")];
        let mut plan =
            Plan::resolve(&Scenario { variant, seed: 7, ..Scenario::new("x".to_owned(), Load::default()) });
        let wanted =
            "cargo run -- scenario results/x-1/scenario.toml --seed 7 --trials 1 --variant 'queue 1000'";
        assert_eq!(command("x-1", &plan).as_deref(), Some(wanted));
        plan.attached = true;
        assert_eq!(command("x-1", &plan), None);
    }

    #[test]
    fn a_name_stays_one_word_of_a_command() {
        assert_eq!(word("answer-30ms"), "answer-30ms");
        assert_eq!(word("queue 1000"), "'queue 1000'");
        assert_eq!(word("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(word(""), "''");
    }
}
