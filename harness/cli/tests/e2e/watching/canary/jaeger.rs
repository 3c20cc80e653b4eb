//! The canary through a real Jaeger.

use std::collections::BTreeMap;

use super::{counts, fly};
use crate::engine::RealJaeger;
use crate::lab::lab_alone;

/// A real Jaeger, which shows what it took. What a test plants is planted before it, in the pipeline.
#[test]
#[ignore = "builds Jaeger: cargo test -p spanfate --test e2e canary_through_a_real_jaeger -- --ignored"]
fn canary_through_a_real_jaeger() {
    let Some(lab) = lab_alone() else { return };
    let program = RealJaeger::program();
    if !program.is_file() {
        // A scenario with that end builds it first.
        let mut run = lab.program();
        run.args(["scenario", "dual-engine", "--out"]).arg(lab.path("results"));
        let said = run.output().unwrap();
        assert!(program.is_file(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    let jaeger = RealJaeger::start();
    let (to, from) =
        (format!("http://127.0.0.1:{}", jaeger.grpc), format!("jaeger:http://127.0.0.1:{}", jaeger.query));
    let landed =
        fly(&["--to", &to, "--from", &from, "--for", "4s", "--deadline", "5s", "--format", "json"], &[])
            .land();
    // One that was killed has nothing left to show, and nobody answers.
    drop(jaeger);
    let gone = fly(&["--to", &to, "--from", &from, "--once", "--deadline", "200ms"], &[]).land();
    assert_eq!(landed.code, Some(0), "{}{}", landed.stdout, landed.stderr);
    assert_eq!(counts(&landed.json()["counts"]), BTreeMap::from([("received".to_owned(), 100)]));
    assert_eq!(gone.code, Some(99), "{}{}", gone.stdout, gone.stderr);
}
