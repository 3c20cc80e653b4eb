//! The dose of every fault: what proves that it happened.

mod operations;

use std::ops::ControlFlow;

use spanfate_model::fault::measure::{Measure, Measured};
use spanfate_model::fault::{Family, FaultKind, Target};
use spanfate_model::format::manifest::TrialManifest;
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{Dose, FaultResult, FaultWindow};
use spanfate_model::scenario::Fault;

use crate::evidence::excuse::{Acted, missed};
use crate::evidence::loadbook::LoadBook;
use crate::evidence::process::Process;
use crate::statistics::quantile::millis;
use operations::Operations;

/// The signal at which a collector reads its configuration again.
pub(crate) const RELOAD: i32 = 1;

/// What the doses are read from.
pub(crate) struct Evidence<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) variant: &'a PlannedVariant,
    pub(crate) manifest: &'a TrialManifest,
    pub(crate) processes: &'a [Process<'a>],
    pub(crate) book: &'a LoadBook,
    /// When the receiver's requests were complete.
    pub(crate) requests_at: &'a [MonoNs],
    pub(crate) events: &'a [spanfate_model::format::event::Event],
    pub(crate) acted: &'a [Acted],
    /// Start of the load.
    pub(crate) began: MonoNs,
}

impl<'a> Evidence<'a> {
    /// The ledgers of a service, one per start.
    fn starts_of(&self, name: &str) -> impl Iterator<Item = &'a Process<'a>> + use<'a> {
        let place = self.plan.services.iter().position(|service| service.name == name);
        self.processes.iter().filter(move |process| Some(usize::from(process.header.process)) == place)
    }
}

/// The faults of a trial.
pub(crate) fn conclude(evidence: &Evidence<'_>) -> Vec<FaultResult> {
    let one = |(number, fault): (usize, &Fault)| conclude_one(number, fault, evidence);
    evidence.variant.faults.iter().enumerate().map(one).collect()
}

fn conclude_one(number: usize, fault: &Fault, evidence: &Evidence<'_>) -> FaultResult {
    let acted: Vec<&Acted> = evidence.acted.iter().filter(|acted| acted.fault == number).collect();
    let offset = |at: MonoNs| millis(at.saturating_sub(evidence.began));
    let window = |acted: &&Acted| FaultWindow {
        from_ms: offset(acted.from),
        to_ms: match (fault.kind.is_moment(), acted.to) {
            (true, _) => Some(offset(acted.from)),
            (false, MonoNs::MAX) => None,
            (false, to) => Some(offset(to)),
        },
        why: acted.applied.why.clone(),
    };
    let doses = match fault.kind.family() {
        Family::Network => of_link(fault, &acted, evidence),
        Family::Process => of_process(number, fault, &acted, evidence),
        Family::Code => of_code(number, fault, evidence),
        Family::Receiver => vec![dose(fault.kind.dose(), measured(&acted, Measured::Acted) as f64)],
    };
    let needed = fault.needed() as f64;
    let mut why = missed(evidence.events, number);
    let blind = evidence.processes.is_empty() && fault.kind.family() == Family::Code;
    why.extend(blind.then(|| "without a span ledger its dose is not seen".to_owned()));
    FaultResult {
        number,
        name: fault.title().to_owned(),
        kind: fault.kind.name().to_owned(),
        on: fault.on.as_ref().map(ToString::to_string).unwrap_or_default(),
        windows: acted.iter().map(window).collect(),
        bit: doses.first().is_some_and(|dose| dose.amount >= needed),
        doses,
        needed,
        missed: why,
    }
}

fn dose(what: Measure, amount: f64) -> Dose {
    Dose { what: what.into(), amount: (amount * 1e3).round() / 1e3 }
}

fn measured(acted: &[&Acted], what: Measured) -> u64 {
    let cleared = acted.iter().filter_map(|acted| acted.cleared.as_ref());
    cleared.filter_map(|event| event.measured.get(&what.into())).sum()
}

