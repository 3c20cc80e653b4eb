//! What the probes saw of a process that was joined, as text for a terminal.

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::result::{ProbeResult, ProbedProcessor};

use crate::text::fit::clean;
use crate::text::number::TERMINAL;

/// The whole text; ends with a newline.
pub(crate) fn render(seen: &ProbeResult, seconds: f64, gone: bool) -> String {
    let hits = |kind: ProbeKind| seen.hits.get(kind.as_str()).copied().unwrap_or_default();
    let handed: u64 = seen.processors.iter().map(|one| one.handed).sum();
    let mut out = format!("{}, {} s", clean(&seen.service), TERMINAL.fixed(seconds, 1));
    out += if gone { ", until it ended\n\n" } else { "\n\n" };
    let recorded = hits(ProbeKind::Started);
    let unrecorded = hits(ProbeKind::Created).saturating_sub(recorded);
    let rows = [
        ("started", recorded, "spans that are recorded"),
        ("not recorded", unrecorded, "spans that its sampler left out"),
        ("ended", hits(ProbeKind::Ended), "calls of End"),
        ("queued", hits(ProbeKind::Queued), "taken by a batch processor's queue"),
        ("dropped", hits(ProbeKind::Dropped), "the queue was full; by default the SDK does not report it"),
        ("handed over", handed, "to an exporter"),
    ];
    for (what, count, why) in rows {
        out += &format!("{what:<14}{:>14}  {why}\n", TERMINAL.count(count));
    }
    for processor in &seen.processors {
        out.push('\n');
        out += &processor_lines(processor);
    }
    out.push('\n');
    out += &match &seen.state {
        WitnessState::Complete => "probes        complete: not one record was lost\n".to_owned(),
        WitnessState::Lossy(0) => {
            "probes        did not come to their end: what they lost is not known\n".to_owned()
        }
        WitnessState::Lossy(lost) => format!("probes        lost {} records\n", TERMINAL.count(*lost)),
        WitnessState::Absent(why) => format!("probes        absent: {}\n", clean(why)),
    };
    out += "wire          not seen: what its exporter sends goes where it always went\n";
    out
}

fn processor_lines(processor: &ProbedProcessor) -> String {
    let ms = |value: f64| TERMINAL.fixed(value, 1);
    let mut out = format!(
        "processor     queue {}, batch {}, delay {} ms, timeout {} ms{}\n",
        TERMINAL.count(processor.queue.into()),
        TERMINAL.count(processor.batch.into()),
        ms(processor.delay_ms),
        ms(processor.timeout_ms),
        if processor.block { ", blocks when full" } else { "" }
    );
    out += &format!(
        "              dropped {} since it was made; {} batches, {} failed{}\n",
        TERMINAL.count(processor.dropped),
        TERMINAL.count(processor.batches),
        TERMINAL.count(processor.failed),
        processor.export_ms.map(|time| format!(", {} ms each", ms(time))).unwrap_or_default()
    );
    if let Some(error) = &processor.last_error {
        out += &format!("              last error: {}\n", clean(error));
    }
    out
}
