//! A receiver in front of another: the client gets the other's answers, and both count the same.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::watching::station::{Station, call};
use spanfate_testkit::client::Client;
use spanfate_testkit::message;

#[tokio::test]
async fn both_stations_count_the_same() {
    let behind = Station::start(&["--json", "--max-spans", "8"]);
    let upstream = format!("http://{}", behind.address);
    let front = Station::start(&["--relay", &upstream, "--json", "--out", "wire.log"]);
    let (mut one, mut two) = (Client::http1(front.address).await, Client::http2(front.address).await);
    for zipped in [false, true] {
        assert_eq!(two.grpc(&message::spans(5), zipped).await.grpc, Some(0));
        assert_eq!(one.post(&message::spans(8), zipped).await.status, 200);
    }
    let refused = two.grpc(&message::spans(9), true).await;
    assert_eq!(refused.text, "9 spans are over the receiver's limit of 8 spans per request");
    let (front, said) = front.stop_with_notes(Signal::SIGINT);
    assert_eq!(said, format!("all goes on to {upstream}, whose answers the clients get\n"));
    let (front, behind) = (front.totals(), behind.stop(Signal::SIGINT).totals());
    for what in ["requests", "spans", "distinct", "duplicates", "refused"] {
        assert_eq!(front[what], behind[what], "{what}");
    }
    assert_eq!(front["spans"], 26);
    assert_eq!(front["relay"], json!({"taken": 4, "refused": 1, "unanswered": 0}));
}

#[tokio::test]
async fn where_nobody_is_behind_it_nothing_counts_and_the_reason_is_said() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let mut front = Station::start(&["--relay", &upstream, "--json"]);
    let called = Client::http2(front.address).await.grpc(&message::spans(3), true).await;
    assert_eq!(called.grpc, Some(14), "{called:?}");
    let why = front.note_with("the relay could not reach");
    assert!(why.contains(&upstream), "{why}");
    let (front, _) = front.stop_with_notes(Signal::SIGINT);
    let totals = front.totals();
    assert_eq!(
        (&totals["spans"], &totals["distinct"], &totals["refused"]),
        (&json!(0), &json!(0), &json!(3))
    );
    let folder = tempfile::TempDir::new().unwrap();
    let circle = call(&folder, &["--listen", "127.0.0.1:4399", "--relay", "http://localhost:4399"]);
    let text = String::from_utf8_lossy(&circle.stderr).into_owned();
    assert!(circle.status.code() == Some(69) && text.contains("leads back"), "{text}");
    assert_eq!(call(&folder, &["--relay", "collector:4317"]).status.code(), Some(2));
}
