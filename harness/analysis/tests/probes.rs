//! Books that rest on probes: the records of a program that keeps no ledger, and the fates that they prove.

mod common;

use common::{BEGAN, World, conclude, started, write_wire};
use spanfate_model::fate::{Cause, Decider, Exit, Fate, Filter, Leak};
use spanfate_model::id::{SpanId, SpanKey, TraceId};
use spanfate_model::manifest::ProcessEnd;
use spanfate_model::plan::Plan;
use spanfate_model::probe::{Counter, Ebpf, EbpfMode, Kind, ProbeManifest, Record, Settings, header};
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::verdict::Verdict;
use spanfate_model::wire::{Disposition, SpanRecord};
use spanfate_model::witness::{Witness, WitnessState};

/// The one batch processor.
const PROCESSOR: u64 = 0xc000_1000;

/// A span processor of the program's own.
const FRONT: u64 = 0xc000_2000;
/// Digest of a list that holds it alone.
const FRONTED: u64 = 77;

/// What is written of one program's life, record by record.
#[derive(Default)]
struct Life {
    records: Vec<[u8; 64]>,
    arrived: Vec<SpanKey>,
    at: u64,
    /// Records that the kernel counts and the reader never sees.
    lost: u64,
    code: i32,
    /// A function that no probe could be put on.
    missing: Vec<String>,
}

fn key(span: u64) -> SpanKey {
    SpanKey { trace: TraceId([7; 16]), span: SpanId(span.to_be_bytes()) }
}

impl Life {
    fn record(
        &mut self,
        kind: Kind,
        flags: u8,
        goroutine: u64,
        fill: impl FnOnce(&mut [u8; 64]),
    ) -> &mut Self {
        self.at += 1000;
        let mut out = [0; 64];
        out[..8].copy_from_slice(&(BEGAN + self.at).to_le_bytes());
        (out[8], out[9]) = (kind as u8, flags);
        out[16..24].copy_from_slice(&goroutine.to_le_bytes());
        fill(&mut out);
        self.records.push(out);
        self
    }

    fn of(&mut self, kind: Kind, span: u64, a: u64) -> &mut Self {
        self.sampled(kind, span, a, true)
    }

    fn sampled(&mut self, kind: Kind, span: u64, a: u64, sampled: bool) -> &mut Self {
        self.record(kind, u8::from(sampled), span, |out| {
            let key = key(span);
            out[24..40].copy_from_slice(&key.trace.0);
            out[40..48].copy_from_slice(&key.span.0);
            out[48..56].copy_from_slice(&a.to_le_bytes());
        })
    }

    fn processor(&mut self, kind: Kind, failed: bool, batch: u32, spans: u32) -> &mut Self {
        self.record(kind, u8::from(failed), 1, |out| {
            out[24..28].copy_from_slice(&batch.to_le_bytes());
            out[28..32].copy_from_slice(&spans.to_le_bytes());
            out[40..48].copy_from_slice(&(u64::from(failed) * 9).to_le_bytes());
            out[48..56].copy_from_slice(&PROCESSOR.to_le_bytes());
        })
    }

    /// A list of processors of the one provider.
    fn listed(&mut self, list: u64, entries: &[u64]) -> &mut Self {
        let mut put = |index: usize, entry: u64| {
            self.record(Kind::Listed, 0, 0, |out| {
                out[24..28].copy_from_slice(&(index as u32).to_le_bytes());
                out[28..32].copy_from_slice(&(entries.len() as u32).to_le_bytes());
                out[32..40].copy_from_slice(&entry.to_le_bytes());
                out[56..64].copy_from_slice(&list.to_le_bytes());
            });
        };
        match entries {
            [] => put(0, 0),
            some => some.iter().enumerate().for_each(|(index, entry)| put(index, *entry)),
        }
        self
    }

    /// The end of a span, with the list of processors that its provider had.
    fn ended_with(&mut self, span: u64, list: u64) -> &mut Self {
        self.of(Kind::Ended, span, 0);
        if let Some(last) = self.records.last_mut() {
            last[56..64].copy_from_slice(&list.to_le_bytes());
        }
        self
    }

    /// A span up to the queue.
    fn queued(&mut self, span: u64) -> &mut Self {
        self.queued_by(span, 0)
    }

