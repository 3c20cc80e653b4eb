//! The receiver's script where it is about connections: held, cut, sent away, read slowly.

use std::time::Duration;

use http::StatusCode;
use http::header::CONNECTION;
use spanfate_model::fault::answer::{AnswerCut, Never, ScriptedAnswer, SlowReading};
use spanfate_model::format::wire::{AnswerFate, Disposition};
use spanfate_model::quantity::unit::ByteSize;
use spanfate_run::host::clock;
use spanfate_run::receiver::{Deadlines, EntryWhen, Script, ScriptEntry};
use spanfate_testkit::message;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::bench::bench;
use super::scripted::{always, dispositions, grpc, post, raw, said};
use super::watched::{self, End, rest};

#[tokio::test]
async fn what_is_never_answered_is_held_until_the_receiver_stops() {
    for accept in [false, true] {
        let answer = ScriptedAnswer::Never(Never { accept });
        let when = EntryWhen::Requests { from: 0, to: 9, every: 1 };
        let script = Script::new(vec![ScriptEntry { fault: 6, answer, when }]);
        let bench = bench(|config| {
            config.script = script.clone();
            let silence = Duration::from_millis(200);
            config.deadlines = Deadlines { silence, request: silence };
        });
        let mut two = bench.two().await;
        let message = message::spans(2);
        let held = raw(&bench, &message).await;
        let mut ending = JoinSet::new();
        ending.spawn(rest(held));
        let mut call = Box::pin(two.grpc(&message, false));
        // Far longer than silence is suffered of others.
        assert!(timeout(Duration::from_millis(600), &mut call).await.is_err());
        assert!(ending.try_join_next().is_none());
        assert_eq!(script.acted(6), 2);
        let before = clock::now();
        let (log, summary) = bench.finish().await;
        assert!(clock::now() - before < 3_000_000_000, "a held connection does not hold up the stop");
        let (bytes, _) = ending.join_next().await.unwrap().unwrap();
        assert!(bytes.is_empty());
        let disposition = if accept { Disposition::Accepted } else { Disposition::Failed };
        assert_eq!(said(&log), [(disposition, 7, AnswerFate::ConnectionError, 0); 2]);
        assert_eq!((summary.counts.closed, summary.counts.stalled), (0, 0));
        assert_eq!(dispositions(&log), [disposition; 4]);
    }
}

#[tokio::test]
async fn a_client_that_gives_up_on_an_answer_has_cancelled() {
    let (bench, _) = always(ScriptedAnswer::Never(Never { accept: true }));
    let mut two = bench.two().await;
    let message = message::spans(1);
    assert!(timeout(Duration::from_millis(200), two.grpc(&message, false)).await.is_err());
    // The connection is as good as before.
    assert!(timeout(Duration::from_millis(200), two.grpc(&message, false)).await.is_err());
    let (log, summary) = bench.finish().await;
    assert_eq!(said(&log), [(Disposition::Accepted, 7, AnswerFate::CancelledByPeer, 0); 2]);
    assert_eq!(summary.connections, 1);
}

#[tokio::test]
async fn a_connection_is_cut_as_it_is_wanted() {
    let cut = |accept| AnswerCut { accept };
    for (answer, end, disposition) in [
        (ScriptedAnswer::Reset(cut(None)), End::Reset, Disposition::Accepted),
        (ScriptedAnswer::Reset(cut(Some(false))), End::Reset, Disposition::Failed),
        (ScriptedAnswer::Fin(cut(None)), End::Fin, Disposition::Failed),
        (ScriptedAnswer::Fin(cut(Some(true))), End::Fin, Disposition::Accepted),
    ] {
        let (bench, script) = always(answer);
        let message = message::spans(3);
        let (bytes, seen) = rest(raw(&bench, &message).await).await;
        assert_eq!((bytes.len(), seen), (0, end), "no byte of an answer");
        let (mut two, seen) = watched::two(bench.receiver.address()).await;
        assert!(two.exchange(grpc(&message)).await.is_err());
        assert_eq!(seen.end().await, end);
        assert!(!seen.frames().contains(&7), "without a word");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = clock::now();
        assert_eq!(script.acted(6), 2);
        let (log, _) = bench.finish().await;
        assert_eq!(said(&log), [(disposition, 7, AnswerFate::ConnectionError, 0); 2]);
        assert!(log.answers.iter().all(|answer| answer.at < before), "noted when it happened");
        assert_eq!(dispositions(&log), [disposition; 6]);
    }
}

