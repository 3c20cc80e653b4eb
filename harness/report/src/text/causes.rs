//! What the replay of a full queue says, in words: each cause in a sentence with what was measured of it.

use spanfate_model::cause::LossFactor;
use spanfate_model::result::{CauseShare, CpuWitness, LossProof, WorkerCycle};

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
pub(crate) const fn cycle_parts(cycle: &WorkerCycle) -> [(&'static str, f64); 7] {
    [
        ("waiting for spans", cycle.waiting_ms),
        ("not run", cycle.unrun_ms),
        ("serialising", cycle.serialising_ms),
        ("waiting for a CPU", cycle.starved_ms),
        ("under way", cycle.network_ms),
        ("at the receiver", cycle.receiver_ms),
        ("failing", cycle.failing_ms),
    ]
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
