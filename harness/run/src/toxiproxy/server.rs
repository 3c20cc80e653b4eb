//! The server's process.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use crate::RunError;
use crate::host::ports::free_port;
use crate::host::{clock, listening};
use crate::process::child::{Managed, command};
use crate::process::guard::Guard;

/// Longest time until it answers.
const READY_BOUND: Duration = Duration::from_secs(10);
/// Distance of attempts.
const AGAIN_NS: u64 = 5_000_000;
/// Bound on one attempt.
const ATTEMPT: Duration = Duration::from_secs(1);
/// How many ports are tried: another program may take one before the server does.
const PORTS: u32 = 3;

/// A server that answers, with nothing proxied yet. Its process is gone when this is dropped, also when the harness is killed.
#[derive(Debug)]
pub struct Server {
    child: Managed,
    address: SocketAddr,
}

impl Server {
    /// Starts the server and waits until it answers; all it writes goes to `log`. Fails when it ends or stays silent. Call it
    /// from a thread that outlives the server: its life is tied to that thread.
    pub fn start(program: &Path, guard: &Arc<Guard>, log: &Path) -> Result<Self, RunError> {
        for _ in 0..PORTS {
            if let Some(server) = Self::start_once(program, guard, log)? {
                return Ok(server);
            }
        }
        Err(fail(format!("found no port that stayed free, {PORTS} times; see {}", log.display())))
    }

    /// Nothing where another program took the port first: the server then writes so and goes on without one.
    fn start_once(program: &Path, guard: &Arc<Guard>, log: &Path) -> Result<Option<Self>, RunError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let mut process = command(program, &[]);
        let arguments = ["-host", "127.0.0.1", "-port", &address.port().to_string()].map(ToOwned::to_owned);
        process.args(arguments).args(["-proxy-metrics", "-runtime-metrics"]).env_clear();
        let file = File::create(log).map_err(RunError::unwritten(log))?;
        process.stdout(file.try_clone().map_err(RunError::unwritten(log))?).stderr(file);
        let mut child = Managed::spawn(process, guard, "toxiproxy")?;
        let end = clock::now() + READY_BOUND.as_nanos() as u64;
        // What answers could be another's server.
        while !(listening::of(child.pid()).contains(&address) && answers(address)) {
            if child.poll()?.is_some() {
                return Err(fail(format!("ended before it answered; see {}", log.display())));
            }
            if fs::read_to_string(log).is_ok_and(|text| text.contains("address already in use")) {
                return Ok(None);
            }
            if clock::now() > end {
                let seconds = READY_BOUND.as_secs();
                return Err(fail(format!("did not answer within {seconds} s; see {}", log.display())));
            }
            clock::sleep_until(clock::now() + AGAIN_NS);
        }
        Ok(Some(Self { child, address }))
    }

    /// Where its HTTP interface is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of it.
    pub const fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Whether it has ended on its own.
    pub fn has_ended(&mut self) -> Result<bool, RunError> {
        Ok(self.child.poll()?.is_some())
    }
}

fn fail(problem: String) -> RunError {
    RunError::Fixture { fixture: "toxiproxy".to_owned(), problem }
}

/// Whether it answers as Toxiproxy does.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, ATTEMPT)?;
        stream.set_read_timeout(Some(ATTEMPT))?;
        write!(stream, "GET /version HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"version\""))
}
