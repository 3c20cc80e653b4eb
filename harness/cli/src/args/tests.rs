//! What the command line takes, and what it says of what it does not take.

use clap::{Command, CommandFactory, Parser};

use super::Arguments;

fn program() -> Command {
    let mut program = Arguments::command();
    program.build();
    program
}

#[test]
fn the_parser_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn no_wrong_value_brings_a_word_of_rust() {
    let banned = [
        "digit",
        "too large to fit",
        "too small to fit",
        "non-zero type",
        "float",
        "cannot parse",
        "u16",
        "u32",
        "u64",
    ];
    let mut tried = 0;
    for command in program().get_subcommands().filter(|command| !command.is_hide_set()) {
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            let Some(long) = argument.get_long() else { continue };
            for wrong in ["x", "-1", "0", "1.5", "", "99999999999999999999999999"] {
                let line = ["spanfate", command.get_name(), &format!("--{long}={wrong}")].map(str::to_owned);
                if let Err(error) = program().try_get_matches_from(line) {
                    let text = error.to_string();
                    let word = banned.into_iter().find(|word| text.contains(word));
                    assert_eq!(word, None, "{} --{long}={wrong}: {text}", command.get_name());
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 200, "{tried}");
}

/// The words of a line as a shell would give them.
fn words(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for letter in line.trim().chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            _ => out.last_mut().unwrap().push(letter),
        }
    }
    out
}

#[test]
fn every_example_is_a_command_line() {
    let mut program = program();
    let mut texts: Vec<String> = program.get_after_long_help().iter().map(ToString::to_string).collect();
    let all = program
        .get_subcommands_mut()
        .filter_map(|command| command.get_after_long_help().map(ToString::to_string));
    texts.extend(all);
    let lines: Vec<&str> =
        texts.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  ")).collect();
    assert!(lines.len() > 30, "{}", lines.len());
    for line in lines {
        let parsed = Arguments::try_parse_from(words(line));
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
    }
}
