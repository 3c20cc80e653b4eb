//! A peek at a process as text: the sentence that answers first, then what it rests on.

pub(crate) mod collectors;

use spanfate_model::advice::lines::assignment;
use spanfate_model::finding::peek::{Advice, Peek, ProcessorHealth, ProcessorPeek, RoundTrip};

use crate::terminal::titled_rows::{row, time};
use crate::text::fit::clean;
use crate::text::number::TERMINAL;

/// The whole answer.
pub(crate) fn render(peek: &Peek) -> String {
    let mut out = format!("{}\n\n", sentence(peek));
    let sdk = if peek.sdk.is_empty() { String::new() } else { format!(", SDK {}", clean(&peek.sdk)) };
    let process = format!(
        "{} {}, up {}, Go {}{sdk}; watched for {}",
        peek.pid,
        clean(&peek.name),
        age(peek.age_s),
        clean(&peek.go),
        time(peek.watched_s * 1e3)
    );
    row(&mut out, "process", &process);
    if peek.unqueued > 0 {
        row(
            &mut out,
            "unqueued",
            &format!(
                "{} spans were exported by a processor without a queue, each within its own End()",
                TERMINAL.count(peek.unqueued)
            ),
        );
    }
    for note in &peek.notes {
        row(&mut out, "note", note);
    }
    for (index, processor) in peek.processors.iter().enumerate() {
        if peek.processors.len() > 1 {
            out += &format!("\nbatch processor {} of {}\n", index + 1, peek.processors.len());
        }
        block(&mut out, processor);
    }
    out
}

/// A line while it is watched.
pub(crate) fn line(peek: &Peek) -> String {
    if peek.processors.is_empty() {
        return format!("{:>6.0} s  no batch processor was heard of yet", peek.watched_s);
    }
    let one = |processor: &ProcessorPeek| {
        let rate = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| TERMINAL.rate(value));
        let trip = processor.round_trip.map_or_else(|| "–".to_owned(), |trip| TERMINAL.ms(trip.mean_ms));
        format!(
            "dropped {} (+{}), queue {} of {}, offered {}, ceiling {}, round trip {trip}",
            TERMINAL.count(u64::from(processor.dropped_total)),
            TERMINAL.count(processor.dropped),
            TERMINAL.count(u64::from(processor.queued)),
            TERMINAL.count(u64::from(processor.queue)),
            rate(processor.offered_per_s),
            rate(processor.ceiling_per_s),
        )
    };
    let all: Vec<String> = peek.processors.iter().map(one).collect();
    format!("{:>6.0} s  {}", peek.watched_s, all.join("; "))
}

fn sentence(peek: &Peek) -> String {
    // A batch processor is known a little later than the watch begins.
    let longest = peek.processors.iter().map(|processor| processor.watched_s).reduce(f64::max);
    let watched = time(longest.unwrap_or(peek.watched_s) * 1e3);
    if peek.processors.is_empty() {
        return if peek.unqueued_failed > 0 {
            let error =
                peek.unqueued_error.as_ref().map(|error| format!(" The last error: {}", clean(error)));
            format!(
                "{} failed in the last {watched}, and their spans are lost: this process exports without a queue.{}",
                TERMINAL.counted(peek.unqueued_failed, "export", "exports"),
                error.unwrap_or_default()
            )
        } else if peek.unqueued > 0 {
            "No batch processor exported: this process exports without a queue, and drops nothing.".to_owned()
        } else {
            format!(
                "No span ended and no batch processor exported in {watched}: the process is idle, has no batch processor, or samples nothing."
            )
        };
    }
    let sum = |of: &dyn Fn(&ProcessorPeek) -> u64| peek.processors.iter().map(of).sum::<u64>();
    let dropped = sum(&|processor| processor.dropped);
    let total = sum(&|processor| u64::from(processor.dropped_total));
    let losing = match (dropped, total) {
        (0, 0) => "No span was dropped since the process started.".to_owned(),
        (0, total) => format!(
            "No span was dropped in the last {watched}; {} were before, since the process started.",
            TERMINAL.count(total)
        ),
        (dropped, _) => {
            format!("Losing spans now: {} dropped in the last {watched}.", TERMINAL.count(dropped))
        }
    };
    let losing = match failing(peek, &watched) {
        Some(failing) if failing.1 => format!("{} {losing}", failing.0),
        Some(failing) => format!("{losing} {}", failing.0),
        None => losing,
    };
    let stuck = peek.processors.iter().filter(|processor| processor.state == ProcessorHealth::Stuck).count();
    match (stuck, peek.processors.len()) {
        (0, _) => losing,
        (1, 1) => format!("The worker of the batch processor is stuck. {losing}"),
        (stuck, all) => format!("The workers of {stuck} of {all} batch processors are stuck. {losing}"),
    }
}

