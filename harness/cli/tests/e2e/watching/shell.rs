//! What the user's shell tells a program, and where a program of ours that is called outside a checkout writes to.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use spanfate_model::fate::{ExportCause, Fate};
use spanfate_model::result::RunResult;
use spanfate_model::unread::UnreadReason;
use spanfate_model::verdict::Verdict;

use crate::lab::Lab;
use crate::watching::probes::probed;

/// Attaches to the program with a variable set, in the lab's folder.
fn attach(lab: &Lab, program: &str, variable: (&str, &str)) -> (RunResult, Option<i32>) {
    attach_with(lab, &[], program, variable)
}

fn attach_with(
    lab: &Lab,
    options: &[&str],
    program: &str,
    variable: (&str, &str),
) -> (RunResult, Option<i32>) {
    let results = lab.path("spanfate-results");
    drop(fs::remove_dir_all(&results));
    let mut command = lab.program();
    command.args(["attach", "--quiet"]).args(options).args(["--", program]);
    command.current_dir(&lab.folder).env(variable.0, variable.1);
    let output = command.output().unwrap();
    let runs = fs::read_dir(&results).unwrap_or_else(|_| panic!("{output:?}"));
    let mut paths = runs.map(|entry| entry.unwrap().path());
    let run: PathBuf = paths.find(|path| path.is_dir()).unwrap();
    let bytes = fs::read(run.join("result.json")).unwrap();
    (serde_json::from_slice(&bytes).unwrap(), output.status.code())
}

#[test]
fn a_variable_that_explains_an_empty_result_is_named() {
    let Some(lab) = probed() else { return };
    let program = lab.build_file("shell", "watching/shell.go");
    let program = program.to_str().unwrap();
    let cases = [
        (("OTEL_TRACES_EXPORTER", "none"), 100, "OTEL_TRACES_EXPORTER=none has the program export no span"),
        (("OTEL_TRACES_SAMPLER", "always_off"), 100, "OTEL_TRACES_SAMPLER=always_off samples no span"),
        (
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "x"),
            0,
            "exited with code 1 before any span; OTEL_EXPORTER_OTLP_PROTOCOL=x",
        ),
    ];
    for (variable, created, why) in cases {
        let (result, code) = attach(&lab, program, variable);
        assert_eq!(
            (result.verdict, code),
            (Verdict::Inconclusive, Some(3)),
            "{variable:?}: {:?}",
            result.reasons
        );
        assert_eq!(result.variants[0].trials[0].ledger.created, created, "{variable:?}");
        let named = result.reasons.iter().any(|reason| reason.contains(why));
        assert!(named, "{variable:?}: {:?}", result.reasons);
    }
}

#[test]
fn behind_a_relay_to_nobody_spans_are_refused_whatever_the_port() {
    let Some(lab) = probed() else { return };
    let program = lab.build_file("shell", "watching/shell.go");
    // "413" is what servers answer to what is too large; here it is a part of a port.
    let held = [4137, 41302, 54136, 0].iter().find_map(|port| TcpListener::bind(("127.0.0.1", *port)).ok());
    let relay = format!("http://{}", held.unwrap().local_addr().unwrap());
    let patience = ("OTEL_EXPORTER_OTLP_TIMEOUT", "700");
    let (result, code) = attach_with(&lab, &["--relay", &relay], program.to_str().unwrap(), patience);
    let trial = &result.variants[0].trials[0];
    let refused = Fate::ExportFailed(ExportCause::Refused);
    assert_eq!(trial.ledger.total(refused), 100, "{code:?} {:?}: {:?}", result.reasons, trial.ledger.fates);
}

#[test]
fn what_our_receiver_turns_away_is_not_the_service_s_loss() {
    let Some(lab) = probed() else { return };
    let program = lab.build_file("shell", "watching/shell.go");
    let (result, code) = attach(&lab, program.to_str().unwrap(), ("URL_PATH", "/mine"));
    assert_eq!((result.verdict, code), (Verdict::Inconclusive, Some(3)), "{:?}", result.reasons);
    let trial = &result.variants[0].trials[0];
    let [unread] = &trial.unread[..] else { panic!("{:?}", trial.unread) };
    assert!(unread.reason.is(&UnreadReason::Path) && unread.requests == 1, "{unread:?}");
    assert_eq!(unread.example, "POST /mine");
    let why = "our receiver turned 1 request away: it takes nothing at their path (the first: POST /mine)";
    assert!(result.reasons.iter().any(|reason| reason.contains(why)), "{:?}", result.reasons);
    assert!(trial.ledger.closes() && trial.ledger.created == 100);
    let page = fs::read_dir(lab.path("spanfate-results"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|kind| kind == "html"))
        .and_then(|path| fs::read_to_string(path).ok());
    assert!(page.is_some_and(|page| page.contains("path is no OTLP path")));
}
