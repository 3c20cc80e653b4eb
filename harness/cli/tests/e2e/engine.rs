//! A real Jaeger, as scenarios build it.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::lab::root;

/// A Jaeger that runs; it is killed with what holds it.
pub(crate) struct RealJaeger {
    child: Child,
    /// Where it takes spans, over gRPC and over HTTP.
    pub(crate) grpc: u16,
    pub(crate) http: u16,
    /// Where it is asked.
    pub(crate) query: u16,
}

impl RealJaeger {
    /// Where a scenario with such an end leaves it, once it has built it.
    pub(crate) fn program() -> PathBuf {
        root().join("target/fixtures/jaeger-1.76")
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn start() -> Self {
        let ports: Vec<u16> = (0..7).map(|_| free_port()).collect();
        let flags = [
            "collector.otlp.grpc.host-port",
            "collector.otlp.http.host-port",
            "query.http-server.host-port",
            "admin.http.host-port",
            "query.grpc-server.host-port",
            "collector.grpc-server.host-port",
            "collector.http-server.host-port",
        ];
        let flags = flags.iter().zip(&ports).map(|(flag, port)| format!("--{flag}=127.0.0.1:{port}"));
        let child = Command::new(Self::program())
            .args(flags)
            .envs([("SPAN_STORAGE_TYPE", "memory"), ("OTEL_TRACES_SAMPLER", "always_off")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let jaeger = Self { child, grpc: ports[0], http: ports[1], query: ports[2] };
        let is_up = (0..400).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            ports[..3].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        });
        assert!(is_up, "Jaeger did not answer");
        jaeger
    }
}

impl Drop for RealJaeger {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
