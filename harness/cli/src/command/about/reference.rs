//! `spanfate reference`: what `--help` says of every command, as one page of Markdown.

use clap::{Arg, ArgAction, Command, CommandFactory};
use spanfate_model::verdict::ExitCode;

use crate::args::Arguments;
use crate::error::Error;
use crate::show;

/// What stands before the commands.
const HEAD: &str = "# Commands\n\n<!-- `spanfate reference` prints this page; a test holds that it is what the program says. -->\n\n\
                    Every command says the same with `--help`. From a clone, `cargo run --` stands for `spanfate`.\n\
                    `TIME` is a number with a unit (`30ms`, `8s`, `20min`), `RATE` is one per time (`1000/s`). `RUN` is a results directory or\n\
                    the id of a run in `results/`. [Exit codes](exit-codes.md) are the same for all.\n\n";

/// Prints `docs/commands.md`.
pub(in crate::command) fn run() -> Result<ExitCode, Error> {
    show::data(&page(&mut Arguments::command()))?;
    Ok(ExitCode::Pass)
}

fn page(program: &mut Command) -> String {
    program.build();
    let shown = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    let commands: Vec<&Command> = program.get_subcommands().filter(shown).collect();
    let mut out = HEAD.to_owned();
    out += "| command | what it does |\n|---|---|\n";
    for command in &commands {
        let (name, about) =
            (command.get_name(), command.get_about().map(ToString::to_string).unwrap_or_default());
        out += &format!("| [`{name}`](#spanfate-{name}) | {} |\n", cell(&sentence(about)));
    }
    for command in commands {
        out += &section(command);
    }
    out += "\n## All commands\n\n";
    for argument in program.get_arguments().filter(|argument| argument.is_global_set()) {
        out += &described(argument);
    }
    out
}

fn section(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string);
    let mut out =
        format!("\n## spanfate {}\n\n{}\n\n", command.get_name(), sentence(about.unwrap_or_default()));
    out += &format!("    {}\n", usage(command));
    let own =
        |argument: &&Arg| !argument.is_global_set() && !argument.is_hide_set() && argument.get_id() != "help";
    let (places, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(own).partition(|argument| argument.is_positional());
    for (what, arguments) in [("Arguments", places), ("Options", options)] {
        if !arguments.is_empty() {
            out += &format!("\n{what}:\n\n");
            for argument in arguments {
                out += &described(argument);
            }
        }
    }
    if let Some(examples) = command.get_after_long_help() {
        out.push('\n');
        for line in examples.to_string().trim_end().lines() {
            // Lines of a command are set in already, a little less than Markdown asks.
            let code = line.strip_prefix("  ").map(|code| format!("    {code}"));
            out += &format!("{}\n", code.as_deref().unwrap_or(line));
        }
    }
    out
}

fn usage(command: &Command) -> String {
    let text = command.clone().render_usage().to_string();
    let text = text.strip_prefix("Usage: ").unwrap_or(&text).trim();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("\n    ")
}

/// An argument as an item of a list.
fn described(argument: &Arg) -> String {
    let help = argument.get_long_help().or_else(|| argument.get_help()).map(ToString::to_string);
    let mut text = sentence(help.unwrap_or_default().trim().replace('\n', " "));
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    let takes = argument.get_action().takes_values();
    if takes && !defaults.is_empty() && !argument.is_hide_default_value_set() {
        text += &format!(" Default: {}.", defaults.join(", "));
    }
    let mut out = format!("- {}: {}\n", called(argument), text.trim());
    for value in argument.get_possible_values().iter().filter(|value| takes && !value.is_hide_set()) {
        let help =
            value.get_help().map(|help| format!(": {}", sentence(help.to_string()))).unwrap_or_default();
        out += &format!("  - `{}`{help}\n", value.get_name());
    }
    out
}

/// The parser takes the last point away from what is one paragraph.
fn sentence(text: String) -> String {
    if text.is_empty() || text.ends_with(['.', ':', '?']) { text } else { text + "." }
}

/// How an argument is written.
fn called(argument: &Arg) -> String {
    let values: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    if argument.is_positional() {
        let several = matches!(argument.get_action(), ArgAction::Append);
        return format!("`{}`{}", values.join(" "), if several { " …" } else { "" });
    }
    let short = argument.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let long = argument.get_long().unwrap_or_default();
    let optional = argument.get_num_args().is_some_and(|count| count.min_values() == 0);
    let values = match (argument.get_action().takes_values(), values.join(" ")) {
        (true, values) if optional => format!(" [{values}]"),
        (true, values) => format!(" {values}"),
        (false, _) => String::new(),
    };
    format!("{short}`--{long}{values}`")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_every_argument_says_what_it_is_for() {
        let mut program = Arguments::command();
        program.build();
        for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says nothing");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let says = argument.get_help().is_some_and(|text| !text.to_string().is_empty());
                assert!(says || argument.get_id() == "help", "{name} {} says nothing", argument.get_id());
            }
        }
    }

    #[test]
    fn the_page_shows_what_help_shows_and_hides_what_it_hides() {
        let page = page(&mut Arguments::command());
        for part in [
            "## spanfate scenario",
            "`--set KEY=VALUE`",
            "| [`peek`](#spanfate-peek) |",
            "    spanfate explain SPAN_ID",
        ] {
            assert!(page.contains(part), "no `{part}` in:\n{page}");
        }
        assert!(!page.contains("__guard") && !page.contains("spanfate reference |"));
    }
}
