//! Toxiproxy's real server: what each toxic really does, and what the client says when something is wrong.
//!
//! No ordinary test program: a child is started through this program itself, as `spanfate` does it. Without Go there is no
//! server; then all tests are skipped, and counted as such.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test program may do what tests may"
)]

#[path = "toxiproxy/actions.rs"]
mod actions;
#[path = "toxiproxy/bench.rs"]
mod bench;
#[path = "toxiproxy/calls.rs"]
mod calls;
#[path = "toxiproxy/process.rs"]
mod process;

use std::ffi::OsString;
use std::io::{ErrorKind, stdin};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use spanfate_run::process::guard;
use spanfate_run::process::shim::{Become, become_program};

/// A test, given the server's program.
type Test = (&'static str, fn(&Path));

const TESTS: [Test; 15] = [
    (
        "every_kind_is_created_read_back_changed_and_removed",
        calls::every_kind_is_created_read_back_changed_and_removed,
    ),
    (
        "what_the_server_refuses_is_an_error_with_its_words",
        calls::what_the_server_refuses_is_an_error_with_its_words,
    ),
    (
        "a_server_that_is_gone_or_silent_is_an_error_in_time",
        calls::a_server_that_is_gone_or_silent_is_an_error_in_time,
    ),
    ("latency_delays", actions::latency_delays),
    ("bandwidth_slows", actions::bandwidth_slows),
    (
        "reset_peer_resets_connections_opened_afterwards",
        actions::reset_peer_resets_connections_opened_afterwards,
    ),
    ("limit_data_cuts_at_a_byte", actions::limit_data_cuts_at_a_byte),
    ("slicer_delivers_small_pieces", actions::slicer_delivers_small_pieces),
    ("slow_close_closes_late", actions::slow_close_closes_late),
    ("timeout_stops_data", actions::timeout_stops_data),
    ("a_toxicity_of_nothing_acts_on_nothing", actions::a_toxicity_of_nothing_acts_on_nothing),
    ("down_refuses_and_the_port_stays", actions::down_refuses_and_the_port_stays),
    ("bytes_are_counted_when_a_connection_has_ended", actions::bytes_are_counted_when_a_connection_has_ended),
    ("nothing_is_left_when_it_is_dropped", process::nothing_is_left_when_it_is_dropped),
    ("what_is_no_server_is_an_error", process::what_is_no_server_is_an_error),
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|first| first.to_str()) {
        Some("__guard") => {
            guard::serve(stdin().lock());
            ExitCode::SUCCESS
        }
        Some("__exec") => panic!("{}", become_program(&parsed(&arguments[1..]))),
        _ => run(&arguments),
    }
}

/// The hidden subcommand `__exec --parent PID -- PROGRAM ARGUMENTS`.
fn parsed(arguments: &[OsString]) -> Become {
    assert_eq!((arguments[0].to_str(), arguments[2].to_str()), (Some("--parent"), Some("--")));
    let parent = arguments[1].to_str().unwrap().parse().unwrap();
    let command = arguments[3..].to_vec();
    Become { cpus: Vec::new(), parent, hold: false, unprivileged: false, descriptors: None, command }
}

/// Runs the tests whose names hold one of the arguments that are no options.
fn run(arguments: &[OsString]) -> ExitCode {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let wanted: Vec<&&str> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(**word));
    let tests: Vec<&Test> = TESTS.iter().filter(|(name, _)| chosen(name)).collect();
    if words.contains(&"--list") {
        for (name, _) in tests {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", tests.len());
    if tests.is_empty() {
        return ExitCode::SUCCESS;
    }
    let Some(program) = build() else {
        println!(
            "\ntest result: ok. 0 passed; {} skipped: they need `go`, which is not on PATH\n",
            tests.len()
        );
        return ExitCode::SUCCESS;
    };
    let mut failed = 0;
    for (name, test) in &tests {
        let passed = catch_unwind(AssertUnwindSafe(|| test(&program))).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    println!("\ntest result: {} passed; {failed} failed\n", tests.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Builds the server, as far as it is not built; nothing where there is no Go.
fn build() -> Option<PathBuf> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../go-fixtures/tools");
    assert!(module.join("go.mod").is_file(), "{} holds no module", module.display());
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("toxiproxy-server");
    let built = Command::new("go")
        .args(["build", "-trimpath", "-o"])
        .arg(&program)
        .arg("github.com/Shopify/toxiproxy/v2/cmd/server")
        .env("CGO_ENABLED", "0")
        .current_dir(module)
        .status();
    match built {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        built => {
            assert!(built.unwrap().success(), "the server was not built");
            Some(program)
        }
    }
}
