//! What the replay of a full queue says, in words: each cause in a sentence with what was measured of it.

use spanfate_model::cause::{LossFactor, NamedCause};
use spanfate_model::result::{
    CauseShare, CpuWitness, DisturbedHop, HopEvent, LossCause, LossProof, Suspect, WorkerCycle, named,
};

use super::fit::clean;
use super::number::Numbers;

/// Most causes that a sentence names.
const NAMED: usize = 2;

/// A cause in a few words.
pub(crate) const fn short(cause: LossFactor) -> &'static str {
    match cause {
        LossFactor::SlowAnswer => "the receiver answered late",
        LossFactor::SlowNetwork => "requests were under way for long",
        LossFactor::SlowSerialising => "making the messages took CPU time",
        LossFactor::CpuStarved => "the service lacked CPU",
        LossFactor::Burst => "requests came in bursts",
        LossFactor::ExportFailing => "exports failed or were tried again",
    }
}

/// The parts of a worker's cycle in the order of time, each with its name and its milliseconds per call.
pub(crate) const fn cycle_parts(cycle: &WorkerCycle) -> [(&'static str, f64); 8] {
    [
        ("waiting for spans", cycle.waiting_ms),
        ("not run", cycle.unrun_ms),
        ("serialising", cycle.serialising_ms),
        ("waiting for a CPU", cycle.starved_ms),
        ("under way", cycle.network_ms),
        ("at the receiver", cycle.receiver_ms),
        ("failing", cycle.failing_ms),
        ("at a standstill, or behind after it", cycle.behind_ms),
    ]
}

/// What can be named, in a few words.
pub(crate) const fn named_cause(cause: NamedCause) -> &'static str {
    match cause {
        NamedCause::SlowAnswer => short(LossFactor::SlowAnswer),
        NamedCause::SlowNetwork => short(LossFactor::SlowNetwork),
        NamedCause::SlowSerialising => short(LossFactor::SlowSerialising),
        NamedCause::CpuStarved => short(LossFactor::CpuStarved),
        NamedCause::Burst => "spans came in bursts, or it stood still and caught up",
        NamedCause::ExportFailing => short(LossFactor::ExportFailing),
        NamedCause::SmallQueue => "its queue is shorter than the SDK's own, which would have held them",
        NamedCause::ProcessEnded => "its process ended with spans in it",
        NamedCause::ShutdownDeadline => "its time to shut down was over first",
        NamedCause::NeverEnded => "spans were never ended",
        NamedCause::EndedLate => "spans were ended after the shutdown",
        NamedCause::Rejected => "the receiver rejected spans",
        NamedCause::NoWayOut => "its provider has no way out for them",
        NamedCause::CollectorQueueFull => {
            "this collector took spans, and its exporter's queue had no room for them"
        }
        NamedCause::CollectorSendFailed => "this collector took spans, and its exporter gave up",
        NamedCause::CollectorMemoryLimit => {
            "this collector took spans, and its memory limiter refused them then"
        }
        NamedCause::CollectorStopped => "this collector was stopped and still held spans",
        NamedCause::CollectorCrashed => "this collector died and still held spans",
        NamedCause::CollectorLost => {
            "this collector took spans and lost them; how its own metrics do not say"
        }
        NamedCause::CollectorRefused => "this collector refused spans until their clients gave up",
        NamedCause::EngineEnded => "this storage engine took spans, and ended with them in its memory",
        NamedCause::EngineLost => "this storage engine took spans and did not show them; why nobody knows",
        NamedCause::EngineRefused => "this storage engine refused spans until their clients gave up",
    }
}

/// The first cause with the service where it acted and how sure that is; nothing where nothing is known.
pub(crate) fn blamed(cause: &LossCause, numbers: Numbers) -> Option<String> {
    let first = cause.suspects.first()?;
    let sure = numbers.rough(first.confidence);
    let what = format!("{}, {}", clean(&first.service), named_cause(first.cause));
    if named(&cause.suspects).is_none() {
        return Some(format!("unknown; most likely at {what}, but its confidence is {sure} only"));
    }
    let rough =
        if first.rough { "; roughly, as the free run of the replay lies apart from the trial" } else { "" };
    let way = if first.cause.is_of_collector() { on_the_way(first, numbers) } else { String::new() };
    Some(format!("at {what}{way}; confidence {sure}{rough}"))
}

