//! The canary through a real Jaeger.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::{counts, fly, free_port};
use crate::lab::{lab, root};

/// A real Jaeger, which shows what it took. What a test plants is planted before it, in the pipeline.
#[test]
#[ignore = "builds Jaeger: cargo test -p spanfate --test e2e canary_through_a_real_jaeger -- --ignored"]
fn canary_through_a_real_jaeger() {
    let Some(lab) = lab() else { return };
    let program = root().join("target/fixtures/jaeger-1.76");
    if !program.is_file() {
        // A scenario with that end builds it first.
        let mut run = lab.program();
        run.args(["scenario", "dual-engine", "--out"]).arg(lab.path("results"));
        let said = run.output().unwrap();
        assert!(program.is_file(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    let ports: Vec<u16> = (0..7).map(|_| free_port()).collect();
    let flags = [
        "collector.otlp.grpc.host-port",
        "query.http-server.host-port",
        "collector.otlp.http.host-port",
        "admin.http.host-port",
        "query.grpc-server.host-port",
        "collector.grpc-server.host-port",
        "collector.http-server.host-port",
    ];
    let flags = flags.iter().zip(&ports).map(|(flag, port)| format!("--{flag}=127.0.0.1:{port}"));
    let mut jaeger = Command::new(program)
        .args(flags)
        .envs([("SPAN_STORAGE_TYPE", "memory"), ("OTEL_TRACES_SAMPLER", "always_off")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let up = (0..400).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        ports[..2].iter().all(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok())
    });
    let (to, from) =
        (format!("http://127.0.0.1:{}", ports[0]), format!("jaeger:http://127.0.0.1:{}", ports[1]));
    let landed =
        fly(&["--to", &to, "--from", &from, "--for", "4s", "--deadline", "5s", "--format", "json"], &[])
            .land();
    // One that was killed has nothing left to show, and nobody answers.
    jaeger.kill().unwrap();
    jaeger.wait().unwrap();
    let gone = fly(&["--to", &to, "--from", &from, "--once", "--deadline", "200ms"], &[]).land();
    assert!(up && landed.code == Some(0), "{}{}", landed.stdout, landed.stderr);
    assert_eq!(counts(&landed.json()["counts"]), BTreeMap::from([("received".to_owned(), 100)]));
    assert_eq!(gone.code, Some(99), "{}{}", gone.stdout, gone.stderr);
}