    /// The same, through the processors of a list.
    fn queued_by(&mut self, span: u64, list: u64) -> &mut Self {
        self.of(Kind::Started, span, 0).ended_with(span, list);
        self.of(Kind::Offered, span, PROCESSOR).of(Kind::Queued, span, PROCESSOR)
    }

    fn batch(&mut self, batch: u32, spans: &[u64], failed: bool, arrive: bool) -> &mut Self {
        self.processor(Kind::Handover, false, batch, spans.len() as u32);
        for span in spans {
            self.of(Kind::Handed, *span, u64::from(batch));
        }
        self.processor(Kind::Exported, failed, batch, 0);
        if arrive {
            self.arrived.extend(spans.iter().map(|span| key(*span)));
        }
        self
    }

    fn log(&self) -> Vec<u8> {
        let mut out = header(1, BEGAN).to_vec();
        out.extend(self.records.iter().flatten());
        let settings = Settings { processor: PROCESSOR, queue: 2048, batch: 512, ..Settings::default() };
        out.extend(Record::write_settings(&settings));
        for kind in Kind::ALL {
            let hit = self.records.iter().filter(|record| record[8] == kind as u8).count() as u64;
            let lost = if kind == Kind::Queued { self.lost } else { 0 };
            if hit + lost > 0 {
                let counter = Counter { hit: hit + lost, lost, ..Counter::default() };
                out.extend(Record::write_counter(kind, &counter).concat());
            }
        }
        out.extend(Record::write_end(BEGAN + self.at, self.records.len() as u64, 0));
        out
    }

    fn conclude(&self) -> (TrialResult, RunResult) {
        let mut plan: Plan = World { spans: vec![started()], ..World::default() }.plan();
        plan.services[0].command = vec!["own".to_owned()];
        plan.attached = true;
        plan.variants[0].ebpf = Some(Ebpf::plain(EbpfMode::Events));
        let mut logs = World::default().logs(&plan);
        let process = &mut logs.manifest.processes[0];
        (process.ledger, process.effective) = (None, None);
        process.end = Some(ProcessEnd { code: Some(self.code), ..ProcessEnd::default() });
        process.probe = Some(ProbeManifest {
            log: Some("own.0.probe".to_owned()),
            mode: EbpfMode::Events,
            missing: self.missing.clone(),
            ..ProbeManifest::default()
        });
        logs.ledgers = vec![None];
        logs.probes = vec![Some(self.log().into())];
        logs.load = None;
        let span = |key: &SpanKey| SpanRecord {
            request: 0,
            key: *key,
            parent: SpanId::default(),
            name: 0,
            service: 0,
            kind: 0,
            disposition: Disposition::Accepted,
            start_wall: 0,
            end_wall: 0,
        };
        logs.wire = Some(write_wire(&self.arrived.iter().map(span).collect::<Vec<_>>()).into());
        conclude(&plan, &logs)
    }
}

fn fates(trial: &TrialResult) -> Vec<(Fate, u64)> {
    trial.ledger.fates.iter().map(|(fate, count)| (*fate, count.total)).collect()
}

#[test]
fn every_end_of_a_span_has_its_fate() {
    let mut life = Life::default();
    life.listed(FRONTED, &[FRONT]);
    life.queued_by(1, FRONTED).queued_by(2, FRONTED).batch(1, &[1, 2], false, true);
    life.of(Kind::Started, 3, 0).of(Kind::Ended, 3, 0).of(Kind::Offered, 3, PROCESSOR);
    life.of(Kind::Dropped, 3, PROCESSOR);
    life.of(Kind::Started, 4, 0);
    life.sampled(Kind::Started, 5, 0, false).sampled(Kind::Ended, 5, 0, false);
    // A processor in front of the batch processor is called, does not hand it on, and its goroutine goes on.
    life.of(Kind::Started, 6, 0).ended_with(6, FRONTED).record(Kind::Ended, 1, 6, |_| ());
    life.queued(7).batch(2, &[7], true, false);
    life.processor(Kind::Shutdown, false, 0, 0);
    life.of(Kind::Started, 8, 0).of(Kind::Ended, 8, 0);
    life.processor(Kind::Drained, false, 0, 0).processor(Kind::Shut, false, 0, 0);
    let (trial, run) = life.conclude();
    let expected = [
        (Fate::Received, 2),
        (Fate::NotSampled(Decider::Sampler), 1),
        (Fate::Filtered(Filter::Processor), 1),
        (Fate::NeverEnded(Leak::Forgotten), 1),
        (Fate::DroppedQueueFull, 1),
        (Fate::EndedAfterShutdown, 1),
        (Fate::ExportFailed(Cause::Other), 1),
    ];
    let mut found = fates(&trial);
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!((trial.ledger.created, trial.ledger.created_measured), (8, 8));
    assert!(trial.ledger.closes() && !trial.ledger.is_broken());
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    let probe = trial.witnesses.iter().find(|report| report.witness == Witness::Probe).unwrap();
    assert_eq!(probe.state, WitnessState::Complete);
}