/// How trouble came to a collector and when it cost spans, step by step.
fn on_the_way(suspect: &Suspect, numbers: Numbers) -> String {
    let step = |step: &DisturbedHop| {
        let what = match step.event {
            HopEvent::Began => "in trouble or out of reach",
            HopEvent::QueueFull => "its queue full",
            HopEvent::Lost => "the first loss",
        };
        format!("; {}: {what} from {} on", clean(&step.service), numbers.ms(step.at_ms))
    };
    suspect.path.iter().map(step).collect()
}

/// What was measured of it, without a capital and a full stop.
pub(crate) fn evidence(cause: LossFactor, proof: &LossProof, numbers: Numbers) -> String {
    let cycle = &proof.cycle;
    let per_call = |ms: f64| format!("{} per call", numbers.ms(ms));
    match cause {
        LossFactor::SlowAnswer => format!("it had the request for {}", per_call(cycle.receiver_ms)),
        LossFactor::SlowNetwork => format!("there and back {}", per_call(cycle.network_ms)),
        LossFactor::SlowSerialising => format!("about {}", per_call(cycle.serialising_ms)),
        LossFactor::CpuStarved => starved(proof, numbers),
        LossFactor::Burst => "at an even pace the queue would have held them".to_owned(),
        LossFactor::ExportFailing => format!("that took {}", per_call(cycle.failing_ms)),
    }
}

/// The cause, and in brackets what was measured of it.
pub(crate) fn cause_of(cause: LossFactor, proof: &LossProof, numbers: Numbers) -> String {
    format!("{} ({})", short(cause), evidence(cause, proof, numbers))
}

fn starved(proof: &LossProof, numbers: Numbers) -> String {
    let (cycle, cpu) = (&proof.cycle, &proof.cpu);
    let mut out = format!("calls waited for it {} each", numbers.ms(cycle.starved_ms + cycle.unrun_ms));
    if cpu.served_ms > 0.0 {
        out += &format!(
            ", requests took {} to their spans' end and {} undisturbed",
            numbers.ms(cpu.served_ms),
            numbers.ms(cpu.undisturbed_ms)
        );
    }
    out + "; " + &core(cpu, numbers)
}

/// What the service used of its CPU.
fn core(cpu: &CpuWitness, numbers: Numbers) -> String {
    let throttled = match cpu.throttled_ms {
        ms if ms > 0.0 => format!("; a quota held it back for {}", numbers.ms(ms)),
        _ => String::new(),
    };
    format!(
        "it used {} of {} cores, and its threads waited {} s per second{throttled}",
        numbers.fixed(cpu.used, 2),
        numbers.fixed(cpu.cores, 2),
        numbers.fixed(cpu.waited, 2)
    )
}

/// How good the replay is.
pub(crate) fn fidelity(proof: &LossProof, numbers: Numbers) -> String {
    let dropped = numbers.counted(proof.dropped, "drop", "drops");
    let replayed = numbers.count(proof.replayed);
    match (proof.fitting, proof.replays) {
        (0, _) => {
            format!("The replay of the queue does not fit: {replayed} of {dropped}. So it proves no cause")
        }
        (fitting, all) if fitting < all => {
            format!("The replay of the queue gives {replayed} of {dropped}; {fitting} of {all} replays fit")
        }
        _ => format!("The replay of the queue gives {replayed} of {dropped}"),
    }
}

/// The causes in a sentence, the largest first; nothing where the replay proves none.
pub(crate) fn causes(proof: &LossProof, numbers: Numbers) -> Option<String> {
    let one = |cause: &CauseShare| {
        format!("{} because {}", numbers.rough(cause.share), cause_of(cause.cause, proof, numbers))
    };
    let all: Vec<String> = proof.causes.iter().take(NAMED).map(one).collect();
    (!all.is_empty()).then(|| format!("drops by cause, from a replay of the queue: {}", all.join(", ")))
}
