//! What the client sends, reads back, and says when something is wrong.

use std::net::TcpListener;
use std::path::Path;

use serde_json::json;
use spanfate_run::RunError;
use spanfate_run::toxiproxy::{Client, Toxic, ToxicKind, ToxicStream, ToxiproxyProblem};

use super::bench::{NAME, bench};

const KINDS: [ToxicKind; 7] = [
    ToxicKind::Latency { latency: 1500, jitter: 20 },
    ToxicKind::Bandwidth { rate: 64 },
    ToxicKind::SlowClose { delay: 3 },
    ToxicKind::Timeout { timeout: 0 },
    ToxicKind::ResetPeer { timeout: 4 },
    ToxicKind::Slicer { average_size: 100, size_variation: 10, delay: 7 },
    ToxicKind::LimitData { bytes: 1 << 40 },
];

pub(crate) fn every_kind_is_created_read_back_changed_and_removed(program: &Path) {
    let bench = bench(program);
    let client = bench.client;
    let toxic = |(n, kind): (usize, ToxicKind)| Toxic {
        name: format!("toxic-{n}"),
        kind,
        // The server lists the one stream before the other.
        stream: if n < 3 { ToxicStream::Upstream } else { ToxicStream::Downstream },
        toxicity: [1.0, 0.1, 0.5, 0.0][n % 4],
    };
    let mut all: Vec<Toxic> = KINDS.into_iter().enumerate().map(toxic).collect();
    for toxic in &all {
        assert_eq!(&bench.wait(client.add_toxic(NAME, toxic)).unwrap(), toxic);
    }
    assert_eq!(bench.wait(client.toxics(NAME)).unwrap(), all);
    all[0].kind = ToxicKind::Latency { latency: 7, jitter: 0 };
    all[0].toxicity = 0.25;
    assert_eq!(bench.wait(client.update_toxic(NAME, &all[0])).unwrap(), all[0]);
    bench.wait(client.remove_toxic(NAME, "toxic-3")).unwrap();
    all.remove(3);
    assert_eq!(bench.wait(client.toxics(NAME)).unwrap(), all);
    // An update keeps to kind and stream; the server says nothing, the client does.
    let other = Toxic { stream: ToxicStream::Downstream, ..all[0].clone() };
    let problem = bench.wait(client.update_toxic(NAME, &other)).unwrap_err();
    assert!(matches!(problem, ToxiproxyProblem::Different { .. }), "{problem}");
    let other = Toxic { kind: KINDS[1], ..all[0].clone() };
    let problem = bench.wait(client.update_toxic(NAME, &other)).unwrap_err();
    assert!(matches!(problem, ToxiproxyProblem::Different { .. }), "{problem}");
    bench.wait(client.set_enabled(NAME, false)).unwrap();
    assert!(!bench.wait(client.proxy(NAME)).unwrap().enabled);
    bench.wait(client.reset()).unwrap();
    assert_eq!(bench.wait(client.toxics(NAME)).unwrap(), []);
    assert_eq!(bench.wait(client.proxy(NAME)).unwrap(), bench.proxy);
    bench.connect();
}

/// What a refusal says: status and words.
fn refused<T: std::fmt::Debug>(answer: Result<T, ToxiproxyProblem>) -> (u16, String) {
    match answer {
        Err(ToxiproxyProblem::Refused { status, message, .. }) => (status, message),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn what_the_server_refuses_is_an_error_with_its_words(program: &Path) {
    let bench = bench(program);
    let client = bench.client;
    let said = |status: u16, text: &str| (status, text.to_owned());
    let toxic = bench.add(KINDS[1], ToxicStream::Upstream);
    assert_eq!(refused(bench.wait(client.add_toxic(NAME, &toxic))), said(409, "toxic already exists"));
    assert_eq!(refused(bench.wait(client.add_toxic("other", &toxic))), said(404, "proxy not found"));
    assert_eq!(refused(bench.wait(client.remove_toxic(NAME, "other"))), said(404, "toxic not found"));
    assert_eq!(refused(bench.wait(client.toxics("other"))), said(404, "proxy not found"));
    assert_eq!(refused(bench.wait(client.set_enabled("other", true))), said(404, "proxy not found"));
    let taken = client.create_proxy(NAME, "127.0.0.1:0", "127.0.0.1:1");
    assert_eq!(refused(bench.wait(taken)), said(409, "proxy already exists"));
    let occupied = bench.proxy.listen.to_string();
    let (status, text) = refused(bench.wait(client.create_proxy("two", &occupied, "127.0.0.1:1")));
    assert!(status == 500 && text.contains("address already in use"), "{status} {text}");
    let nonsense = json!({"name": "n", "type": "latency", "stream": "sideways"});
    let path = format!("/proxies/{NAME}/toxics");
    let (status, text) = refused(bench.wait(client.raw(http::Method::POST, &path, &nonsense)));
    assert_eq!((status, text.as_str()), (400, "stream was invalid, can be either upstream or downstream"));
    let nonsense = json!({"name": "n", "type": "poison", "stream": "upstream"});
    let (status, text) = refused(bench.wait(client.raw(http::Method::POST, &path, &nonsense)));
    assert_eq!((status, text.as_str()), (400, "invalid toxic type"));
    for name in ["", "a b", "a/b", "a\"", "ä"] {
        let problem = bench.wait(client.create_proxy(name, "127.0.0.1:0", "127.0.0.1:1")).unwrap_err();
        assert!(matches!(problem, ToxiproxyProblem::Name(_)), "{problem}");
    }
    // What a user reads.
    let error = RunError::from(bench.wait(client.toxics("other")).unwrap_err());
    let text =
        "fixture toxiproxy failed: toxiproxy answered GET /proxies/other/toxics with 404: proxy not found";
    assert_eq!(error.to_string(), text);
    // Nothing of all this left anything.
    assert_eq!(bench.wait(client.toxics(NAME)).unwrap(), [toxic]);
}

pub(crate) fn a_server_that_is_gone_or_silent_is_an_error_in_time(program: &Path) {
    let bench = bench(program);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(silent.local_addr().unwrap());
    let problem = bench.wait(client.toxics(NAME)).unwrap_err();
    assert_eq!(
        problem.to_string(),
        format!("toxiproxy did not answer GET /proxies/{NAME}/toxics within 2 s")
    );
    drop(silent);
    let problem = bench.wait(client.toxics(NAME)).unwrap_err();
    assert!(matches!(problem, ToxiproxyProblem::Unreachable { .. }), "{problem}");
    assert!(RunError::from(problem).to_string().contains("Connection refused"));
}
