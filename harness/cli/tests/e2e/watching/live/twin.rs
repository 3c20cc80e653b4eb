//! Two real exporters of the Go SDK, each behind its own batch processor.

use std::process::Command;

use super::{Seen, Watch};
use crate::lab::lab;

/// What is said of so many traces, of which the second exporter lost a leaf in some.
fn seen(traces: u32, lost: u32) -> Option<Seen> {
    let lab = lab()?;
    let program = lab.build_file("twin", "watching/live/twin.go");
    let watch = Watch::start(&["--json", "--window", "5s"]);
    let mut twin = Command::new(program);
    twin.args([format!("http://{}", watch.left), format!("http://{}/v1/traces", watch.right)]);
    let done = twin.args([traces.to_string(), lost.to_string()]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(watch.stop())
}

#[test]
fn what_two_exporters_send_is_equal_in_every_field() {
    // No more than a queue holds.
    let Some(seen) = seen(600, 0) else { return };
    let found = seen.json();
    assert_eq!(seen.code, Some(0), "{found:#}");
    assert_eq!(
        (&found["counts"]["both"], &found["traces"]["equal"]),
        (&1800.into(), &600.into()),
        "{found:#}"
    );
    assert!(found["not_compared"].as_array().unwrap().is_empty());
}

#[test]
fn what_one_exporter_loses_is_named() {
    let Some(seen) = seen(600, 7) else { return };
    let found = seen.json();
    assert_eq!(seen.code, Some(99), "{found:#}");
    let counts = &found["counts"];
    assert_eq!(
        (&counts["only_left"], &counts["different"], &counts["only_right"]),
        (&7.into(), &0.into(), &0.into())
    );
    assert_eq!(found["traces"]["right"]["shortened"], 7, "{found:#}");
    assert_eq!(
        (&found["samples"][0]["name"], &found["samples"][0]["service"]),
        (&"lost".into(), &"twin".into())
    );
    assert_eq!(seen.stderr.matches("only left twin · lost").count(), 7, "{}", seen.stderr);
}