#[test]
fn what_lay_in_the_queue_is_told_apart_by_how_the_worker_ended() {
    let ends = |code: i32, end: &dyn Fn(&mut Life)| {
        let mut life = Life { code, ..Life::default() };
        life.queued(1);
        end(&mut life);
        fates(&life.conclude().0)
    };
    let in_queue = |exit| vec![(Fate::LostInQueueAtExit(exit), 1)];
    assert_eq!(ends(0, &|_| ()), in_queue(Exit::Exit));
    assert_eq!(ends(2, &|_| ()), in_queue(Exit::Crash));
    let late = |life: &mut Life| {
        life.processor(Kind::Shutdown, false, 0, 0).processor(Kind::Shut, true, 0, 0);
    };
    assert_eq!(ends(0, &late), in_queue(Exit::ShutdownDeadline));
}

#[test]
fn a_flush_makes_no_span() {
    let mut life = Life::default();
    life.queued(1);
    life.of(Kind::Blocked, 77, PROCESSOR).of(Kind::Queued, 77, PROCESSOR);
    life.batch(1, &[1], false, true).processor(Kind::Drained, false, 0, 0);
    let (trial, run) = life.conclude();
    assert_eq!(fates(&trial), [(Fate::Received, 1)]);
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn a_lost_record_leaves_open_what_it_may_have_said() {
    let mut life = Life { lost: 1, ..Life::default() };
    life.queued(1).batch(1, &[1], false, true);
    life.of(Kind::Started, 2, 0).of(Kind::Ended, 2, 0).of(Kind::Offered, 2, PROCESSOR);
    life.of(Kind::Started, 3, 0).of(Kind::Ended, 3, 0).of(Kind::Offered, 3, PROCESSOR);
    life.of(Kind::Dropped, 3, PROCESSOR).processor(Kind::Drained, false, 0, 0);
    let (trial, run) = life.conclude();
    assert_eq!(fates(&trial), [(Fate::Received, 1), (Fate::DroppedQueueFull, 1)]);
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn without_a_site_there_are_no_books() {
    let mut life = Life { missing: vec!["enqueueDrop".to_owned()], ..Life::default() };
    life.queued(1).batch(1, &[1], false, true).of(Kind::Started, 2, 0).of(Kind::Ended, 2, 0);
    let (trial, run) = life.processor(Kind::Drained, false, 0, 0).conclude();
    assert_eq!((trial.ledger.unexplained.count, trial.ledger.fates.get(&Fate::DroppedQueueFull)), (0, None));
    assert!(!trial.ledger.fates.contains_key(&Fate::NeverEnded(Leak::Forgotten)), "{:?}", trial.ledger.fates);
    assert_eq!(run.verdict, Verdict::Inconclusive, "{:?}", run.reasons);
}

#[test]
fn spans_that_go_elsewhere_are_not_called_lost() {
    let mut life = Life::default();
    life.queued(1).batch(1, &[1], false, false).processor(Kind::Drained, false, 0, 0);
    let (trial, run) = life.conclude();
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
    assert!(
        run.reasons.iter().any(|reason| reason.contains("own code sets its endpoint")),
        "{:?}",
        run.reasons
    );
    // Where others arrive, it is ours that lost it.
    let mut life = Life::default();
    life.queued(1).queued(2).batch(1, &[1], false, false).batch(2, &[2], false, true);
    let (trial, run) = life.processor(Kind::Drained, false, 0, 0).conclude();
    assert_eq!(trial.ledger.unexplained.count, 1);
    assert_eq!(run.verdict, Verdict::AccountingBroken);
}
