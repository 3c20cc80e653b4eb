//! Exporters of a program's own around the SDK's: what they take out, keep, send to several, or say nothing of.

mod veiled;

use super::common::life::{Life, PROCESSOR};
use spanfate_model::books::ledger::{Gap, PathSpread};
use spanfate_model::fate::Fate;
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::verdict::Verdict;

/// Two exporters inside.
pub(super) const FIRST: u64 = 0xc000_5000;
const SECOND: u64 = 0xc000_6000;

/// What the exporter around does with a batch.
pub(super) struct Inside<'a> {
    /// Number of the call of the exporter inside.
    call: u32,
    exporter: u64,
    spans: &'a [u64],
    fails: bool,
}

const fn inside(call: u32, exporter: u64, spans: &[u64]) -> Inside<'_> {
    Inside { call, exporter, spans, fails: false }
}

const fn failing(call: u32, exporter: u64, spans: &[u64]) -> Inside<'_> {
    Inside { call, exporter, spans, fails: true }
}

pub(super) fn sending(life: &mut Life, batch: u32, outer: u32, exporter: u64, spans: usize) {
    life.look(PROCESSOR, ProbeKind::Sending, false, batch, spans as u32);
    // The number of the batch around, and the exporter's address.
    life.patch(32, u64::from(outer)).patch(56, exporter);
}

/// A batch is handed to the exporter around, which calls those inside.
pub(super) fn batch(life: &mut Life, outer: u32, spans: &[u64], all: &[Inside<'_>], fails: bool) {
    life.handover(PROCESSOR, outer, spans);
    for one in all {
        sending(life, one.call, outer, one.exporter, one.spans.len());
        for span in one.spans {
            life.of(ProbeKind::Sent, *span, u64::from(one.call));
        }
        if !one.fails {
            life.arrive(one.spans);
        }
        life.look(PROCESSOR, ProbeKind::Returned, one.fails, one.call, 0);
    }
    life.look(PROCESSOR, ProbeKind::Exported, fails, outer, 0);
}

pub(super) fn begin(spans: u64) -> Life {
    let mut life = Life::default();
    for span in 1..=spans {
        life.queued(span);
    }
    life
}

pub(super) fn end(life: &mut Life) -> (TrialResult, RunResult) {
    for kind in [ProbeKind::Shutdown, ProbeKind::Drained, ProbeKind::Shut] {
        life.look(PROCESSOR, kind, false, 0, 0);
    }
    let (trial, run) = life.conclude();
    assert!(trial.ledger.closes());
    (trial, run)
}

pub(super) fn fates(trial: &TrialResult) -> Vec<(String, u64)> {
    let ledger = &trial.ledger;
    let mut out: Vec<(String, u64)> =
        ledger.fates.iter().map(|(fate, count)| (fate.to_string(), count.total)).collect();
    for (name, count) in
        [("unaccounted", ledger.unaccounted.count), ("unexplained", ledger.unexplained.count)]
    {
        out.extend((count > 0).then(|| (name.to_owned(), count)));
    }
    out
}

pub(super) fn is(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
    rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn what_is_taken_out_was_not_meant_to_arrive() {
    let mut life = begin(4);
    batch(&mut life, 1, &[1, 2], &[inside(2, FIRST, &[1])], false);
    // Nothing is left of this one, so nobody is called.
    batch(&mut life, 3, &[3, 4], &[], false);
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 1), ("filtered.exporter_wrapper", 3)]));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn what_comes_back_with_an_error_was_not_taken_out() {
    let mut life = begin(4);
    batch(&mut life, 1, &[1, 2], &[inside(2, FIRST, &[1, 2])], false);
    batch(&mut life, 3, &[3, 4], &[], true);
    let (trial, _) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 2), ("export_failed.other", 2)]));
}

#[test]
fn an_error_that_is_swallowed_is_the_reason() {
    let mut life = begin(2);
    batch(&mut life, 1, &[1], &[failing(2, FIRST, &[1])], false);
    batch(&mut life, 3, &[2], &[inside(4, FIRST, &[2])], false);
    let (trial, _) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 1), ("export_failed.other", 1)]));
    assert_eq!(trial.exports.calls, 2);
}

#[test]
fn a_second_try_that_arrives_is_a_receipt() {
    let mut life = begin(1);
    batch(&mut life, 1, &[1], &[failing(2, FIRST, &[1]), inside(3, FIRST, &[1])], false);
    let (trial, _) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 1)]));
}

#[test]
fn one_that_sends_to_several_is_a_path_to_each() {
    let mut life = begin(3);
    batch(&mut life, 1, &[1, 2], &[inside(2, FIRST, &[1, 2]), inside(3, SECOND, &[1, 2])], false);
    batch(&mut life, 4, &[3], &[inside(5, FIRST, &[3]), failing(6, SECOND, &[3])], false);
    let (trial, _) = end(&mut life);
    let of = |at: usize| {
        let fates = &trial.ledger.paths[at].fates;
        fates.iter().map(|(fate, count)| (*fate, count.total)).collect::<Vec<_>>()
    };
    assert_eq!(trial.ledger.paths.len(), 2);
    assert_eq!(of(0), [(Fate::Received, 3)]);
    assert_eq!(of(1).iter().map(|(_, spans)| spans).sum::<u64>(), 3);
    assert_eq!(of(1)[0], (Fate::Received, 2));
    assert_eq!(trial.ledger.spread, Some(PathSpread { every: 2, some: 1, none: 0 }));
}

