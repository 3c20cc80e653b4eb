//! What becomes of files that commands wrote, and of those that none did.

use std::path::Path;

use spanfate_model::finding::designs::command::DesignCommand;
use spanfate_model::finding::designs::{DesignRun, DesignTable};
use spanfate_model::verdict::ExitCode;

use super::super::sections;
use super::{DesignCommands, measured, misfits, written};
use crate::scenario_file::typed;

const TEXT: &str = r#"{
  "format": "1.0", "name": "zerocopy", "command": "go run ./cmd/zerocopy -json", "sdk": "1.47.0",
  "machine": {"go": "go1.26.8", "kernel": "6.18", "cpus": 2},
  "repeats": [{"stolen": 0, "others": 0.01}, {"stolen": 0, "others": 0.02}, {"stolen": 0.2, "others": 0.01}],
  "figures": [{"name": "latency", "unit": "us", "means": "of a message"},
              {"name": "copies", "unit": "count", "means": "by the sender"}],
  "contenders": [
    {"name": "write", "values": {"latency": [100, 102, 900], "copies": [1, 1, 1]}},
    {"name": "splice", "values": {"latency": [null, null, 50], "copies": [0, 0, 0]}}
  ]
}"#;

const LIST: &str = "[[command]]\nname = 'zerocopy'\ndesign = '4.3 Zero-copy'\nasks = 'How fast?'\n\
    run = 'go run ./cmd/zerocopy -json'\nsentence = 'No.'\n";

fn commands(list: &str) -> Result<Vec<DesignCommand>, (ExitCode, String)> {
    let read = typed(Path::new("designs.toml"), list, false, misfits);
    read.map(|file: DesignCommands| file.commands).map_err(|error| (error.exit(), error.to_string()))
}

/// What becomes of a text that a command wrote.
fn taken(text: &str, list: &str) -> Result<(String, DesignRun), (ExitCode, String)> {
    let commands = commands(list).unwrap();
    measured(Path::new("z.json"), text, &commands).map_err(|error| (error.exit(), error.to_string()))
}

#[test]
fn a_time_rests_on_repeats_that_were_not_disturbed_and_a_count_on_all() {
    let (name, run) = taken(TEXT, LIST).unwrap();
    assert_eq!((name.as_str(), run.sdk.as_str(), run.machine.unwrap().cpus), ("zerocopy", "1.47.0", 2));
    let [write, splice] = &run.contenders[..] else { panic!("two contenders") };
    let latency = write.figures["latency"];
    let (low, high) = latency.interval.unwrap();
    assert_eq!((latency.mean, latency.n, latency.valid), (101.0, 2, true));
    assert!(low < 100.0 && high > 102.0, "{low} … {high}");
    assert_eq!((write.figures["copies"].mean, write.figures["copies"].n), (1.0, 3));
    // Where it was measured in a disturbed repeat alone, it is shown for what it is.
    let latency = splice.figures["latency"];
    assert_eq!((latency.mean, latency.interval, latency.valid), (50.0, None, false));
}

#[test]
fn a_command_line_that_has_changed_since_shows_no_figures() {
    let commands = commands(LIST).unwrap();
    let (name, run) = taken(TEXT, LIST).unwrap();
    let mut table = DesignTable::default();
    table.commands.insert(name, run);
    assert!(sections(&[], &commands, &table)[0].run.is_some());
    let changed =
        [DesignCommand { run: "go run ./cmd/zerocopy -rounds 7 -json".to_owned(), ..commands[0].clone() }];
    assert!(sections(&[], &changed, &table)[0].run.is_none());
}

#[test]
fn what_was_measured_otherwise_is_refused_with_what_to_do() {
    for (old, new, says) in [
        ("\"zerocopy\"", "\"zero\"", "is not in go-fixtures/designs.toml; there are zerocopy"),
        ("zerocopy -json", "zerocopy -rounds 20 -json", "measure again: go run ./cmd/zerocopy -json"),
    ] {
        let (exit, said) = taken(&TEXT.replacen(old, new, 1), LIST).unwrap_err();
        assert!(exit == ExitCode::InputMissing && said.contains(says), "{said}");
    }
}

#[test]
fn what_no_command_writes_is_refused_where_it_is_wrong() {
    for (old, new, says) in [
        ("\"us\"", "\"ms\"", "z.json:5:46: unknown variant `ms`"),
        ("\"cpus\": 2", "\"cpus\": two", "z.json:3:"),
        ("\"sdk\"", "\"sdc\"", "z.json:2:86: unknown field `sdc`"),
        ("[1, 1, 1]", "[1, 1]", "z.json: contenders[0].values[\"copies\"] has 2 values for 3 repeats"),
        ("[0, 0, 0]", "[0, -1, 0]", "z.json: contenders[1].values[\"copies\"][1] is -1"),
    ] {
        let (exit, said) = taken(&TEXT.replacen(old, new, 1), LIST).unwrap_err();
        assert!(exit == ExitCode::ScenarioInvalid && said.starts_with(says), "{said}");
    }
}

#[test]
fn a_list_of_commands_is_held_to_its_shape() {
    for (old, new, says) in [
        ("asks = 'How fast?'\n", "", "asks"),
        ("'No.'", "' '", "`sentence` is no line of text"),
        ("asks", "ask", "ask"),
    ] {
        let (exit, said) = commands(&LIST.replacen(old, new, 1)).unwrap_err();
        assert!(exit == ExitCode::ScenarioInvalid && said.contains(says), "{said}");
    }
    let (_, said) = commands(&LIST.repeat(2)).unwrap_err();
    assert!(said.contains("`zerocopy` stands twice") && said.contains("designs.toml:8"), "{said}");
}

#[test]
fn a_result_of_a_run_is_told_from_what_a_command_wrote() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("some.json");
    for (text, is_command) in
        [(TEXT, true), (r#"{"format": "1.9", "plan": {"name": "x"}}"#, false), ("{", true), ("", true)]
    {
        std::fs::write(&file, text).unwrap();
        assert_eq!(written(&file).unwrap().as_deref(), is_command.then_some(text), "{text}");
    }
    std::fs::write(&file, b"{\"name\": \"\xff\"}").unwrap();
    let error = written(&file).unwrap_err();
    assert!(error.exit() == ExitCode::ScenarioInvalid && error.to_string().contains("byte 10"), "{error}");
    assert_eq!(written(folder.path()).unwrap(), None);
}
