//! The rules on a disturbed machine: cases, laws, and the table that people read.

use proptest::prelude::*;
use spanfate_model::books::damage::Damage;
use spanfate_model::fate::{ExitWay, ExportCause, Fate, Leak};
use spanfate_model::format::manifest::{SpoiltAttempt, Status};
use spanfate_model::result::{Attempts, Basis, Footing, Quantiles, TrialResult, TrustCheck, Validity};
use spanfate_model::scenario::expect::Condition;
use spanfate_model::scenario::figure::Figure;
use spanfate_model::term::Term;
use spanfate_model::verdict::Verdict;

use super::disturbed::{DisturbanceMakes, rule_of};
use super::forge::{Forged, forged, judged_together};
use crate::expect::validity_of;

const PARTIAL: &str = r#"{"kind":{"answer":{"partial":{"reject":7}}},"requests":{"from":2,"to":4}}"#;
const OUTAGE: &str = r#"{"kind":{"answer":{"status":{"http":503}}},"at":"0s","for":"2s"}"#;
const FULL: &str = r#"{"kind":{"kill":{}},"when":{"queue_at_least":64}}"#;
const KILL: &str = r#"{"kind":{"kill":{}},"at":"1s"}"#;
const PANIC: &str = r#"{"kind":{"panic":{"place":"before_defer","one_in":10}},"at":"0s","for":"2s"}"#;
const CONTEXT: &str = r#"{"kind":{"context_lost":{"how":"strip","one_in":2}},"at":"0s","for":"2s"}"#;

