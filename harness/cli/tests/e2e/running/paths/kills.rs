//! Programs that are killed: what they had done by then lies in a file that they kept.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::books::{Complaints, NONE};
use super::target::{Ran, attach};
use crate::lab::Lab;

/// A program and when it is killed.
pub(super) struct Kill {
    pub(super) name: String,
    program: Value,
    after: Duration,
    /// Two batch processors share one provider.
    shared: bool,
}

const PRODUCERS: u64 = 8;

/// What was killed sooner may have been gone before its memory was read.
const AT_ONCE: Duration = Duration::from_millis(20);

/// Two set-ups at several moments, none of which is the same twice.
pub(super) fn all() -> Vec<Kill> {
    let batch = |queue: u32| json!({"kind": "batch", "exporter": "grpc", "queue": queue, "batch": 16, "delay": "20ms"});
    let one = |processors: Value| json!({"processors": processors});
    let providers = [
        ("two providers", json!([one(json!([batch(64)])), one(json!([batch(4096)]))]), false),
        ("two batch processors", json!([one(json!([batch(64), batch(4096)]))]), true),
    ];
    let mut out = Vec::new();
    for (name, providers, shared) in providers {
        for phase in [0, 60, 250] {
            let after = Duration::from_micros(phase * 1000 + random() % 20_000);
            let program = json!({
                "providers": providers.clone(), "producers": PRODUCERS, "spans": 100_000,
                "burst": 12, "pause": "10ms", "end": "wait",
            });
            out.push(Kill { name: format!("{name}, killed after {after:?}"), program, after, shared });
        }
    }
    out
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}

/// What a killed program had noted.
struct Noted {
    providers: usize,
    words: Vec<u64>,
}

impl Noted {
    /// Absent before the program has written it.
    fn read(file: &Path) -> Option<Self> {
        let bytes = fs::read(file).ok()?;
        let words: Vec<u64> =
            bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
        let pid = *words.first()?;
        (pid != 0).then(|| Self { providers: usize::try_from(words[2]).unwrap(), words })
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.words[0]).unwrap())
    }

    /// The words of each producer at one place.
    fn each(&self, place: usize) -> impl Iterator<Item = u64> + '_ {
        let head = 4;
        let width = (self.words.len() - head) / usize::try_from(self.words[1]).unwrap();
        self.words[head..].chunks_exact(width).map(move |words| words[place])
    }

    fn started(&self) -> u64 {
        (0..self.providers).map(|provider| self.each(2 * provider).sum::<u64>()).sum()
    }

    fn ended(&self, provider: usize) -> u64 {
        self.each(2 * provider + 1).sum()
    }

    /// The SDK's counter of a processor, as it was seen last.
    fn dropped(&self, processor: usize) -> u64 {
        self.each(2 * self.providers + processor).max().unwrap_or_default()
    }
}

pub(super) fn check(lab: &Lab, program: &Path, kill: &Kill, number: usize, wrong: &mut Complaints) {
    let (folder, file) = (format!("kill-{number}"), lab.path(&format!("truth-{number}")));
    let mut argument = kill.program.clone();
    argument["truth"] = json!(file);
    let child = attach(lab, program, &folder, &argument).spawn().unwrap();
    let pid = lab.until("its own truth", || Noted::read(&file)).pid();
    std::thread::sleep(kill.after);
    nix::sys::signal::kill(pid, Signal::SIGKILL).unwrap();
    let output = child.wait_with_output().unwrap();
    match Ran::read(lab, &folder, &output) {
        Ok(ran) => books(kill, &ran, &Noted::read(&file).unwrap(), wrong),
        Err(why) => wrong.0.push(why),
    }
}

/// A producer notes each step when it is done, so that at most one step of each is missing from its notes.
fn within(what: &str, is: u64, noted: u64, wrong: &mut Complaints) {
    wrong.holds(
        &format!("{what}: {noted} <= {is} <= {noted} + {PRODUCERS}"),
        (noted..=noted + PRODUCERS).contains(&is),
    );
}

fn books(kill: &Kill, ran: &Ran, noted: &Noted, wrong: &mut Complaints) {
    let trial = ran.trial();
    let ledger = &trial.ledger;
    wrong.same("exit code", ran.code, Some(0));
    wrong.holds("the books close", ledger.closes());
    wrong.same("unexplained, unaccounted", (ledger.unexplained.count, ledger.unaccounted.count), (0, 0));
    wrong.same("unexpected", ledger.unexpected.count, 0);
    if kill.after > Duration::from_millis(200) {
        let dropped = noted.dropped(0);
        wrong.holds(&format!("the small queue was full once: {dropped} > 0"), dropped > 0);
    }
    within("created", ledger.created, noted.started(), wrong);
    // Which exporter a processor has is seen when it is called, and read from memory, like its queue's length: a process that lived for
    // a millisecond may have called none, and may have taken its memory along.
    let rows = ["batch (queue 64) →", "batch (queue 4096) →"];
    for (at, name) in rows.into_iter().enumerate() {
        let offered = noted.ended(if kill.shared { 0 } else { at });
        let row = ledger.paths.iter().zip(0..).find(|(row, _)| row.path.contains(name));
        let Some((row, place)) = row else {
            // A worker that has exported nothing yet, or no span at all, may have no path.
            let paths: Vec<&str> = ledger.paths.iter().map(|row| &*row.path).collect();
            let unread = kill.after < AT_ONCE && paths.iter().any(|path| path.contains("batch →"));
            wrong.holds(
                &format!("{name} is a path: {offered} spans ended; {paths:?}"),
                offered == 0 || unread,
            );
            continue;
        };
        within(&format!("{name}: created"), row.created, offered, wrong);
        let dropped = row.fates.iter().filter(|(fate, _)| fate.to_string() == "dropped_queue_full");
        let dropped = dropped.map(|(_, count)| count.total).sum();
        within(&format!("{name}: dropped"), dropped, noted.dropped(at), wrong);
        let shown = trial.services[0].paths.get(place);
        let seen = shown.and_then(|path| path.dropped_by_sdk).unwrap_or_default();
        wrong.holds(
            &format!("{name}: dropped {dropped}, by the counter as the probes saw it {seen}"),
            dropped >= seen,
        );
    }
    for row in &ledger.paths {
        wrong.same(&format!("{}: unexplained", row.path), row.unexplained.count, 0);
        for (fate, count) in row.fates.iter().filter(|_| row.path != NONE) {
            let known = [
                "received",
                "dropped_queue_full",
                "lost_in_queue_at_exit.kill",
                "lost_in_flight_at_exit",
                "in_end_at_exit",
            ];
            let possible = known.contains(&fate.to_string().as_str());
            wrong.holds(&format!("{}: {} {fate} of one that was killed", row.path, count.total), possible);
        }
    }
    let cut: u64 = ledger.paths.iter().filter(|row| row.path == NONE).map(|row| row.created).sum();
    wrong.holds(&format!("{cut} offered to no path, by {PRODUCERS} producers"), cut <= PRODUCERS);
}