#[test]
fn one_of_several_ends_is_enough() {
    // Each batch goes to one of both; and where the first fails, to the other.
    let mut life = begin(4);
    batch(&mut life, 1, &[1], &[inside(2, FIRST, &[1])], false);
    batch(&mut life, 3, &[2], &[inside(4, SECOND, &[2])], false);
    batch(&mut life, 5, &[3], &[failing(6, FIRST, &[3]), inside(7, SECOND, &[3])], false);
    batch(&mut life, 8, &[4], &[failing(9, FIRST, &[4]), failing(10, SECOND, &[4])], false);
    let (trial, _) = end(&mut life);
    assert_eq!(trial.ledger.paths.len(), 0);
    assert_eq!(fates(&trial), is(&[("received", 3), ("export_failed.other", 1)]));
}

#[test]
fn what_a_queue_of_its_own_took_may_still_be_there() {
    let mut life = begin(3);
    batch(&mut life, 1, &[1, 2, 3], &[], false);
    // On a goroutine of its own, of no processor.
    life.look(0, ProbeKind::Handover, false, 2, 2).patch(16, 99);
    sending(&mut life, 2, 2, FIRST, 2);
    life.patch(16, 99).patch(48, 0);
    for span in [1, 2] {
        life.on(99, ProbeKind::Handed, span, 2);
    }
    life.arrive(&[1, 2]).look(0, ProbeKind::Exported, false, 2, 0).patch(16, 99);
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 2), ("unaccounted", 1)]), "{:?}", trial.ledger.paths);
    assert_eq!(trial.ledger.gaps.get(&Gap::KeptByExporter), Some(&1));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn what_a_queue_of_its_own_holds_is_not_said_to_go_elsewhere() {
    let mut life = begin(3);
    batch(&mut life, 1, &[1, 2, 3], &[], false);
    // It sends the first, and is killed before an answer comes: nothing at all arrived.
    life.look(0, ProbeKind::Handover, false, 2, 1).patch(16, 99);
    sending(&mut life, 2, 2, FIRST, 1);
    life.patch(16, 99).patch(48, 0);
    life.on(99, ProbeKind::Handed, 1, 2);
    let (trial, run) = life.conclude();
    assert_eq!(trial.ledger.gaps.get(&Gap::KeptByExporter), Some(&2), "{:?}", trial.ledger);
    assert_eq!(run.verdict, Verdict::Inconclusive);
    let said = run.reasons.join("\n");
    assert!(said.contains("may hold them in a queue of its own") && !said.contains("endpoint"), "{said}");
}

#[test]
fn one_that_sends_with_a_later_batch_keeps() {
    let mut life = begin(3);
    batch(&mut life, 1, &[1, 2], &[], false);
    batch(&mut life, 2, &[3], &[inside(3, FIRST, &[1, 3])], false);
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 2), ("unaccounted", 1)]));
    assert_eq!(trial.ledger.gaps.get(&Gap::KeptByExporter), Some(&1));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn one_that_sends_nothing_anywhere_is_not_judged() {
    let mut life = begin(2);
    batch(&mut life, 1, &[1, 2], &[], false);
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("unaccounted", 2)]));
    assert_eq!(trial.ledger.gaps.get(&Gap::Elsewhere), Some(&2));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn what_one_of_the_programs_own_was_given_may_wait_in_it_where_the_program_dies() {
    // It had called no exporter of the SDK's yet. One that was told to end, and one of the SDK's own, hold nothing.
    for (function, orderly, gap) in [
        ("main.(*queue).ExportSpans", false, Gap::KeptByExporter),
        ("main.(*queue).ExportSpans", true, Gap::Elsewhere),
        (
            "go.opentelemetry.io/otel/exporters/otlp/otlptrace.(*Exporter).ExportSpans|*otlptracegrpc.client",
            false,
            Gap::Elsewhere,
        ),
    ] {
        let mut life = begin(2);
        life.exporter(PROCESSOR, function);
        batch(&mut life, 1, &[1, 2], &[], false);
        let (trial, run) = if orderly { end(&mut life) } else { life.conclude() };
        assert_eq!(fates(&trial), is(&[("unaccounted", 2)]), "{function}");
        assert_eq!(trial.ledger.gaps.get(&gap), Some(&2), "{function}: {:?}", trial.ledger.gaps);
        assert_eq!(run.verdict, Verdict::Inconclusive);
    }
}

