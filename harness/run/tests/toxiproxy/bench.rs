//! A server, a proxy before an echo, and connections through it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use spanfate_run::process::guard::Guard;
use spanfate_run::toxiproxy::{Client, Proxy, Server, Toxic, ToxicKind, ToxicStream, ToxiproxyProblem};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The name of the proxy.
pub(crate) const NAME: &str = "before-the_receiver.1";

/// A server with one proxy before an echo.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) proxy: Proxy,
    pub(crate) dir: TempDir,
    runtime: Runtime,
}

/// Starts all of it.
pub(crate) fn bench(program: &Path) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let guard = Arc::new(Guard::start().unwrap());
    let server = Server::start(program, &guard, &dir.path().join("toxiproxy.log")).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = server.client();
    let upstream = echo().to_string();
    let proxy = runtime.block_on(client.create_proxy(NAME, "127.0.0.1:0", &upstream)).unwrap();
    assert_eq!((proxy.name.as_str(), &proxy.upstream, proxy.enabled), (NAME, &upstream, true));
    assert_ne!(proxy.listen.port(), 0);
    Bench { server, client, proxy, dir, runtime }
}

/// Sends back what comes, until the end, then ends too; lives as long as this program.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let (mut from, mut to) = (stream.try_clone().unwrap(), stream);
                // A connection that is cut is what some tests want.
                std::io::copy(&mut from, &mut to).ok();
                to.shutdown(Shutdown::Write).ok();
            });
        }
    });
    address
}

impl Bench {
    /// Waits for a call.
    pub(crate) fn wait<T>(
        &self,
        call: impl Future<Output = Result<T, ToxiproxyProblem>>,
    ) -> Result<T, ToxiproxyProblem> {
        self.runtime.block_on(call)
    }

    /// Adds a toxic that acts on everything.
    pub(crate) fn add(&self, kind: ToxicKind, stream: ToxicStream) -> Toxic {
        let toxic = Toxic { name: "it".to_owned(), kind, stream, toxicity: 1.0 };
        let found = self.wait(self.client.add_toxic(NAME, &toxic)).unwrap();
        assert_eq!(found, toxic);
        found
    }

    /// A connection through the proxy; reading from it is bounded.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.proxy.listen).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }
}

/// Sends something and waits until it has come back.
pub(crate) fn there_and_back(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, bytes);
}
