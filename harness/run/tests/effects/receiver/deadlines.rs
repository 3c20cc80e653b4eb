//! Clients that hang: each is let go in time, and none keeps another out.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use hyper::body::{Body, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use spanfate_run::receiver::Deadlines;
use spanfate_testkit::message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::bench::{Bench, bench};
use spanfate_testkit::client::EXPORT;

const DEADLINE_EXCEEDED: &str = "4";
const MOST_CONNECTIONS: usize = 256;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn impatient() -> Bench {
    bench(|config| {
        config.deadlines = Deadlines { silence: Duration::from_millis(100), request: Duration::from_mins(1) };
    })
}

fn head(length: usize) -> Vec<u8> {
    format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes()
}

async fn connect(bench: &Bench, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(bench.receiver.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Reads to the end of a connection, which must come; a reset is one.
async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    drop(timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await.unwrap());
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn connections_without_a_request_are_closed() {
    let bench = impatient();
    let mut open = Vec::new();
    for bytes in [
        &b""[..],
        b"PRI * HT",
        b"POST /v1/traces HTTP/1.1\r\nhost",
        PREFACE,
        &[PREFACE, &[0, 0, 9, 1]].concat(),
    ] {
        open.push(connect(&bench, bytes).await);
    }
    for stream in open {
        rest(stream).await;
    }
    let counts = bench.receiver.counts();
    assert_eq!((counts.closed, counts.stalled, counts.requests), (5, 0, 0));
}

#[tokio::test]
async fn a_body_that_stops_coming_is_answered_and_counted() {
    let bench = impatient();
    let message = message::spans(3);
    let answer = rest(connect(&bench, &[&head(message.len())[..], &message[..50]].concat()).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("did not come in time"), "{answer}");
    let stream = TcpStream::connect(bench.receiver.address()).await.unwrap();
    let (mut sender, driver) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(driver.await) });
    let half = message::frame(&message, false)[..50].to_vec();
    let request =
        Request::post(format!("http://receiver{EXPORT}")).header("content-type", "application/grpc");
    let answer = sender.send_request(request.body(Half(Some(half.into()))).unwrap()).await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], DEADLINE_EXCEEDED);
    // The client behind it never completed anything, so it goes too.
    timeout(Duration::from_secs(20), tasks.join_next()).await.unwrap();
    let (log, summary) = bench.finish().await;
    assert_eq!((summary.counts.stalled, summary.counts.closed, summary.counts.invalid), (2, 0, 0));
    assert_eq!((log.requests.len(), log.spans.len(), log.end), (0, 0, Some(0)));
}

#[tokio::test]
async fn bytes_that_drip_do_not_hold_a_request_open_for_ever() {
    let bench = bench(|config| {
        config.deadlines = Deadlines { silence: Duration::from_mins(1), request: Duration::from_millis(300) };
    });
    let (mut from, mut to) = connect(&bench, &head(1_000_000)).await.into_split();
    let mut answer = [0; 12];
    let drip = async {
        while to.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! { read = from.read_exact(&mut answer) => drop(read.unwrap()), () = drip => {} }
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert_eq!(bench.receiver.counts().stalled, 1);
}

#[tokio::test]
async fn an_idle_client_is_left_alone() {
    let bench = impatient();
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    for round in 1..=3 {
        assert_eq!(one.post(&message::spans(1), false).await.status, StatusCode::OK);
        assert_eq!(two.grpc(&message::spans(1), false).await.grpc, Some(0));
        // As long as a silent connection is suffered, twice.
        for _ in 0..2 {
            rest(connect(&bench, b"").await).await;
        }
        assert_eq!(bench.receiver.counts().closed, 2 * round);
    }
    let (_, summary) = bench.finish().await;
    assert_eq!((summary.counts.accepted, summary.connections), (6, 2 + 6));
}

#[tokio::test]
async fn clients_get_in_past_any_number_that_hang() {
    let bench = bench(|_| {});
    let mut client = bench.two().await;
    assert_eq!(client.grpc(&message::spans(1), false).await.grpc, Some(0));
    let mut open = Vec::new();
    for i in 0..MOST_CONNECTIONS + 44 {
        let half = head(1000);
        open.push(connect(&bench, [&b""[..], b"PRI * HT", PREFACE, &half[..40], &half][i % 5]).await);
    }
    for _ in 0..10 {
        assert_eq!(bench.two().await.grpc(&message::spans(1), true).await.grpc, Some(0));
        assert_eq!(bench.one().await.post(&message::spans(1), false).await.status, StatusCode::OK);
    }
    // The client that was there before is none of those that went; the oldest of the others are.
    assert_eq!(client.grpc(&message::spans(1), false).await.grpc, Some(0));
    open.truncate(45);
    for stream in open {
        rest(stream).await;
    }
    let (_, summary) = bench.finish().await;
    assert_eq!((summary.counts.accepted, summary.counts.stalled), (22, 0));
    assert!(summary.counts.closed >= 45, "{:?}", summary.counts);
}

#[tokio::test]
async fn the_longest_idle_of_many_clients_makes_room() {
    let bench = bench(|_| {});
    let message = message::spans(1);
    let mut first = connect(&bench, &[head(message.len()), message].concat()).await;
    first.read_exact(&mut [0; 12]).await.unwrap();
    let mut clients = Vec::new();
    for _ in 1..MOST_CONNECTIONS {
        let mut client = bench.one().await;
        assert_eq!(client.post(&message::spans(1), false).await.status, StatusCode::OK);
        clients.push(client);
    }
    assert_eq!(bench.receiver.counts().closed, 0);
    assert_eq!(bench.two().await.grpc(&message::spans(1), false).await.grpc, Some(0));
    assert_eq!(bench.receiver.counts().closed, 1);
    rest(first).await;
    for client in &mut clients {
        assert_eq!(client.post(&message::spans(1), false).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_client_that_waits_for_its_answer_is_never_closed_for_another() {
    let bench = bench(|config| config.answer_after = Some(Duration::from_mins(1)));
    let message = message::spans(1);
    let request = [head(message.len()), message].concat();
    let mut open = Vec::new();
    for _ in 0..MOST_CONNECTIONS {
        open.push(connect(&bench, &request).await);
    }
    let noted = async |requests: u64| {
        while bench.receiver.counts().requests < requests {
            sleep(Duration::from_millis(1)).await;
        }
    };
    noted(MOST_CONNECTIONS as u64).await;
    // This one waits in the kernel's queue until another leaves by itself.
    let _late = connect(&bench, &request).await;
    drop(open.swap_remove(7));
    noted(MOST_CONNECTIONS as u64 + 1).await;
    assert_eq!(bench.receiver.counts().closed, 0);
}

/// A body that begins and never goes on.
struct Half(Option<Bytes>);

impl Body for Half {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.take().map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(Frame::data(bytes)))))
    }
}