/// What failed exports come to, and whether that is the worst of it: where none succeeds, nothing that could be set helps.
fn failing(peek: &Peek, watched: &str) -> Option<(String, bool)> {
    let broken: Vec<&ProcessorPeek> =
        peek.processors.iter().filter(|processor| processor.state == ProcessorHealth::Failing).collect();
    let sum = |of: fn(&ProcessorPeek) -> u64| peek.processors.iter().map(of).sum::<u64>();
    let (ended, failed) = (sum(|of| of.exports), sum(|of| of.failed));
    if failed == 0 {
        return None;
    }
    let Some(first) = broken.first() else {
        let text = format!(
            "{} of {} failed in the last {watched}, and their spans are lost.",
            TERMINAL.count(failed),
            TERMINAL.counted(ended, "export", "exports")
        );
        return Some((text, false));
    };
    let error = first
        .last_error
        .as_ref()
        .map(|error| format!(" The last error: {}.", clean(error).trim_end_matches('.')));
    let who = if peek.processors.len() == broken.len() {
        "Every export fails".to_owned()
    } else {
        format!("Every export of {} of {} batch processors fails", broken.len(), peek.processors.len())
    };
    let text = format!(
        "{who} ({} in the last {watched}), and the spans are lost: mend that first, no setting helps.{}",
        TERMINAL.count(broken.iter().map(|of| of.failed).sum::<u64>()),
        error.unwrap_or_default()
    );
    Some((text, true))
}

fn block(out: &mut String, of: &ProcessorPeek) {
    let count = |n: u32| TERMINAL.count(u64::from(n));
    row(out, "dropped", &dropped(of));
    row(
        out,
        "settings",
        &format!(
            "queue {}, batch {}, schedule delay {}, export timeout {}; {}",
            count(of.queue),
            count(of.batch),
            time(of.delay_ms),
            time(of.timeout_ms),
            if of.blocks { "End() waits when the queue is full" } else { "drops when the queue is full" }
        ),
    );
    row(
        out,
        "queue",
        &format!(
            "{} of {} now, {} at most; {} more in the batch",
            count(of.queued),
            count(of.queue),
            count(of.queued_most),
            count(of.gathered)
        ),
    );
    if let Some(silent) = of.silent_s {
        row(out, "worker", &worker(of, silent));
    } else if of.state == ProcessorHealth::Shut {
        row(out, "worker", "its provider was shut down");
    }
    row(out, "exports", &exports(of));
    if let Some(error) = &of.last_error {
        row(out, "last error", error);
    }
    rates(out, of);
    advice(out, of);
    if of.state == ProcessorHealth::Losing {
        row(
            out,
            "why",
            "the cause needs the time of each span, which peek does not take: `spanfate attach --pid` does, then `spanfate why` names it",
        );
    }
}

fn dropped(of: &ProcessorPeek) -> String {
    let total = TERMINAL.count(u64::from(of.dropped_total));
    let wrapped = if of.may_have_wrapped {
        " at least (the SDK's counter has 32 bits, and at this rate may have begun anew)"
    } else {
        ""
    };
    format!(
        "{total}{wrapped} since the process started, {} in the last {}",
        TERMINAL.count(of.dropped),
        time(of.watched_s * 1e3)
    )
}

fn worker(of: &ProcessorPeek, silent: f64) -> String {
    let silent = time(silent * 1e3);
    if of.state == ProcessorHealth::Stuck {
        format!(
            "stuck: it has not exported for ≥ {silent}; queue {} of {}",
            TERMINAL.count(u64::from(of.queued)),
            TERMINAL.count(u64::from(of.queue))
        )
    } else {
        format!(
            "not heard of for ≥ {silent}, which its schedule delay of {} permits; watch longer: --for",
            time(of.delay_ms)
        )
    }
}