fn of_link(fault: &Fault, acted: &[&Acted], evidence: &Evidence<'_>) -> Vec<Dose> {
    let link = fault.on.clone().unwrap_or(Target::Receiver);
    if !sees_exports(&link, evidence) {
        return unseen(fault, acted, evidence);
    }
    let operations = Operations::on(&link, evidence);
    // The proxy counts the bytes of a connection when it ends.
    let of_ended = measured(acted, Measured::BytesUpstream) + measured(acted, Measured::BytesDownstream);
    let main = match &fault.kind {
        FaultKind::Latency(latency) => {
            let least = latency.delay.nanos().saturating_sub(latency.jitter.nanos());
            operations.slower_than(acted, least.max(1)) as f64
        }
        FaultKind::Bandwidth(_) | FaultKind::Slicer(_) => operations.slower_than_others(acted) as f64,
        FaultKind::SlowClose(_) => of_ended as f64,
        FaultKind::Packets(packets) if packets.loss > 0.0 => measured(acted, Measured::PacketsDropped) as f64,
        FaultKind::Packets(_) => measured(acted, Measured::Packets) as f64,
        FaultKind::Shaper(_) => {
            (measured(acted, Measured::PacketsDropped) + measured(acted, Measured::PacketsHeld)) as f64
        }
        _ => operations.broken_or_held(acted) as f64,
    };
    let mut out = vec![dose(fault.kind.dose(), main)];
    if fault.kind.is_of_packets() {
        out.push(dose(Measure::Packets, measured(acted, Measured::Packets) as f64));
        out.push(dose(Measure::PacketsDropped, measured(acted, Measured::PacketsDropped) as f64));
    }
    out.push(dose(Measure::OperationsMeanwhile, operations.during(acted) as f64));
    out.push(dose(Measure::OperationsFailed, operations.failed(acted) as f64));
    if let Some(longest) = operations.longest(acted) {
        out.push(dose(Measure::LongestMs, millis(longest)));
    }
    out
}

/// Whether whoever exports over a link keeps a span ledger, where its exports stand.
fn sees_exports(link: &Target, evidence: &Evidence<'_>) -> bool {
    let Target::Link { from: Some(from), to } = link else { return true };
    if evidence.manifest.hops.iter().any(|hop| hop.hop == *from) {
        return false;
    }
    let of_it = evidence.manifest.processes.iter().filter(|process| process.service == *from);
    let seen = of_it.into_iter().any(|process| process.ledger.is_some());
    // A call between services is a span of the caller.
    seen || (to.is_some() && !evidence.processes.is_empty())
}

/// A fault on the link of a service that keeps no ledger: what the receiver got meanwhile, and what the proxy counted of
/// connections that ended.
fn unseen(fault: &Fault, acted: &[&Acted], evidence: &Evidence<'_>) -> Vec<Dose> {
    let inside = |at: &&MonoNs| acted.iter().any(|acted| (acted.from..acted.to).contains(*at));
    let came = evidence.requests_at.iter().filter(inside).count() as f64;
    let of_ended = measured(acted, Measured::BytesUpstream) + measured(acted, Measured::BytesDownstream);
    let came = dose(Measure::RequestsThrough, came);
    let ended = dose(Measure::BytesOfEnded, of_ended as f64);
    // What came to the end of a further exporter of a collector, the receiver does not know.
    if matches!(fault.on, Some(Target::Link { to: Some(_), .. })) && !fault.kind.is_of_packets() {
        return vec![ended];
    }
    match fault.kind {
        FaultKind::Latency(_) | FaultKind::Bandwidth(_) | FaultKind::Slicer(_) => vec![came, ended],
        FaultKind::Packets(_) | FaultKind::Shaper(_) => {
            let dropped = measured(acted, Measured::PacketsDropped);
            let held = measured(acted, Measured::PacketsHeld);
            vec![dose(fault.kind.dose(), (dropped + held) as f64), came]
        }
        _ => vec![ended, came],
    }
}

