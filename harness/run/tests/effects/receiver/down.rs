//! A receiver that is not there for a time.

use std::io::ErrorKind;

use http::StatusCode;
use spanfate_model::fault::answer::{Never, ScriptedAnswer};
use spanfate_model::format::wire::{AnswerFate, Disposition};
use spanfate_run::receiver::{EntryWhen, Script, ScriptEntry};
use spanfate_testkit::message;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use super::scripted::{raw, scripted};
use super::watched::{self, End, rest};

fn down() -> ScriptEntry {
    ScriptEntry { fault: 2, answer: ScriptedAnswer::Down, when: EntryWhen::Switched }
}

async fn switch(script: &Script, on: bool) {
    let script = script.clone();
    spawn_blocking(move || script.switch(2, on)).await.unwrap();
}

#[tokio::test]
async fn while_it_is_down_connections_are_cut_and_refused_and_then_served_again() {
    let never = ScriptEntry {
        fault: 1,
        answer: ScriptedAnswer::Never(Never { accept: true }),
        when: EntryWhen::Requests { from: 1, to: 1, every: 1 },
    };
    let (bench, script) = scripted(vec![never, down()]);
    let address = bench.receiver.address();
    let message = message::spans(1);
    for round in 0..3 {
        let (mut two, seen) = watched::two(address).await;
        assert_eq!(two.grpc(&message, false).await.grpc, Some(0));
        // In the first round one waits for its answer in vain.
        let waiting = raw(&bench, &message).await;
        while bench.receiver.counts().requests < 3 * round + 2 {
            tokio::task::yield_now().await;
        }
        let silent = TcpStream::connect(address).await.unwrap();
        switch(&script, true).await;
        assert_eq!(seen.end().await, End::Reset);
        assert_eq!(rest(waiting).await.1, End::Reset);
        assert_eq!(rest(silent).await.1, End::Reset);
        for _ in 0..50 {
            let refused = TcpStream::connect(address).await.map(drop).map_err(|error| error.kind());
            assert_eq!(refused, Err(ErrorKind::ConnectionRefused));
        }
        // Once more changes nothing.
        switch(&script, true).await;
        switch(&script, false).await;
        assert_eq!(bench.one().await.post(b"", false).await.status, StatusCode::OK);
        // The silent one may have been in the kernel's queue still.
        let cut = script.acted(2);
        assert!((2 * round + 2..=3 * round + 3).contains(&cut), "{cut}");
    }
    switch(&script, true).await;
    let (log, _) = bench.finish().await;
    assert_eq!(log.requests.len(), 9);
    let answer = log.answers.iter().find(|answer| answer.request == 1).unwrap();
    assert_eq!((answer.fault, answer.fate, answer.status), (2, AnswerFate::ConnectionError, 0));
    assert!(log.requests.iter().all(|request| request.disposition == Disposition::Accepted));
    // Nobody is there to wait for any more.
    switch(&script, false).await;
}

#[tokio::test]
async fn it_can_be_down_from_the_start() {
    let script = Script::new(vec![down()]);
    script.switch(2, true);
    let bench = super::bench::bench(|config| config.script = script.clone());
    // It has closed its door at the latest when it is told so once more.
    switch(&script, true).await;
    assert!(TcpStream::connect(bench.receiver.address()).await.is_err());
    switch(&script, false).await;
    assert_eq!(bench.two().await.grpc(&message::spans(1), false).await.grpc, Some(0));
}