fn exports(of: &ProcessorPeek) -> String {
    let failed =
        if of.failed > 0 { format!(", {} failed", TERMINAL.count(of.failed)) } else { String::new() };
    let ended = format!("{}{failed}", TERMINAL.count(of.exports));
    let Some(RoundTrip { mean_ms, max_ms, spans, full, .. }) = of.round_trip else {
        let under_way = of
            .under_way_s
            .map_or_else(String::new, |s| format!("; one has been under way for {}", time(s * 1e3)));
        let exports = TERMINAL.count(of.exports);
        return format!("{exports} ended{failed}{under_way}; round trip unknown");
    };
    let batches =
        if full { "full batches".to_owned() } else { format!("batches of {} spans", TERMINAL.short(spans)) };
    format!("{ended}; round trip {} mean, {} at most ({batches})", TERMINAL.ms(mean_ms), TERMINAL.ms(max_ms))
}

fn rates(out: &mut String, of: &ProcessorPeek) {
    let per_s = |rate: f64| TERMINAL.rate(rate);
    let offered = of.offered_per_s.map(per_s);
    let (Some(ceiling), Some(trip)) = (of.ceiling_per_s, of.round_trip) else {
        let why = match of.failed {
            0 => "unknown: no export ended",
            _ => "unknown: no export succeeded, and how long a failure takes is no round trip",
        };
        row(out, "ceiling", why);
        if let Some(offered) = offered {
            row(out, "headroom", &format!("unknown: offered {offered}"));
        }
        return;
    };
    let less = if trip.full { "" } else { ", less in truth: a full batch takes longer" };
    let batch = TERMINAL.count(u64::from(of.batch));
    row(out, "ceiling", &format!("{} = {batch} spans / {}{less}", per_s(ceiling), TERMINAL.ms(trip.mean_ms)));
    let (Some(offered), Some(load)) = (offered, of.load) else {
        row(out, "headroom", "unknown: it was watched too briefly");
        return;
    };
    let left = match load < 1.0 {
        true if of.dropped > 0 => {
            format!("{} left on average, and yet the queue ran full", per_s(ceiling * (1.0 - load)))
        }
        true => format!("{} left", per_s(ceiling * (1.0 - load))),
        false => "none".to_owned(),
    };
    let waits = if of.blocks && load > 0.9 { " (callers wait: without that it would be more)" } else { "" };
    let share = TERMINAL.fixed(load * 100.0, usize::from(load < 0.1));
    row(out, "headroom", &format!("{left}: offered {offered} = {share} % of {}{waits}", per_s(ceiling)));
}

fn advice(out: &mut String, of: &ProcessorPeek) {
    let Some(Advice {
        batch,
        ceiling_per_s,
        memory_bytes,
        memory_now_bytes,
        large,
        set,
        shortfalls,
        overrun,
        assumes,
        ..
    }) = &of.advice
    else {
        if of.state == ProcessorHealth::Keeping && of.offered_per_s.is_some() && of.round_trip.is_some() {
            row(out, "paste", "nothing to change");
        }
        return;
    };
    if let Some(reason) = overrun {
        row(out, "reason", reason);
    }
    for (index, one) in set.iter().enumerate() {
        row(
            out,
            if index == 0 { "paste" } else { "" },
            &format!("export {}", assignment(one.name, one.value)),
        );
    }
    if memory_bytes > memory_now_bytes {
        row(
            out,
            "",
            &format!(
                "costs about {} of memory while the queue is full, {} more than now",
                TERMINAL.bytes(*memory_bytes as f64),
                TERMINAL.bytes((memory_bytes - memory_now_bytes) as f64)
            ),
        );
    }
    if *batch > of.batch {
        row(
            out,
            "",
            &format!(
                "ceiling then {}, if {}: an estimate, so peek again",
                TERMINAL.rate(*ceiling_per_s),
                assumes.as_deref().unwrap_or("an export takes no longer with a larger batch")
            ),
        );
    }
    for text in shortfalls {
        row(out, "lacking", text);
    }
    if *large && *batch > of.batch {
        row(out, "", "mind the receiver's limit of a message: gRPC takes 4 MiB by default");
    }
}

/// An age in its two largest units.
fn age(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests;