#[test]
fn what_was_under_way_when_the_process_died_is_lost_in_flight() {
    let mut life = begin(2);
    batch(&mut life, 1, &[1], &[inside(2, FIRST, &[1])], false);
    life.handover(PROCESSOR, 3, &[2]);
    sending(&mut life, 4, 3, FIRST, 1);
    life.of(ProbeKind::Sent, 2, 4);
    let (trial, _) = life.conclude();
    assert_eq!(fates(&trial), is(&[("received", 1), ("lost_in_flight_at_exit", 1)]));
}

/// A batch that the SDK's own exporter is handed at once, which sends it past our receiver or to it.
fn direct(life: &mut Life, number: u32, exporter: u64, spans: &[u64], arrives: bool, fails: bool) {
    life.handover(PROCESSOR, number, spans);
    sending(life, number, number, exporter, spans.len());
    life.patch(40, CLIENT);
    if arrives {
        life.arrive(spans);
    }
    life.look(PROCESSOR, ProbeKind::Exported, fails, number, 0);
}

const CLIENT: u64 = 0x4711;

fn told(spans: u64, client: &str) -> Life {
    let mut life = begin(spans);
    life.endpoint = Some("127.0.0.1:4317".to_owned());
    life.type_name(CLIENT, client);
    life
}

#[test]
fn what_another_endpoint_took_was_sent_elsewhere() {
    for (client, place) in
        [("*otlptracegrpc.client", 2), ("*otlptracegrpc.client", 3), ("*otlptracehttp.client", 1), ("", 1)]
    {
        let mut life = told(3, client);
        life.endpoint_at(FIRST, place, "collector.example:4317");
        direct(&mut life, 1, FIRST, &[1, 2], false, false);
        direct(&mut life, 2, FIRST, &[3], false, true);
        let (trial, run) = end(&mut life);
        assert_eq!(
            fates(&trial),
            is(&[("export_failed.other", 1), ("sent_elsewhere", 2)]),
            "{client} {place}"
        );
        assert_eq!(trial.services[0].endpoints, ["collector.example:4317"]);
        assert_eq!(run.verdict, Verdict::Inconclusive);
        let reason = "2 spans were sent to collector.example:4317, which took them";
        assert!(run.reasons.iter().any(|text| text.contains(reason)), "{:?}", run.reasons);
    }
}

#[test]
fn what_was_not_read_or_is_our_own_endpoint_is_no_reason() {
    // Nothing was read; the wrong place; our own; another client.
    for (client, place, text) in [
        ("*otlptracegrpc.client", 0, ""),
        ("*otlptracegrpc.client", 1, "collector.example:4317"),
        ("*otlptracegrpc.client", 2, "localhost:4317"),
        ("*main.client", 2, "collector.example:4317"),
    ] {
        let mut life = told(1, client);
        if place != 0 {
            life.endpoint_at(FIRST, place, text);
        }
        direct(&mut life, 1, FIRST, &[1], false, false);
        let (trial, run) = end(&mut life);
        assert_eq!(fates(&trial), is(&[("unaccounted", 1)]), "{client} {place} {text}");
        assert_eq!(trial.ledger.gaps.get(&Gap::Elsewhere), Some(&1));
        assert_eq!(run.verdict, Verdict::Inconclusive);
    }
}

#[test]
fn what_comes_through_another_ones_hands_is_never_unexplained() {
    // An agent of the user's own takes all, and hands on one of two.
    let mut life = told(2, "*otlptracegrpc.client");
    life.endpoint_at(FIRST, 3, "agent:4317");
    direct(&mut life, 1, FIRST, &[1], true, false);
    direct(&mut life, 2, FIRST, &[2], false, false);
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 1), ("unaccounted", 1)]));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn one_end_of_several_may_be_elsewhere() {
    let mut life = told(2, "*otlptracehttp.client");
    life.endpoint_at(SECOND, 1, "vendor.example:443");
    life.handover(PROCESSOR, 1, &[1, 2]);
    for (call, exporter) in [(2, FIRST), (3, SECOND)] {
        sending(&mut life, call, 1, exporter, 2);
        life.patch(40, CLIENT);
        for span in [1, 2] {
            life.of(ProbeKind::Sent, span, u64::from(call));
        }
        if exporter == FIRST {
            life.arrive(&[1, 2]);
        }
        life.look(PROCESSOR, ProbeKind::Returned, false, call, 0);
    }
    life.look(PROCESSOR, ProbeKind::Exported, false, 1, 0);
    let (trial, run) = end(&mut life);
    let of = |at: usize| {
        let fates = &trial.ledger.paths[at].fates;
        fates.iter().map(|(fate, count)| (*fate, count.total)).collect::<Vec<_>>()
    };
    assert_eq!((of(0), of(1)), (vec![(Fate::Received, 2)], vec![(Fate::SentElsewhere, 2)]));
    assert!(
        trial.ledger.paths[1].path.ends_with(" to vendor.example:443"),
        "{:?}",
        trial.ledger.paths[1].path
    );
    assert_eq!(trial.services[0].paths[1].endpoint.as_deref(), Some("vendor.example:443"));
    assert_eq!(fates(&trial), is(&[("received", 2)]));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}
