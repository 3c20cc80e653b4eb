//! The receiver's script: the answers it gives, what a client sees of each, and what the log says.

use std::num::NonZeroU32;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use spanfate_model::fault::answer::{
    After, AnswerStatus as StatusAnswer, GrpcCode, MessageLimit, Never, Partial, ScriptedAnswer,
};
use spanfate_model::format::wire::{AnswerFate, Disposition};
use spanfate_model::quantity::unit::{ByteSize, Period};
use spanfate_run::receiver::{EntryWhen, Script, ScriptEntry};
use spanfate_testkit::message;
use tonic::{Code, Status};

use super::bench::bench;
use super::scripted::{WHY, always, dispositions, grpc, json, post, said, scripted};
use spanfate_testkit::client::{Client, http_request};

#[tokio::test]
async fn an_error_has_its_code_and_its_retry_over_every_protocol() {
    let status = StatusAnswer {
        grpc: Some(GrpcCode::Unavailable),
        http: None,
        retry_after: Some(Period::millis(1500)),
    };
    let (bench, script) = always(ScriptedAnswer::Status(status));
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let message = message::spans(2);
    let (head, _) = two.exchange(grpc(&message)).await.unwrap();
    let seen = Status::from_header_map(&head.headers).unwrap();
    assert_eq!((seen.code(), seen.message()), (Code::Unavailable, WHY));
    let delay = message::bytes(1, &[message::number(1, 1), message::number(2, 500_000_000)].concat());
    let name = message::bytes(1, b"type.googleapis.com/google.rpc.RetryInfo");
    let expected = [
        message::number(1, 14),
        message::bytes(2, WHY.as_bytes()),
        message::bytes(3, &[name, message::bytes(2, &delay)].concat()),
    ]
    .concat();
    assert_eq!(seen.details(), expected);
    let (head, body) = one.exchange(post(&message)).await.unwrap();
    assert_eq!(
        (head.status, head.headers[RETRY_AFTER].to_str().unwrap()),
        (StatusCode::SERVICE_UNAVAILABLE, "2")
    );
    assert_eq!(head.headers[CONTENT_TYPE], "application/x-protobuf");
    assert_eq!(body.to_bytes(), expected);
    let (head, body) = one.exchange(json()).await.unwrap();
    assert_eq!(
        (head.status, &head.headers[RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &"2".parse().unwrap())
    );
    assert_eq!(body.to_bytes(), format!("{{\"code\":14,\"message\":\"{WHY}\"}}"));
    assert_eq!(script.acted(6), 3);
    let (log, summary) = bench.finish().await;
    let failed = |status| (Disposition::Failed, 7, AnswerFate::TakenByTransport, status);
    assert_eq!(said(&log), [failed(1014), failed(503), failed(503)]);
    assert_eq!(dispositions(&log), [Disposition::Failed; 6]);
    assert_eq!((summary.counts.accepted, summary.counts.refused, summary.counts.requests), (0, 6, 3));
}

#[tokio::test]
async fn an_error_of_one_protocol_is_translated_and_says_nothing_of_a_retry() {
    let (bench, _) =
        always(ScriptedAnswer::Status(StatusAnswer { http: Some(429), ..StatusAnswer::default() }));
    let (head, _) = bench.two().await.exchange(grpc(&message::spans(1))).await.unwrap();
    let seen = Status::from_header_map(&head.headers).unwrap();
    assert_eq!((seen.code(), seen.details()), (Code::ResourceExhausted, &b""[..]));
    let (head, _) = bench.one().await.exchange(post(&message::spans(1))).await.unwrap();
    assert_eq!((head.status, head.headers.get(RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, None));
}

#[tokio::test]
async fn a_late_answer_comes_late() {
    let after = ScriptedAnswer::After(After { time: Period::millis(300) });
    let script = Script::new(vec![ScriptEntry { fault: 0, answer: after, when: EntryWhen::Switched }]);
    let bench = bench(|config| {
        config.script = script.clone();
        // The fault's time counts in its place.
        config.answer_after = Some(Duration::from_mins(1));
    });
    script.switch(0, true);
    let message = message::spans(1);
    assert_eq!(bench.two().await.grpc(&message, true).await.grpc, Some(0));
    assert_eq!(bench.one().await.post(&message, false).await.status, StatusCode::OK);
    let (log, _) = bench.finish().await;
    let late = |status| (Disposition::Accepted, 1, AnswerFate::TakenByTransport, status);
    assert_eq!(said(&log), [late(1000), late(200)]);
    for (request, answer) in log.requests.iter().zip(&log.answers) {
        assert!(answer.at >= request.at + 300_000_000);
    }
}

#[tokio::test]
async fn a_partial_success_names_how_many_and_the_log_which() {
    let (bench, script) = always(ScriptedAnswer::Partial(Partial { reject: NonZeroU32::new(3).unwrap() }));
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let partial = |rejected| {
        let partial = [message::number(1, rejected), message::bytes(2, WHY.as_bytes())].concat();
        message::bytes(1, &partial)
    };
    let (head, body) = two.exchange(grpc(&message::spans(5))).await.unwrap();
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), message::frame(&partial(3), false));
    let (_, body) = one.exchange(post(&message::spans(2))).await.unwrap();
    assert_eq!(body.to_bytes(), partial(2), "no more than there are");
    let (_, body) = one.exchange(json()).await.unwrap();
    let read: serde_json::Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    assert_eq!(read, serde_json::json!({"partialSuccess": {"rejectedSpans": "2", "errorMessage": WHY}}));
    // Without a span nothing is rejected.
    let (_, body) = one.exchange(post(b"")).await.unwrap();
    assert!(body.to_bytes().is_empty());
    assert_eq!(script.acted(6), 3);
    let (log, summary) = bench.finish().await;
    let (rejected, accepted) = (Disposition::RejectedPartial, Disposition::Accepted);
    assert_eq!(
        log.requests.iter().map(|r| r.disposition).collect::<Vec<_>>(),
        [rejected, rejected, rejected, accepted]
    );
    assert_eq!(
        log.requests.iter().map(|r| (r.spans, r.fault)).collect::<Vec<_>>(),
        [(5, 7), (2, 7), (2, 7), (0, 0)]
    );
    assert_eq!(
        dispositions(&log),
        [[rejected; 3].to_vec(), [accepted; 2].to_vec(), [rejected; 4].to_vec()].concat()
    );
    assert_eq!((summary.counts.accepted, summary.counts.refused), (2, 7));
}