fn of_process(number: usize, fault: &Fault, acted: &[&Acted], evidence: &Evidence<'_>) -> Vec<Dose> {
    let services = || evidence.manifest.processes.iter().filter_map(|process| process.end.as_ref());
    let hops = || evidence.manifest.hops.iter().filter_map(|hop| hop.end.as_ref());
    let ended = || services().chain(hops());
    let by_it = || ended().filter(|end| end.fault == Some(number));
    let what = fault.kind.dose();
    match fault.kind {
        FaultKind::Terminate(_) | FaultKind::Kill(_) => {
            let mut out = vec![dose(what, by_it().count() as f64)];
            let states = || acted.iter().filter_map(|acted| acted.applied.state);
            if let (Some(queue), Some(in_flight)) =
                (states().map(|s| s.queue).max(), states().map(|s| s.in_flight).max())
            {
                out.push(dose(Measure::QueueBefore, queue as f64));
                out.push(dose(Measure::InFlightBefore, in_flight as f64));
            }
            out
        }
        FaultKind::Reload => {
            // An end by any other signal is one of its process.
            let reloads = by_it().filter(|end| end.asked_with == Some(RELOAD) && end.code == Some(0));
            vec![dose(what, reloads.count() as f64)]
        }
        FaultKind::Pause => vec![dose(what, millis(measured(acted, Measured::StoppedNs)))],
        FaultKind::Oom(_) => {
            let killed = by_it().filter(|end| end.signal == Some(9)).count();
            vec![
                dose(what, measured(acted, Measured::OomKills) as f64),
                dose(Measure::ProcessesKilled, killed as f64),
            ]
        }
        FaultKind::Cpu(_) => vec![dose(what, millis(measured(acted, Measured::ThrottledNs)))],
        FaultKind::Neighbour(_) => vec![
            dose(what, millis(measured(acted, Measured::CpuNs))),
            dose(Measure::NeighbourMs, millis(measured(acted, Measured::LastedNs))),
        ],
        _ => Vec::new(),
    }
}

/// Spans that a processor in front of the main path did not hand on.
fn left_out(process: &Process<'_>) -> u64 {
    let mut out = 0;
    let walked = process.try_each(|_, _, on| {
        out += u64::from(on.called != 0);
        ControlFlow::Continue(())
    });
    match walked {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => out,
    }
}

/// What a fixture says of its own faults, over all starts of it.
fn of_code(number: usize, fault: &Fault, evidence: &Evidence<'_>) -> Vec<Dose> {
    let name = fault.on.as_ref().and_then(Target::service).unwrap_or_default();
    let words: Vec<_> = evidence.starts_of(name).filter_map(|process| process.doses.get(number)).collect();
    let events: u64 = match fault.kind {
        // The endpoint is the service's own, and not a fault of it: its ledger says which spans were left out.
        FaultKind::SamplingRule(_) => evidence.starts_of(name).map(left_out).sum(),
        _ => words.iter().map(|word| word.events).sum(),
    };
    let amount = |index: usize| words.iter().map(|word| word.amounts[index]).sum::<u64>();
    let most = |index: usize| words.iter().map(|word| word.amounts[index]).max().unwrap_or_default();
    let mut out = vec![dose(fault.kind.dose(), events as f64)];
    match &fault.kind {
        FaultKind::Gc(_) => out.extend([
            dose(Measure::StopTheWorldMs, millis(amount(0))),
            dose(Measure::AssistMs, millis(amount(1))),
            dose(Measure::GarbageMib, amount(2) as f64 / 1_048_576.0),
            dose(Measure::CollectorMs, millis(amount(3))),
        ]),
        FaultKind::Panic(_) => out.push(dose(Measure::Recovered, amount(0) as f64)),
        FaultKind::ContextLost(_) => out.push(dose(Measure::SentIntact, amount(0) as f64)),
        FaultKind::Deep(_) => out.push(dose(Measure::StackBytes, most(0) as f64)),
        FaultKind::PoolExhausted(_) | FaultKind::LruLocked(_) => {
            out.push(dose(Measure::WaitedMs, millis(amount(0))));
        }
        FaultKind::SlowSerialisation(_) => out.push(dose(Measure::SlowedMs, millis(amount(0)))),
        FaultKind::ClockStep(_) => out.push(dose(Measure::ClockOffMs, millis(most(0)))),
        FaultKind::Hang(_) => out.push(dose(Measure::HungMs, millis(amount(0)))),
        _ => {}
    }
    out
}
