//! Exporters of a program's own that hide what they send: spans of another type, clients of their own, and such that never send to us.

use super::{FIRST, batch, begin, end, fates, is, sending};
use crate::common::life::{Life, PROCESSOR};
use spanfate_model::books::ledger::Gap;
use spanfate_model::fate::{Fate, Filter};
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::verdict::Verdict;

/// The exporter inside is given spans of a type that hides which ones they are.
fn veiled(life: &mut Life, call: u32, outer: u32, spans: usize, fails: bool) {
    sending(life, call, outer, FIRST, spans);
    for _ in 0..spans {
        life.moment(ProbeKind::Sent, PROCESSOR, u64::from(call));
    }
    life.look(PROCESSOR, ProbeKind::Returned, fails, call, 0);
}

#[test]
fn what_hides_which_spans_it_sends_is_not_said_to_take_them_out() {
    // All of them failed, and the exporter around says so or not.
    for says in [true, false] {
        let mut life = begin(2);
        life.handover(PROCESSOR, 1, &[1, 2]);
        veiled(&mut life, 2, 1, 2, true);
        life.look(PROCESSOR, ProbeKind::Exported, says, 1, 0);
        let (trial, _) = end(&mut life);
        assert_eq!(fates(&trial), is(&[("export_failed.other", 2)]), "{says}");
    }
    // One of two was sent, and nobody knows which; nor with which batch.
    for outer in [1, 3] {
        let mut life = begin(3);
        life.handover(PROCESSOR, 1, &[1, 2]);
        if outer == 3 {
            life.look(PROCESSOR, ProbeKind::Exported, false, 1, 0).handover(PROCESSOR, 3, &[3]).arrive(&[3]);
        } else {
            life.arrive(&[3]);
        }
        life.arrive(&[1]);
        veiled(&mut life, 4, outer, 1, false);
        life.look(PROCESSOR, ProbeKind::Exported, false, outer, 0);
        let (trial, run) = end(&mut life);
        assert_eq!(trial.ledger.gaps.get(&Gap::KeptByExporter), Some(&1), "{outer}: {:?}", trial.ledger);
        assert_eq!(trial.ledger.total(Fate::Filtered(Filter::ExporterWrapper)), 0);
        assert_eq!(run.verdict, Verdict::Inconclusive);
    }
}

#[test]
fn what_waits_in_a_queue_and_is_sent_veiled_may_be_any() {
    let mut life = begin(3);
    batch(&mut life, 1, &[1, 2, 3], &[], false);
    life.look(0, ProbeKind::Handover, false, 2, 2).patch(16, 99);
    sending(&mut life, 2, 2, FIRST, 2);
    life.patch(16, 99).patch(48, 0);
    for _ in 0..2 {
        life.moment(ProbeKind::Handed, 99, 2);
    }
    life.arrive(&[1, 2]).look(0, ProbeKind::Exported, false, 2, 0).patch(16, 99);
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 2), ("unaccounted", 1)]), "{:?}", trial.ledger.paths);
    assert_eq!(trial.ledger.gaps.get(&Gap::KeptByExporter), Some(&1));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

const OTLP: &str = "go.opentelemetry.io/otel/exporters/otlp/otlptrace.(*Exporter).ExportSpans";

#[test]
fn the_word_of_an_exporter_of_ones_own_proves_nothing() {
    // It posts itself, or is the client within the SDK's exporter. What the SDK's own client says is proof.
    for (client, gap) in [("", true), ("*kafka.client", true), ("*otlptracehttp.client", false)] {
        let mut life = begin(2);
        let function = if client.is_empty() {
            "main.(*poster).ExportSpans".to_owned()
        } else {
            format!("{OTLP}|{client}")
        };
        life.exporter(PROCESSOR, &function);
        batch(&mut life, 1, &[1, 2], &[], false);
        life.arrive(&[1]);
        let (trial, run) = end(&mut life);
        let left = if gap { "unaccounted" } else { "unexplained" };
        assert_eq!(fates(&trial), is(&[("received", 1), (left, 1)]), "{function}");
        assert_eq!(trial.ledger.gaps.contains_key(&Gap::KeptByExporter), gap, "{function}");
        assert_eq!(run.verdict == Verdict::Inconclusive, gap, "{function}: {:?}", run.reasons);
    }
}

#[test]
fn what_one_of_two_prints_was_not_meant_for_us() {
    const PRINTS: u64 = 0xc000_3000;
    let mut life = Life::default();
    life.listed(77, &[PRINTS, PROCESSOR]);
    life.exporter(PRINTS, "go.opentelemetry.io/otel/exporters/stdout/stdouttrace.(*Exporter).ExportSpans");
    life.exporter(PROCESSOR, &format!("{OTLP}|*otlptracehttp.client"));
    for span in [1, 2] {
        life.of(ProbeKind::Started, span, 0).ended_with(span, 77).enter(span, PRINTS).enter(span, PROCESSOR);
    }
    // Both export at the same time: the time of an arrival says nothing.
    life.handover(PRINTS, 1, &[1, 2]).handover(PROCESSOR, 2, &[1, 2]).arrive(&[1, 2]);
    for (of, number) in [(PROCESSOR, 2), (PRINTS, 1)] {
        life.look(of, ProbeKind::Exported, false, number, 0);
    }
    for kind in [ProbeKind::Shutdown, ProbeKind::Drained, ProbeKind::Shut] {
        life.look(PRINTS, kind, false, 0, 0);
    }
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 2)]));
    let of = |at: usize| trial.ledger.paths[at].fates.keys().copied().collect::<Vec<_>>();
    assert_eq!((of(0), of(1)), (vec![Fate::SentElsewhere], vec![Fate::Received]));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn what_others_send_to_us_breaks_no_books() {
    let mut life = begin(1);
    batch(&mut life, 1, &[1], &[], false);
    // A process that the program starts inherits where to send to.
    life.arrive(&[1, 50, 51]);
    let (trial, run) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 1)]));
    assert_eq!((trial.ledger.unexpected.count, trial.ledger.strangers), (0, 2));
    assert_eq!(run.verdict, Verdict::Inconclusive, "{:?}", run.reasons);
    assert!(
        run.reasons.iter().any(|why| why.contains("2 spans came to our receiver that")),
        "{:?}",
        run.reasons
    );
}

#[test]
fn of_a_list_that_is_longer_than_probes_read_nothing_is_concluded() {
    // Eight of the program's own, and the ninth exports; then a span of which nobody was seen to hear.
    let own: Vec<u64> = (1..=8).map(|number| 0xc001_0000 + number * 16).collect();
    let mut life = Life::default();
    life.listed(9, &own);
    for record in &mut life.records {
        record[28..32].copy_from_slice(&9_u32.to_le_bytes());
    }
    life.queued_by(1, 9).batch(1, &[1], false, true);
    life.of(ProbeKind::Started, 2, 0).ended_with(2, 9).on(2, ProbeKind::Ended, 90, 0);
    let (trial, _) = end(&mut life);
    assert_eq!(fates(&trial), is(&[("received", 1), ("unaccounted", 1)]));
    assert_eq!(trial.ledger.gaps.get(&Gap::NotSeen), Some(&1));
}