#[tokio::test]
async fn a_message_over_the_limit_fails_and_one_at_it_does_not() {
    let (small, large) = (message::spans(3), message::spans(4));
    let (bench, script) = always(ScriptedAnswer::Limit(MessageLimit { bytes: ByteSize(small.len() as u64) }));
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    for zipped in [false, true] {
        assert_eq!(two.grpc(&small, zipped).await.grpc, Some(0));
        let over = two.grpc(&large, zipped).await;
        assert_eq!(over.grpc, Some(8));
        assert!(over.text.starts_with("received message larger than max ("), "{}", over.text);
        assert_eq!(one.post(&large, zipped).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let (head, _) = two.exchange(grpc(&large)).await.unwrap();
    assert_eq!(Status::from_header_map(&head.headers).unwrap().details(), b"", "no retry");
    assert_eq!(script.acted(6), 5);
    let (log, _) = bench.finish().await;
    let seen: Vec<_> = log.requests.iter().map(|request| (request.disposition, request.fault)).collect();
    let (taken, failed) = ((Disposition::Accepted, 0), (Disposition::Failed, 7));
    assert_eq!(seen, [taken, failed, failed, taken, failed, failed, failed]);
}

#[tokio::test]
async fn a_success_can_be_garbage() {
    let (bench, script) = always(ScriptedAnswer::Malformed);
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    // A field of 127 bytes of which there is none.
    let garbage = [0x0a, 0x7f];
    let (head, body) = two.exchange(grpc(&message::spans(1))).await.unwrap();
    assert_eq!(
        (head.status, &body.trailers().unwrap()["grpc-status"]),
        (StatusCode::OK, &"0".parse().unwrap())
    );
    assert_eq!(body.to_bytes(), message::frame(&garbage, false));
    let (head, body) = one.exchange(post(&message::spans(1))).await.unwrap();
    assert_eq!(
        (head.status, &head.headers[CONTENT_TYPE]),
        (StatusCode::OK, &"application/x-protobuf".parse().unwrap())
    );
    assert_eq!(body.to_bytes(), &garbage[..]);
    let (head, body) = one.exchange(json()).await.unwrap();
    assert_eq!(
        (head.status, &head.headers[CONTENT_TYPE]),
        (StatusCode::OK, &"application/json".parse().unwrap())
    );
    assert!(serde_json::from_slice::<serde_json::Value>(&body.to_bytes()).is_err());
    assert_eq!(script.acted(6), 3);
    let (log, _) = bench.finish().await;
    let taken = |status| (Disposition::Accepted, 7, AnswerFate::TakenByTransport, status);
    assert_eq!(said(&log), [taken(1000), taken(200), taken(200)]);
}

#[tokio::test]
async fn requests_are_chosen_by_number_over_all_connections_and_traces_alone_count() {
    let unavailable = StatusAnswer { grpc: Some(GrpcCode::Unavailable), ..StatusAnswer::default() };
    let when = EntryWhen::Requests { from: 3, to: 5, every: 2 };
    let (bench, script) = scripted(vec![
        ScriptEntry { fault: 0, answer: ScriptedAnswer::Status(unavailable), when },
        ScriptEntry {
            fault: 1,
            answer: ScriptedAnswer::Malformed,
            when: EntryWhen::Requests { from: 5, to: 6, every: 1 },
        },
    ]);
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let mut statuses = Vec::new();
    for number in 0..8 {
        for path in ["/v1/metrics", "/v1/logs"] {
            let beside = http_request("POST", path, "application/x-protobuf", b"x", false);
            assert_eq!(one.send(beside).await.status, StatusCode::OK);
        }
        let message = message::spans(1);
        statuses.push(if number % 2 == 0 {
            one.post(&message, false).await.status.as_u16()
        } else {
            1000 + two.grpc(&message, false).await.grpc.unwrap() as u16
        });
    }
    assert_eq!(statuses, [200, 1000, 200, 1014, 200, 1014, 200, 1000]);
    assert_eq!((script.acted(0), script.acted(1)), (2, 1));
    let (log, summary) = bench.finish().await;
    let faults: Vec<_> = log.requests.iter().map(|request| request.fault).collect();
    assert_eq!(faults, [0, 0, 0, 1, 0, 1, 2, 0]);
    assert_eq!(said(&log).iter().map(|(_, _, _, status)| *status).collect::<Vec<_>>(), statuses);
    assert_eq!((summary.counts.metrics.requests, summary.counts.logs.requests), (8, 8));
}

#[tokio::test]
async fn what_is_refused_anyway_is_no_deed_of_a_fault() {
    let script = Script::new(vec![ScriptEntry {
        fault: 6,
        answer: ScriptedAnswer::Never(Never::default()),
        when: EntryWhen::Switched,
    }]);
    let bench = bench(|config| {
        config.script = script.clone();
        config.max_spans = 2;
    });
    script.switch(6, true);
    let mut two: Client = bench.two().await;
    assert_eq!(two.grpc(&message::spans(3), false).await.grpc, Some(8));
    assert_eq!(two.grpc(b"\x0f", false).await.grpc, Some(3));
    assert_eq!(script.acted(6), 0);
    let (log, _) = bench.finish().await;
    assert_eq!(said(&log), [(Disposition::Refused, 0, AnswerFate::TakenByTransport, 1008)]);
}