#[tokio::test]
async fn a_client_is_asked_to_go_elsewhere_after_its_answer() {
    let (bench, script) = always(ScriptedAnswer::Goaway);
    let message = message::spans(1);
    let (mut two, seen) = watched::two(bench.receiver.address()).await;
    assert_eq!(two.grpc(&message, false).await.grpc, Some(0));
    assert_ne!(seen.end().await, End::Reset);
    assert!(seen.frames().contains(&7), "{:?}", seen.frames());
    assert!(two.exchange(grpc(&message)).await.is_err(), "this connection is over");
    let mut one = bench.one().await;
    let (head, _) = one.exchange(post(&message)).await.unwrap();
    assert_eq!((head.status, &head.headers[CONNECTION]), (StatusCode::OK, &"close".parse().unwrap()));
    let (_, end) = rest(raw(&bench, &message).await).await;
    assert_eq!(end, End::Fin);
    assert_eq!(bench.two().await.grpc(&message, false).await.grpc, Some(0), "a new one is taken");
    assert_eq!(script.acted(6), 4);
    let (log, summary) = bench.finish().await;
    let taken = |status| (Disposition::Accepted, 7, AnswerFate::TakenByTransport, status);
    assert_eq!(said(&log), [taken(1000), taken(200), taken(200), taken(1000)]);
    assert_eq!(summary.connections, 4);
}

#[tokio::test]
async fn a_body_is_read_no_faster_than_wanted_and_the_client_is_not_blamed() {
    let message = message::spans(100);
    let rate = message.len() as u64 * 2;
    let script = Script::new(vec![ScriptEntry {
        fault: 6,
        answer: ScriptedAnswer::SlowReading(SlowReading { rate: ByteSize(rate) }),
        when: EntryWhen::Requests { from: 0, to: 1, every: 1 },
    }]);
    let bench = bench(|config| {
        config.script = script.clone();
        let bound = Duration::from_millis(250);
        config.deadlines = Deadlines { silence: bound, request: bound };
    });
    let mut sent = Vec::new();
    let mut two = bench.two().await;
    sent.push(clock::now());
    assert_eq!(two.grpc(&message, false).await.grpc, Some(0));
    let mut one = bench.one().await;
    sent.push(clock::now());
    assert_eq!(one.post(&message, false).await.status, StatusCode::OK);
    sent.push(clock::now());
    assert_eq!(one.post(&message, false).await.status, StatusCode::OK);
    assert_eq!(script.acted(6), 2);
    let (log, summary) = bench.finish().await;
    for (request, sent) in log.requests.iter().zip(&sent).take(2) {
        assert!(request.at - sent >= 500_000_000, "{} ns", request.at - sent);
    }
    let slow = |status| (Disposition::Accepted, 7, AnswerFate::TakenByTransport, status);
    assert_eq!(
        said(&log),
        [slow(1000), slow(200), (Disposition::Accepted, 0, AnswerFate::TakenByTransport, 200)]
    );
    assert_eq!((summary.counts.stalled, summary.counts.accepted), (0, 300));
}

#[tokio::test]
async fn a_client_cannot_send_faster_than_it_is_read() {
    let answer = ScriptedAnswer::SlowReading(SlowReading { rate: ByteSize(64 << 10) });
    let script = Script::new(vec![ScriptEntry {
        fault: 6,
        answer,
        when: EntryWhen::Requests { from: 0, to: 9, every: 1 },
    }]);
    let bench = bench(|config| {
        config.script = script.clone();
        config.max_bytes = 64 << 20;
    });
    // More than the kernel's buffers hold.
    let large = vec![0; 32 << 20];
    let mut stream = timeout(Duration::from_secs(1), raw(&bench, &large)).await;
    assert!(stream.is_err(), "{:?}", stream.as_mut().map(|_| "all was taken"));
    assert_eq!((script.acted(6), bench.receiver.counts().requests), (1, 0));
}
