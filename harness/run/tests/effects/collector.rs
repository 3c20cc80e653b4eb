//! The same bodies to our receiver and to the Collector's OTLP receiver: what one takes the other takes, with the same spans.
//!
//! `collector/answers.txt` holds what the Collector made of each body; ours is held against it on every run. The tests that ask
//! the Collector itself build it (a minute of CPU), so that they run when they are asked for:
//!
//!     cargo test -p spanfate-run --test effects collector -- --ignored
//!
//! `BLESS=1` before it writes the answers anew, after bodies were added or the Collector's version was raised in
//! `go-fixtures/collector/go.mod`.

mod grow;
mod json;
mod members;
mod ours;
mod protobuf;
mod theirs;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Differences that are known, by the name of the body, and why they are left.
const ALLOWED: &[(&str, &str)] = &[];

/// Seed and number of the grown bodies whose answers are kept.
const GROWN: (u64, usize) = (18, 3000);

/// Seed and number of those that only the Collector itself is asked about.
const GROWN_MORE: (u64, usize) = (2026, 60_000);

/// A body to be sent.
#[derive(Clone, Debug)]
struct Body {
    name: String,
    json: bool,
    bytes: Vec<u8>,
}

impl Body {
    fn json(name: String, text: String) -> Self {
        Self { name, json: true, bytes: text.into_bytes() }
    }

    fn shown(&self) -> String {
        if self.json { String::from_utf8_lossy(&self.bytes).into_owned() } else { hex(&self.bytes) }
    }
}

/// The spans a receiver took, a line each, or `None` if it refused the body.
type TakenSpans = Option<Vec<String>>;

/// What a receiver made of each body, by its name.
type Answers = BTreeMap<String, TakenSpans>;

/// Those made by hand, and those grown of them.
fn bodies() -> (Vec<Body>, Vec<Body>) {
    let by_hand = [json::bodies(), protobuf::bodies(), cases()].concat();
    let grown = grow::bodies(&by_hand, GROWN.0, GROWN.1);
    (by_hand, grown)
}

/// Bodies from reports of users, three spans in each but one: by older field names, and with half a pair of surrogates.
fn cases() -> Vec<Body> {
    let folder = folder().join("cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let body = |file: &PathBuf| Body {
        name: format!("case {}", file.file_name().unwrap().to_string_lossy()),
        json: file.extension().is_some_and(|ending| ending == "json"),
        bytes: std::fs::read(file).unwrap(),
    };
    files.iter().map(body).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/effects/collector")
}

/// What is kept: for a body made by hand the spans themselves, for a grown one how many and their hash.
fn kept(by_hand: &[Body], grown: &[Body], answers: &Answers) -> String {
    let mut out = String::new();
    for (body, whole) in by_hand.iter().map(|body| (body, true)).chain(grown.iter().map(|body| (body, false)))
    {
        let answer = match &answers[&body.name] {
            None => "refused".to_owned(),
            Some(spans) if whole || spans.is_empty() => format!("{} {}", spans.len(), spans.join(" | ")),
            Some(spans) => format!("{} {:016x}", spans.len(), hash(spans.join("\n").as_bytes())),
        };
        writeln!(out, "{}\t{:016x}\t{}", body.name, hash(&body.bytes), answer.trim_end()).unwrap();
    }
    out
}

/// Says every difference that is not allowed, and every one that is allowed and not there.
fn differences(bodies: &[Body], ours: &Answers, theirs: &Answers) -> String {
    let mut said = String::new();
    for body in bodies {
        let (us, them) = (&ours[&body.name], &theirs[&body.name]);
        let allowed = ALLOWED.iter().any(|(name, _)| *name == body.name);
        if (us == them) == allowed {
            writeln!(said, "{}\n  ours {us:?}\n  Collector {them:?}\n  {}", body.name, body.shown()).unwrap();
        }
    }
    said
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

#[tokio::test]
async fn what_a_collector_takes_is_taken_and_nothing_else() {
    let (by_hand, grown) = bodies();
    let ours = ours::answers(&[by_hand.clone(), grown.clone()].concat()).await;
    let (ours, theirs) =
        (kept(&by_hand, &grown, &ours), std::fs::read_to_string(folder().join("answers.txt")).unwrap());
    let bodies: BTreeMap<&str, &Body> =
        by_hand.iter().chain(&grown).map(|body| (&*body.name, body)).collect();
    let mut said = String::new();
    for (us, them) in ours.lines().zip(theirs.lines()) {
        let name = us.split('\t').next().unwrap();
        let allowed = ALLOWED.iter().any(|(allowed, _)| *allowed == name);
        if (us == them) == allowed {
            writeln!(said, "ours      {us}\nCollector {them}\n  {}", bodies[name].shown()).unwrap();
        }
    }
    assert!(said.is_empty(), "{said}");
    assert_eq!(ours.lines().count(), theirs.lines().count(), "every body has an answer");
    let refused = theirs.lines().filter(|line| line.ends_with("\trefused")).count();
    assert!(
        refused > 500 && refused + 500 < theirs.lines().count(),
        "{refused} refused: of both there is enough"
    );
}

#[tokio::test]
async fn grpc_takes_what_http_takes() {
    let bodies: Vec<Body> = protobuf::bodies();
    assert_eq!(ours::answers_over_grpc(&bodies).await, ours::answers(&bodies).await);
}

#[tokio::test]
#[ignore = "builds the Collector's receiver; a minute of CPU"]
async fn the_collector_itself_answers_as_is_written_here() {
    let (by_hand, grown) = bodies();
    let all = [by_hand.clone(), grown.clone()].concat();
    let theirs = theirs::answers("receiver", &all);
    assert_eq!(theirs::answers("decoder", &all), theirs, "its reader alone says the same");
    let (file, kept) = (folder().join("answers.txt"), kept(&by_hand, &grown, &theirs));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &kept).unwrap();
    }
    assert!(std::fs::read_to_string(file).unwrap() == kept, "BLESS=1 writes the answers anew");
    let said = differences(&all, &ours::answers(&all).await, &theirs);
    assert!(said.is_empty(), "{said}");
}

#[tokio::test]
#[ignore = "builds the Collector's reader; 15 seconds of CPU"]
async fn many_more_bodies_are_taken_as_a_collector_takes_them() {
    let (by_hand, _) = bodies();
    let seed = std::env::var("SEED").map_or(GROWN_MORE.0, |seed| seed.parse().unwrap());
    let grown = grow::bodies(&by_hand, seed, GROWN_MORE.1);
    let said = differences(&grown, &ours::answers(&grown).await, &theirs::answers("decoder", &grown));
    assert!(said.is_empty(), "seed {seed}\n{said}");
}
