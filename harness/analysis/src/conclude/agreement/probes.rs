//! The probes beside the process witness and the wire: span by span, by id.

use spanfate_model::fate::witness::Witness;
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::result::{Agreement, ById, CountedThing, PathKind};
use spanfate_model::scenario::ebpf::EbpfMode;

use super::{Skew, WitnessAccounts, hits};
use crate::evidence::probe::{MarkedStage, Marks, ProbeLog};
use crate::evidence::process::Process;
use crate::evidence::receipts::Receipt;
use crate::evidence::{OnPath, SpanEvidence};

/// Hits of the site that starts spans; none where the probes do not have it.
pub(super) fn started(log: &ProbeLog<'_>) -> Option<u64> {
    (log.lasting_mode() >= EbpfMode::Counters).then(|| hits(log, ProbeKind::Started))
}

/// A stage of which both witnesses name the spans.
struct ComparedStage {
    what: ById,
    stage: MarkedStage,
    /// From which mode on the probes see it.
    since: EbpfMode,
    of_process: fn(&SpanEvidence, &OnPath) -> bool,
}

const COMPARED: [ComparedStage; 5] = [
    ComparedStage {
        what: ById::Started,
        stage: MarkedStage::Started,
        since: EbpfMode::Spans,
        of_process: |span, _| span.started != 0 && span.is_recording(),
    },
    ComparedStage {
        what: ById::Ended,
        stage: MarkedStage::Ended,
        since: EbpfMode::Events,
        of_process: |span, _| span.closed != 0 && span.is_recording(),
    },
    ComparedStage {
        what: ById::Queued,
        stage: MarkedStage::Queued,
        since: EbpfMode::Spans,
        of_process: |span, on| on.taken != 0 && on.dropped == 0 && span.is_sampled(),
    },
    ComparedStage {
        what: ById::Dropped,
        stage: MarkedStage::Dropped,
        since: EbpfMode::Spans,
        of_process: |_, on| on.dropped != 0,
    },
    ComparedStage {
        what: ById::Handed,
        stage: MarkedStage::Handed,
        since: EbpfMode::Spans,
        of_process: |_, on| on.exported != 0 || on.filtered != 0,
    },
];

/// One row per stage, over all processes that have both witnesses.
pub(super) fn rows(scene: &WitnessAccounts<'_>, skew: &Skew) -> Vec<Agreement> {
    let both: Vec<(usize, &Process<'_>, &ProbeLog<'_>)> = scene
        .processes
        .iter()
        .enumerate()
        .filter(|(_, process)| !process.is_of_probes())
        .filter_map(|(index, process)| Some((index, process, probes_of(scene, process)?)))
        .collect();
    if both.is_empty() {
        return Vec::new();
    }
    let marks: Vec<Marks> = both.iter().map(|(_, process, log)| Marks::of(log, process)).collect();
    let unseen: u64 = both.iter().map(|(_, _, log)| log.unseen()).sum();
    let mode = both.iter().map(|(_, _, log)| log.lasting_mode()).min().unwrap_or_default();
    let mut out: Vec<Agreement> = COMPARED
        .iter()
        .filter(|compared| mode >= compared.since)
        .filter(|compared| !both.iter().any(|(_, _, log)| lacks(log, compared.stage)))
        .map(|compared| {
            let mut sums = Sums::default();
            for ((_, process, _), marks) in both.iter().zip(&marks) {
                for (number, span, main) in process.spans() {
                    let on = |path: usize| if path == 0 { Some(main) } else { process.on_path(number, path) };
                    let of_stage = |path: &usize| {
                        compared.stage != MarkedStage::Queued || process.paths[*path].kind == PathKind::Batch
                    };
                    let mut on = (0..process.paths.len()).filter(of_stage).filter_map(on);
                    sums.add(
                        on.any(|on| (compared.of_process)(&span, &on)),
                        marks.has(number, compared.stage),
                    );
                }
                sums.only_probe += marks.unknown(compared.stage);
            }
            sums.row(compared.what, unseen, skew)
        })
        .collect();
    out.push(arrived(scene, &both, &marks, unseen));
    out
}

/// Whether the program has no function that would tell a stage.
fn lacks(log: &ProbeLog<'_>, stage: MarkedStage) -> bool {
    matches!(stage, MarkedStage::Queued | MarkedStage::Dropped) && log.lacks(ProbeKind::Dropped)
}

/// The probes on a process, if they name spans of every trace.
fn probes_of<'a>(scene: &WitnessAccounts<'a>, process: &Process<'_>) -> Option<&'a ProbeLog<'a>> {
    let same = |log: &&ProbeLog<'_>| {
        log.manifest.process == process.header.process
            && log.manifest.incarnation == process.header.incarnation
    };
    let log = scene.probes.iter().find(same)?;
    (log.is_present() && log.lasting_mode().names_spans() && !log.samples()).then_some(log)
}

/// Spans by who saw them.
#[derive(Default)]
struct Sums {
    both: u64,
    only_process: u64,
    only_probe: u64,
}

impl Sums {
    fn add(&mut self, process: bool, probe: bool) {
        match (process, probe) {
            (true, true) => self.both += 1,
            (true, false) => self.only_process += 1,
            (false, true) => self.only_probe += 1,
            (false, false) => {}
        }
    }

    fn row(&self, what: ById, unseen: u64, skew: &Skew) -> Agreement {
        let difference = self.only_process + self.only_probe;
        let explained = match difference {
            0 => None,
            _ if self.only_probe == 0 && self.only_process <= unseen => Some(lost(unseen)),
            some if some <= skew.most => Some(skew.why.to_owned()),
            _ => None,
        };
        Agreement {
            what: CountedThing::ById(what).into(),
            counts: vec![
                (Witness::Process, self.both + self.only_process),
                (Witness::Probe, self.both + self.only_probe),
            ],
            difference,
            explained,
        }
    }
}

fn lost(unseen: u64) -> String {
    format!("the probes lost {unseen} records, by their own count")
}

/// Spans that arrived, and those of them that the others saw handed over: all three by id.
fn arrived(
    scene: &WitnessAccounts<'_>,
    both: &[(usize, &Process<'_>, &ProbeLog<'_>)],
    marks: &[Marks],
    unseen: u64,
) -> Agreement {
    let (mut wire, mut process_too, mut probe_too, mut all) = (scene.receipts.unexpected.count, 0, 0, 0);
    for ((index, process, _), marks) in both.iter().zip(marks) {
        for (number, _, main) in process.spans() {
            let came = |receipt: &Receipt| receipt.fate().is_some();
            if !scene.receipts.of(*index, number).is_some_and(came) {
                continue;
            }
            let on = |path: usize| if path == 0 { Some(main) } else { process.on_path(number, path) };
            let handed = (0..process.paths.len()).filter_map(on).any(|on| on.exported != 0);
            let probe = marks.has(number, MarkedStage::Handed);
            wire += 1;
            process_too += u64::from(handed);
            probe_too += u64::from(probe);
            all += u64::from(handed && probe);
        }
    }
    let difference = wire - all;
    Agreement {
        what: CountedThing::ById(ById::Arrived).into(),
        counts: vec![(Witness::Wire, wire), (Witness::Process, process_too), (Witness::Probe, probe_too)],
        difference,
        explained: (difference > 0 && difference <= unseen).then(|| lost(unseen)),
    }
}
