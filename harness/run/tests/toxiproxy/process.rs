//! The server's process.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use spanfate_run::process::guard::Guard;
use spanfate_run::toxiproxy::Server;

use super::bench::{bench, there_and_back};

pub(crate) fn nothing_is_left_when_it_is_dropped(program: &Path) {
    let mut bench = bench(program);
    there_and_back(&mut bench.connect(), b"there");
    assert!(!bench.server.has_ended().unwrap());
    let log = fs::read_to_string(bench.dir.path().join("toxiproxy.log")).unwrap();
    assert!(log.contains("Starting Toxiproxy HTTP server"), "{log}");
    let (pid, address) = (bench.server.pid(), bench.server.address());
    let (proxy, open) = (bench.proxy.listen, bench.connect());
    drop(bench);
    assert_eq!(kill(Pid::from_raw(pid.cast_signed()), None), Err(Errno::ESRCH));
    assert!(TcpStream::connect(address).is_err() && TcpStream::connect(proxy).is_err());
    drop(open);
}

pub(crate) fn what_is_no_server_is_an_error(_: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let guard = Arc::new(Guard::start().unwrap());
    for program in ["/bin/false", "/there/is/no/such/program"] {
        let error = Server::start(Path::new(program), &guard, &log).unwrap_err().to_string();
        let expected = format!("fixture toxiproxy ended before it answered; see {}", log.display());
        assert_eq!(error, expected);
    }
}
