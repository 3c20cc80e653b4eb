//! Two stores of spans held against each other: what page, terminal and Markdown say of it.

use spanfate_model::finding::diff::{
    DiffCounts, DiffKind, DiffResult, DiffSample, DiffSide, LackingTraces, LiveDelays, RuleUse,
};
use spanfate_model::quantity::stamp;
use spanfate_model::verdict::Verdict;

use crate::text::number::Numbers;

/// The answer in a sentence.
pub(crate) fn answer(found: &DiffResult, numbers: Numbers) -> String {
    let DiffCounts { both, .. } = found.counts;
    let spans = |count: u64| numbers.counted(count, "span", "spans");
    match found.verdict {
        Verdict::Pass => {
            format!(
                "Both sides tell the same story of {} in {}.",
                spans(both),
                traces(found.traces.all, numbers)
            )
        }
        Verdict::Inconclusive if both == 0 => "Nothing was compared.".to_owned(),
        Verdict::Inconclusive => {
            format!(
                "{} agree on both sides, and what is missing proves nothing: a side is not whole.",
                spans(both)
            )
        }
        _ => {
            let unlike = found.traces.all - found.traces.equal;
            format!("The sides differ in {} of {}.", numbers.count(unlike), traces(found.traces.all, numbers))
        }
    }
}

fn traces(count: u64, numbers: Numbers) -> String {
    numbers.counted(count, "trace", "traces")
}

/// What a side is.
pub(crate) fn side(side: &DiffSide, numbers: Numbers) -> String {
    let format = side.format.map_or("empty", spanfate_model::finding::diff::DiffFormat::says);
    let coding = if side.coding.is_empty() { String::new() } else { format!(" in {}", side.coding) };
    let mut out = format!(
        "{format}{coding}, {}, {}",
        numbers.counted(side.spans, "span", "spans"),
        numbers.bytes(side.bytes as f64)
    );
    for left in &side.left_out {
        out += &format!("; {} left out: {}", numbers.counted(left.spans, "span", "spans"), left.why);
    }
    out
}

/// When the verdicts of a live comparison came, and what came after them.
pub(crate) fn delays(live: &LiveDelays, numbers: Numbers) -> String {
    let mut out = format!(
        "window {}; {} came after {} (median), {} (p99), {} (longest)",
        numbers.ms(live.window_ms),
        numbers.counted(live.verdicts, "verdict", "verdicts"),
        numbers.ms(live.p50_ms),
        numbers.ms(live.p99_ms),
        numbers.ms(live.max_ms)
    );
    for (count, one, many) in [
        (live.again, "verdict is of a trace that went on", "verdicts are of traces that went on"),
        (live.late, "span came after it was judged missing", "spans came after they were judged missing"),
        (
            live.copies_after,
            "copy came after its trace was judged",
            "copies came after their trace was judged",
        ),
    ] {
        if count > 0 {
            out += &format!("; {}", numbers.counted(count, one, many));
        }
    }
    if live.late > 0 {
        out += ": give a longer --window";
    }
    out
}

/// The counts, with a word for each; those that are nothing are left out, but for the first two.
pub(crate) fn counts(counts: &DiffCounts) -> Vec<(&'static str, u64)> {
    let all = [
        ("on both sides", counts.both),
        ("different", counts.different),
        ("only left", counts.only_left),
        ("only right", counts.only_right),
        ("more copies left", counts.copies_left),
        ("more copies right", counts.copies_right),
    ];
    all.into_iter().enumerate().filter(|(at, (_, count))| *at < 2 || *count > 0).map(|(_, one)| one).collect()
}

/// What a side lacks of traces; nothing where it lacks none.
pub(crate) fn lacks(lacking: &LackingTraces, numbers: Numbers) -> Option<String> {
    let all = [
        (lacking.absent, "absent"),
        (lacking.headless, "with the root missing"),
        (lacking.torn, "with orphaned spans"),
        (lacking.shortened, "without a leaf"),
        (lacking.split, "split"),
    ];
    let some = all.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = some.map(|(count, what)| format!("{} {what}", numbers.count(count))).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Spans under another trace, if there are some; and that not all could be looked for.
pub(crate) fn moved(found: &DiffResult, numbers: Numbers) -> Option<String> {
    let traces = &found.traces;
    let unknown = if traces.moved_known {
        ""
    } else {
        "; there are too many to look for all of them under other traces"
    };
    (traces.moved_spans > 0 || !traces.moved_known).then(|| {
        let spans = numbers.counted(traces.moved_spans, "span has", "spans have");
        format!("{spans} another trace id on the other side{unknown}")
    })
}

/// How often a rule was applied, and where.
pub(crate) fn applied(used: &RuleUse, numbers: Numbers) -> String {
    let parts = [(used.left, "left"), (used.right, "right"), (used.pairs, "compared")];
    let some = parts.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, place)| format!("{} {place}", numbers.count(*count))).collect::<Vec<_>>().join(", ")
}

/// How a span differs, in a word or two.
pub(crate) const fn kind(kind: DiffKind) -> &'static str {
    match kind {
        DiffKind::Field => "differs",
        DiffKind::OnlyLeft => "only left",
        DiffKind::OnlyRight => "only right",
        DiffKind::CopiesLeft => "more copies left",
        DiffKind::CopiesRight => "more copies right",
    }
}

/// What there is to say of an example beside its ids.
pub(crate) fn says(sample: &DiffSample) -> String {
    let mut out = match sample.kind {
        DiffKind::Field => {
            format!("{}: {} on the left, {} on the right", sample.path, sample.left, sample.right)
        }
        _ => String::new(),
    };
    if let Some(trace) = sample.moved_to {
        out += &format!("the other side has it in trace {trace}");
    }
    out
}

/// Where an example stands.
pub(crate) fn places(sample: &DiffSample) -> String {
    let sides = [("left", &sample.left_at), ("right", &sample.right_at)];
    let some = sides.iter().filter(|(_, at)| !at.is_empty());
    some.map(|(side, at)| format!("{side}: {at}")).collect::<Vec<_>>().join("; ")
}

/// The fields that are not compared, by who lacks them.
pub(crate) fn not_compared(found: &DiffResult) -> Vec<String> {
    let of = |lacks: &str| {
        let fields = found.not_compared.iter().filter(|one| one.lacks == lacks).map(|one| one.field.says());
        fields.collect::<Vec<_>>().join(", ")
    };
    let sides =
        [("left", "the left side has no"), ("right", "the right side has no"), ("both", "neither side has")];
    let some = sides.iter().map(|(lacks, text)| (of(lacks), text)).filter(|(fields, _)| !fields.is_empty());
    some.map(|(fields, text)| format!("{text} {fields}")).collect()
}

/// A time for people, to the microsecond.
pub(crate) fn time(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let text = stamp::read(seconds);
    // Without the time zone, which comes last.
    let minute: String = text.chars().take(16).collect();
    format!("{minute}:{:02}.{:06} UTC", seconds % 60, ns % 1_000_000_000 / 1000)
}