#[test]
fn what_disturbance_cannot_change_is_said_at_steal_of_three_per_cent() {
    use Fate::DroppedQueueFull as Full;
    use Footing::{Conservative, NeedsReplay, Proven, Valid};
    use Verdict::{Fail, Inconclusive as Open, Pass};
    let plain = || forged("{}", &[]);
    let slow = || forged(r#"{"answer_after":"100ms"}"#, &[]);
    let cases = vec![
        (plain(), "loss.rate == 0 %", Pass, Proven),
        (plain(), "loss.rate <= 1 %", Pass, Proven),
        (plain(), "loss.rate > 0 %", Fail, Proven),
        (plain(), "fate.dropped_queue_full > 0", Fail, Proven),
        (plain(), "spans.received == 2000", Pass, Proven),
        (plain(), "delay.p99 < 2s", Pass, Conservative),
        (plain(), "delay.p99 < 1ms", Open, Valid),
        (plain(), "traces.torn == 0", Pass, Proven),
        (plain(), "response.p99 < 1s", Open, Valid),
        (plain().lost(Full, 5), "loss.rate == 0 %", Open, NeedsReplay),
        (plain().lost(Full, 5), "loss.rate <= 1 %", Pass, Conservative),
        (plain().lost(Full, 500), "fate.dropped_queue_full > 0", Open, NeedsReplay),
        (plain().lost(Full, 500), "fate.dropped_queue_full > 500", Fail, Conservative),
        (plain().lost(Full, 5), "fate.dropped_queue_full == 5", Open, NeedsReplay),
        // 2,000 spans, 24 calls of 32, and a queue of 64: the script's answers force a loss on every machine.
        (slow().lost(Full, 1200), "fate.dropped_queue_full > 0", Pass, Conservative),
        (slow().lost(Full, 1200), "fate.dropped_queue_full > 1190", Open, NeedsReplay),
        (slow().lost(Full, 1200), "loss.rate == 0 %", Fail, Conservative),
    ];
    assert_cases(cases);
}

#[test]
fn what_a_script_says_is_said_at_steal_of_three_per_cent() {
    use Fate::{
        DroppedQueueFull as Full, InEndAtExit, LostInFlightAtExit, LostInQueueAtExit, RejectedPartial,
    };
    use Footing::{Conservative, NeedsReplay, Proven, Valid};
    use Verdict::{Fail, Inconclusive as Open, Pass};
    let kill = LostInQueueAtExit(ExitWay::Kill);
    let refused = Fate::ExportFailed(ExportCause::Status);
    let late = Fate::ExportFailed(ExportCause::Timeout);
    let plain = || forged("{}", &[]);
    let partial = || forged("{}", &[PARTIAL]).lost(RejectedPartial, 21).failed("partial success", 3);
    let full = || forged("{}", &[FULL]).lost(kill, 64).lost(LostInFlightAtExit, 32);
    let killed = || forged("{}", &[KILL]).lost(kill, 40);
    let cases = vec![
        (partial(), "fate.rejected_partial == 21", Pass, Proven),
        (partial(), "exports.failed == 3", Pass, Proven),
        (partial(), "exports.failed == 2", Fail, Proven),
        // Spans that were dropped may have been among those that are rejected.
        (partial().lost(Full, 5), "fate.rejected_partial == 21", Open, NeedsReplay),
        (partial().lost(Full, 5), "fate.rejected_partial >= 21", Pass, Conservative),
        (plain().lost(late, 5).failed("timeout", 1), "exports.failed == 0", Open, NeedsReplay),
        (plain().lost(late, 5).failed("timeout", 1), "fate.export_failed == 0", Open, NeedsReplay),
        (
            forged("{}", &[OUTAGE]).lost(refused, 900).failed("HTTP 503", 9),
            "exports.failed >= 2",
            Pass,
            Conservative,
        ),
        (
            forged("{}", &[OUTAGE]).lost(refused, 900).failed("HTTP 503", 9),
            "exports.failed >= 9",
            Open,
            NeedsReplay,
        ),
        (full(), "fate.lost_in_queue_at_exit.kill == 64", Pass, Proven),
        (full(), "fate.lost_in_flight_at_exit == 32", Pass, Proven),
        (killed(), "fate.lost_in_queue_at_exit <= 96", Pass, Conservative),
        (killed(), "fate.lost_in_queue_at_exit <= 95", Open, NeedsReplay),
        (killed().lost(InEndAtExit, 1), "fate.in_end_at_exit <= 1", Pass, Conservative),
        (
            forged("{}", &[PANIC]).lost(Fate::NeverEnded(Leak::Panic), 40),
            "fate.never_ended.panic >= 10",
            Pass,
            Conservative,
        ),
        (
            forged("{}", &[PANIC]).lost(Fate::NeverEnded(Leak::Panic), 40),
            "fate.never_ended.panic >= 40",
            Open,
            Valid,
        ),
        (plain(), "cpu.per_request < 1ms", Open, Valid),
    ];
    assert_cases(cases);
}

#[test]
fn the_laws_gap_is_judged_where_a_replay_says_how_far_it_moves() {
    use Footing::{Conservative, NeedsReplay, Proven};
    use Verdict::{Fail, Inconclusive as Open, Pass};
    let lossy =
        |predicted, gap| forged("{}", &[]).lost(Fate::DroppedQueueFull, 500).predicted(predicted, gap);
    let mut unfit = lossy(0.25, Some((-0.01, 0.015)));
    unfit.trial.replays[0].fits = false;
    let cases = vec![
        // Nothing is lost, and the law lets nothing be lost.
        (forged("{}", &[]).predicted(0.0, None), "loss.law_gap <= 2 %", Pass, Proven),
        (forged("{}", &[]).predicted(0.01, None), "loss.law_gap <= 2 %", Open, NeedsReplay),
        (lossy(0.25, None), "loss.law_gap <= 2 %", Open, NeedsReplay),
        (unfit, "loss.law_gap <= 2 %", Open, NeedsReplay),
        (lossy(0.25, Some((-0.01, 0.015))), "loss.law_gap <= 2 %", Pass, Conservative),
        (lossy(0.25, Some((-0.03, 0.015))), "loss.law_gap <= 2 %", Open, NeedsReplay),
        (lossy(0.2, Some((0.03, 0.06))), "loss.law_gap <= 2 %", Fail, Conservative),
        // What was measured counts, whatever the replay says.
        (lossy(0.2, Some((0.0, 0.01))), "loss.law_gap <= 2 %", Open, NeedsReplay),
        (lossy(0.2, Some((0.03, 0.06))), "loss.law_gap > 2 %", Pass, Conservative),
    ];
    assert_cases(cases);
}

/// A trial, a condition, and what is said of it at steal of 3 %.
type Case = (Forged, &'static str, Verdict, Footing);

fn assert_cases(cases: Vec<Case>) {
    for (forged, condition, verdict, footing) in cases {
        let stolen = forged.stolen(0.03);
        assert_eq!(
            stolen.judged(condition),
            (verdict, footing),
            "{condition}: {:?}",
            stolen.trial.ledger.fates
        );
    }
}

#[test]
fn a_split_context_and_a_fed_queue_are_the_scripts_own() {
    let mut split = forged("{}", &[CONTEXT]).stolen(0.05);
    split.trial.damage = Some(Damage { traces: 400, complete: 200, split: 200, ..Damage::default() });
    assert_eq!(split.judged("traces.split >= 50"), (Verdict::Pass, Footing::Conservative));
    assert_eq!(split.judged("traces.split >= 200").0, Verdict::Inconclusive);
    // Batches of 32 fill 31 times a second; one of 512 holds spans at practically every moment.
    let kill = Fate::LostInQueueAtExit(ExitWay::Kill);
    let mut killed = forged("{}", &[KILL]).lost(kill, 40).stolen(0.05);
    let above = "fate.lost_in_queue_at_exit.kill > 0";
    assert_eq!(killed.judged(above), (Verdict::Inconclusive, Footing::NeedsReplay));
    killed.trial.services[0].effective.as_mut().unwrap().batch = 512;
    assert_eq!(killed.judged(above), (Verdict::Pass, Footing::Conservative));
    // An export may have been as much longer as time was taken.
    let mut slow = forged("{}", &[]).stolen(0.05);
    slow.trial.exports.longest_ms = Some(1000.0);
    assert_eq!(slow.judged("exports.longest >= 850ms"), (Verdict::Pass, Footing::Conservative));
    assert_eq!(slow.judged("exports.longest >= 950ms"), (Verdict::Inconclusive, Footing::NeedsReplay));
    assert_eq!(slow.judged("exports.longest < 1100ms"), (Verdict::Pass, Footing::Conservative));
}

#[test]
fn where_load_dose_or_witness_is_missing_nothing_follows() {
    let open = (Verdict::Inconclusive, Footing::Valid);
    let mut late = forged("{}", &[]);
    late.trial.load.worst_window = 0.9;
    assert_eq!(late.stolen(0.03).judged("loss.rate == 0 %"), open);
    let mut unserved = forged("{}", &[]).stolen(0.03);
    unserved.trial.load.started = 400;
    for (timed_out, said) in [(4, Verdict::Pass), (5, Verdict::Inconclusive)] {
        unserved.trial.load.failed.insert("timed out".to_owned(), timed_out);
        assert_eq!(unserved.judged("loss.rate == 0 %").0, said, "{timed_out}");
    }
    let mut unbitten = forged("{}", &[PARTIAL]).stolen(0.03);
    assert_eq!(unbitten.judged("loss.rate == 0 %").0, Verdict::Pass);
    unbitten.trial.faults[0].bit = false;
    assert_eq!(unbitten.judged("loss.rate == 0 %"), open);
    for check in [TrustCheck::Unplaced, TrustCheck::Uncounted, TrustCheck::Limits] {
        let mut gap = forged("{}", &[]).stolen(0.03);
        gap.trial.validity.push(Validity::of(Basis::Loss, check, 1.0, 0.0));
        assert_eq!(gap.judged("loss.rate == 0 %"), open, "{check:?}");
    }
    let mut blind = forged("{}", &[]).stolen(0.03);
    blind.trial.validity.push(Validity::of(Basis::Loss, TrustCheck::Samples, 1.0, 2.0));
    assert_eq!(blind.judged("loss.rate == 0 %"), open);
    let mut partial = forged("{}", &[]).stolen(0.03);
    partial.trial.status = Status::Partial;
    assert_eq!(partial.judged("loss.rate == 0 %"), open);
}

#[test]
fn a_trial_that_measured_otherwise_keeps_others_from_passing() {
    let clean = || forged("{}", &[]);
    let lossy = |lost: u64| clean().lost(Fate::DroppedQueueFull, lost);
    let none = "loss.rate == 0 %";
    let both = |one: Forged, other: Forged, that: &str| judged_together(&[one, other], that).0;
    assert_eq!(both(clean().stolen(0.03), clean().stolen(0.03), none), Verdict::Pass);
    assert_eq!(both(clean().stolen(0.03), lossy(5).stolen(0.03), none), Verdict::Inconclusive);
    // Beside a valid one, too: else it would be enough to disturb the trial that fails.
    assert_eq!(both(clean(), lossy(5), none), Verdict::Fail);
    assert_eq!(both(clean(), lossy(5).stolen(0.03), none), Verdict::Inconclusive);
    assert_eq!(both(clean(), clean().stolen(0.03), none), Verdict::Pass);
    // What fails on every machine fails beside whatever is valid.
    assert_eq!(both(lossy(5), clean().stolen(0.03), "loss.rate > 0 %"), Verdict::Fail);
    // Of what takes time nothing follows from a trial that is not valid.
    let mut slow = clean().stolen(0.03);
    slow.trial.load.response = Some(Quantiles { p99: 900.0, ..Quantiles::default() });
    slow.trial.validity.push(Validity::of(Basis::Latency, TrustCheck::ForeignCpu, 0.5, 0.05));
    let mut fast = clean();
    fast.trial.load.response = Some(Quantiles { p99: 9.0, ..Quantiles::default() });
    assert_eq!(both(fast, slow, "response.p99 < 100ms"), Verdict::Pass);
}

#[test]
fn an_attempt_that_measured_otherwise_keeps_a_disturbed_one_from_passing() {
    let none = "loss.rate == 0 %";
    let that = Condition::try_from(none.to_owned()).unwrap();
    let attempts = |against: Vec<Term<Condition>>| {
        let spoilt = vec![SpoiltAttempt { attempt: 1, by: vec!["steal".to_owned()], against }];
        Some(Attempts { number: 2, most: 4, spoilt })
    };
    let mut disturbed = forged("{}", &[]).stolen(0.03);
    disturbed.trial.attempts = attempts(Vec::new());
    assert_eq!(disturbed.judged(none).0, Verdict::Pass);
    disturbed.trial.attempts = attempts(vec![that.into()]);
    assert_eq!(disturbed.judged(none).0, Verdict::Inconclusive);
    assert_eq!(disturbed.judged("loss.rate <= 1 %").0, Verdict::Pass);
    let mut quiet = forged("{}", &[]);
    quiet.trial.attempts = disturbed.trial.attempts;
    assert_eq!(quiet.judged(none).0, Verdict::Pass, "a valid attempt speaks alone");
}

/// The rules of all figures, those that are alike in one row.
fn table() -> String {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for name in Figure::names() {
        let figure = Figure::try_from(name.clone()).unwrap();
        let rule = rule_of(figure);
        let key = format!("| {} | {:?} | {:?} |", validity_of(figure), rule.made, rule.hidden);
        match rows.iter_mut().find(|(known, _)| *known == key) {
            Some((_, names)) => names.push(format!("`{name}`")),
            None => rows.push((key, vec![format!("`{name}`")])),
        }
    }
    let lines: Vec<String> =
        rows.iter().map(|(key, names)| format!("| {} {key}", names.join(", "))).collect();
    lines.join("\n")
}

#[test]
fn the_table_that_people_read_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/adr/016-validity-with-a-direction.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rules = table();
    let lacks: Vec<&str> = rules.lines().filter(|row| !text.lines().any(|line| line == *row)).collect();
    assert!(lacks.is_empty(), "{path} lacks these rows of the rules:\n{}", lacks.join("\n"));
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop::sample::select(Fate::all())
}

fn any_forged() -> impl Strategy<Value = Forged> {
    let faults = prop::sample::subsequence(vec![PARTIAL, OUTAGE, FULL, KILL, PANIC, CONTEXT], 0..3);
    let lost = prop::collection::vec((any_fate(), 0u64..300), 0..4);
    let failed =
        prop::collection::vec((prop::sample::select(vec!["timeout", "reset", "HTTP 503"]), 1u64..9), 0..2);
    let receiver = prop::sample::select(vec!["{}", r#"{"answer_after":"100ms"}"#]);
    let gap = prop::option::of((-0.3f64..0.3, 0.0f64..0.3).prop_map(|(low, wide)| (low, low + wide)));
    let law = prop::option::of((prop_oneof![Just(0.0), 0.0f64..0.6], gap));
    (receiver, faults, lost, failed, 0u64..50, law).prop_map(|(receiver, faults, lost, failed, torn, law)| {
        let plain = forged(receiver, &faults);
        let plain = match law {
            Some((rate, gap)) => plain.predicted(rate, gap),
            None => plain,
        };
        let lossy = lost.into_iter().fold(plain, |forged, (fate, spans)| forged.lost(fate, spans));
        let mut out = failed.into_iter().fold(lossy, |forged, (by, calls)| forged.failed(by, calls));
        let complete = 400 - torn;
        out.trial.damage = Some(Damage { traces: 400, complete, torn, ..Damage::default() });
        out.trial.exports.longest_ms = Some(30.0);
        out
    })
}

/// Trials of one variant that lost differently.
fn any_trials() -> impl Strategy<Value = Vec<Forged>> {
    let faults = prop::sample::subsequence(vec![PARTIAL, OUTAGE, FULL, KILL, PANIC, CONTEXT], 0..3);
    let lost = prop::collection::vec((any_fate(), 0u64..300), 0..3);
    (faults, prop::collection::vec(lost, 2..4)).prop_map(|(faults, trials)| {
        let lossy = |lost: Vec<(Fate, u64)>| {
            lost.into_iter().fold(forged("{}", &faults), |forged, (fate, spans)| forged.lost(fate, spans))
        };
        trials.into_iter().map(lossy).collect()
    })
}

fn any_condition() -> impl Strategy<Value = String> {
    let sign = prop::sample::select(vec!["<=", "<", "==", ">=", ">"]);
    (prop::sample::select(Figure::names()), sign, 0u32..60).prop_map(|(name, sign, bound)| {
        let figure = Figure::try_from(name.clone()).unwrap();
        let unit = if figure.is_time() {
            "ms"
        } else if figure.is_ratio() {
            " %"
        } else {
            ""
        };
        format!("{name} {sign} {bound}{unit}")
    })
}

/// Other marks that may be there, too.
fn worsen(trial: &mut TrialResult, which: usize) {
    let mark = |check, measured, bound| Validity::of(Basis::Loss, check, measured, bound);
    trial.validity.extend(match which {
        1 => Some(mark(TrustCheck::ForeignCpu, 0.3, 0.1)),
        2 => Some(mark(TrustCheck::Started, 0.5, 0.99)),
        3 => Some(mark(TrustCheck::Unplaced, 4.0, 0.0)),
        4 => Some(mark(TrustCheck::Throttled, 0.5, 0.02)),
        5 => Some(Validity::of(Basis::Latency, TrustCheck::StartLag, 9.0, 0.2)),
        _ => None,
    });
}

proptest! {
    /// For every figure, comparison and mark: what more disturbance can do to a verdict is to leave it open.
    #[test]
    fn more_disturbance_only_leaves_open(
        forged in any_forged(), conditions in prop::collection::vec(any_condition(), 1..12),
        less in 0.0f64..0.3, more in 0.0f64..0.7, lag in 0.0f64..500.0, which in 0usize..6,
    ) {
        let quiet = forged.clone().stolen(less);
        let before: Vec<_> = conditions.iter().map(|condition| quiet.judged(condition)).collect();
        let mut worse = forged.stolen(less + more);
        worse.trial.load.start_lag = Some(Quantiles { max: lag, ..Quantiles::default() });
        worsen(&mut worse.trial, which);
        for (condition, (was, _)) in conditions.iter().zip(before) {
            let (is, footing) = worse.judged(condition);
            prop_assert!(is == was || is == Verdict::Inconclusive, "{condition}: {was:?} became {is:?}");
            prop_assert!(is != Verdict::Inconclusive || matches!(footing, Footing::Valid | Footing::NeedsReplay));
        }
    }

    /// The same over several trials, of which more and more are disturbed: what is disturbed is never left out of sight. Only figures of
    /// which nothing follows in a disturbed trial rest on the valid ones alone (ADR 003).
    #[test]
    fn to_disturb_one_of_several_trials_only_leaves_open(
        trials in any_trials(), conditions in prop::collection::vec(any_condition(), 1..12),
        before in prop::collection::vec(any::<bool>(), 4), after in prop::collection::vec(any::<bool>(), 4),
        steal in 0.021f64..0.5, more in 0.0f64..0.5, which in 0usize..6,
    ) {
        let one = |(at, forged): (usize, &Forged)| if before[at] { forged.clone().stolen(steal) } else { forged.clone() };
        let quiet: Vec<Forged> = trials.iter().enumerate().map(one).collect();
        let one = |(at, forged): (usize, &Forged)| match (before[at], after[at]) {
            (false, false) => forged.clone(),
            (true, false) => forged.clone().stolen(steal),
            (_, true) => {
                let mut worse = forged.clone().stolen(steal + more);
                worsen(&mut worse.trial, which);
                worse
            }
        };
        let worse: Vec<Forged> = trials.iter().enumerate().map(one).collect();
        for condition in &conditions {
            let figure = Condition::try_from(condition.clone()).unwrap().figure;
            if rule_of(figure).made == DisturbanceMakes::Anything {
                continue;
            }
            let (was, is) = (judged_together(&quiet, condition).0, judged_together(&worse, condition).0);
            prop_assert!(is == was || is == Verdict::Inconclusive, "{condition}: {was:?} became {is:?}");
        }
    }
}
