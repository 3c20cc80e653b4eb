//! Our client of Toxiproxy and the crate `toxiproxy_rust` before one real server (ADR 007).

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use spanfate_run::toxiproxy::{Client, Toxic, ToxicKind, ToxicStream, ToxiproxyProblem};
use tokio::runtime::{Builder, Runtime};
use toxiproxy_rust::client::Client as Peer;
use toxiproxy_rust::proxy::ProxyPack;
use toxiproxy_rust::toxic::ToxicPack;

/// A server, gone when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn server(runtime: &Runtime) -> Server {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../go-fixtures/tools");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("toxiproxy-server");
    let built = Command::new("go")
        .args(["build", "-trimpath", "-o"])
        .arg(&program)
        .arg("github.com/Shopify/toxiproxy/v2/cmd/server")
        .env("CGO_ENABLED", "0")
        .current_dir(module)
        .status();
    assert!(built.unwrap().success());
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let child = Command::new(program)
        .args(["-host", "127.0.0.1", "-port", &address.port().to_string()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server { child, address };
    for _ in 0..500 {
        if runtime.block_on(Client::new(address).reset()).is_ok() {
            return server;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no server at {address}");
}

/// A toxic in the words of the crate.
fn in_its_words(toxic: &ToxicPack) -> (String, String, String, f32, Vec<(String, u32)>) {
    let mut attributes: Vec<_> = toxic.attributes.iter().map(|(name, value)| (name.clone(), *value)).collect();
    attributes.sort();
    (toxic.name.clone(), toxic.r#type.clone(), toxic.stream.clone(), toxic.toxicity, attributes)
}

/// The same of ours, by what is sent.
fn ours_in_its_words(toxic: &Toxic) -> (String, String, String, f32, Vec<(String, u32)>) {
    in_its_words(&serde_json::from_value(serde_json::to_value(toxic).unwrap()).unwrap())
}

fn toxic(name: &str, kind: ToxicKind, stream: Stream, toxicity: f32) -> Toxic {
    Toxic { name: name.to_owned(), kind, stream, toxicity }
}

#[test]
fn both_clients_see_the_same_proxies_and_toxics_of_one_server() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let server = server(&runtime);
    let (ours, peer) = (Client::new(server.address), Peer::new(server.address));

    // Theirs, as ours sees it.
    let pack = ProxyPack::new("theirs".into(), "127.0.0.1:0".into(), "127.0.0.1:9".into());
    let theirs = peer.populate(vec![pack]).unwrap().remove(0);
    theirs
        .with_latency("upstream".into(), 100, 20, 1.0)
        .with_bandwidth("upstream".into(), 64, 0.5)
        .with_slow_close("upstream".into(), 7, 1.0)
        .with_timeout("downstream".into(), 0, 0.25)
        .with_slicer("downstream".into(), 100, 10, 5, 1.0)
        .with_limit_data("downstream".into(), 4000, 0.0);
    let expected = [
        toxic("latency_upstream", ToxicKind::Latency { latency: 100, jitter: 20 }, ToxicStream::Upstream, 1.0),
        toxic("bandwidth_upstream", ToxicKind::Bandwidth { rate: 64 }, ToxicStream::Upstream, 0.5),
        toxic("slow_close_upstream", ToxicKind::SlowClose { delay: 7 }, ToxicStream::Upstream, 1.0),
        toxic("timeout_downstream", ToxicKind::Timeout { timeout: 0 }, ToxicStream::Downstream, 0.25),
        toxic(
            "slicer_downstream",
            ToxicKind::Slicer { average_size: 100, size_variation: 10, delay: 5 },
            ToxicStream::Downstream,
            1.0,
        ),
        toxic("limit_data_downstream", ToxicKind::LimitData { bytes: 4000 }, ToxicStream::Downstream, 0.0),
    ];
    assert_eq!(runtime.block_on(ours.toxics("theirs")).unwrap(), expected);
    let seen = runtime.block_on(ours.proxy("theirs")).unwrap();
    assert_eq!((seen.upstream.as_str(), seen.enabled), ("127.0.0.1:9", true));
    theirs.disable().unwrap();
    assert!(!runtime.block_on(ours.proxy("theirs")).unwrap().enabled);

    // Ours, as theirs sees it.
    let created = runtime.block_on(ours.create_proxy("ours", "127.0.0.1:0", "127.0.0.1:9")).unwrap();
    for toxic in &expected {
        runtime.block_on(ours.add_toxic("ours", toxic)).unwrap();
    }
    let found = peer.find_proxy("ours").unwrap();
    let pack = &found.proxy_pack;
    assert_eq!(
        (pack.listen.clone(), &pack.upstream, pack.enabled),
        (created.listen.to_string(), &created.upstream, true)
    );
    let listed: Vec<_> = found.toxics().unwrap().iter().map(in_its_words).collect();
    assert_eq!(listed, expected.iter().map(ours_in_its_words).collect::<Vec<_>>());
    let mut all: Vec<_> = peer.all().unwrap().into_keys().collect();
    all.sort();
    assert_eq!(all, ["ours", "theirs"]);

    // Why there is one of our own: what the server refuses, theirs does not tell.
    theirs.with_latency("upstream".into(), 9999, 0, 1.0).with_latency("sideways".into(), 1, 1, 1.0);
    assert_eq!(runtime.block_on(ours.toxics("theirs")).unwrap(), expected);
    let clash = runtime.block_on(ours.add_toxic("theirs", &expected[0])).unwrap_err();
    assert!(matches!(clash, ToxiproxyProblem::Refused { status: 409, .. }), "{clash}");

    // A reset by one is one for the other.
    peer.reset().unwrap();
    assert_eq!(runtime.block_on(ours.toxics("ours")).unwrap(), []);
    assert!(runtime.block_on(ours.proxy("theirs")).unwrap().enabled);
}
