//! When faults begin and end, and what is said of those that did not.

use super::{LOAD, amount, dose, lab, lab_alone, run, spans, trial_of};
use crate::running::faults::Case;

#[test]
fn a_kill_that_waits_for_a_full_queue_finds_it_every_time() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        r#"
        trials = 3
        [load]
        rate = "1000/s"
        warmup = "100ms"
        lasting = "1500ms"
        timeout = "500ms"
        [exporter]
        queue = 512
        batch = 128
        delay = "50ms"
        [receiver]
        answer_after = "100ms"
        [[fault]]
        when = { queue_at_least = 500, export_in_flight = true }
        kind = { kill = {} }
        "#,
    );
    done.assert_exact();
    for trial in &done.result.variants[0].trials {
        let fault = &trial.faults[0];
        assert!(fault.bit, "{fault:?}");
        assert!(!fault.windows[0].why.is_empty(), "{fault:?}");
        assert!(spans(trial, "lost_in_queue_at_exit.kill") >= 400, "{:?}", trial.ledger.fates);
        assert!(amount(trial, "spans in the queue at most just before") >= 500.0);
        assert!(amount(trial, "exports in flight at most just before") >= 1.0);
    }
}

#[test]
fn a_fault_that_cannot_bite_makes_the_run_inconclusive() {
    let Some(lab) = lab() else { return };
    // The fixture needs far less than ten cores; the queue never holds what it waits for.
    let done = lab.run(&format!(
        "{LOAD}\n[[fault]]\nname = 'roomy'\nat = '300ms'\nfor = '300ms'\nkind = {{ latency = {{ delay = '1ms' }} }}\nat_least = 100000\n\
         [[fault]]\nwhen = {{ queue_at_least = 2048 }}\nkind = 'pause'\nfor = '100ms'\n"
    ));
    assert_eq!(done.code, Some(3), "{}", done.stdout);
    let reasons = done.result.reasons.join("\n");
    assert!(reasons.contains("fault 1 (`roomy` on http -> receiver) did not bite"), "{reasons}");
    assert!(reasons.contains("did not come before the load ended"), "{reasons}");
    // What it says is shown where people look.
    assert!(done.stdout.contains("roomy"), "{}", done.stdout);
}

#[test]
fn a_fault_on_a_process_that_is_gone_is_missed_and_said_so() {
    let Some(lab) = lab() else { return };
    let done = lab.run(&format!(
        "{LOAD}\n[[fault]]\nwhen = {{ spans_created = 100 }}\nkind = {{ kill = {{}} }}\n\
         [[fault]]\nat = '900ms'\nfor = '100ms'\nkind = 'pause'\n"
    ));
    assert_eq!(done.code, Some(3), "{}", done.stdout);
    let trial = &done.result.variants[0].trials[0];
    assert!(trial.faults[0].bit && !trial.faults[1].bit);
    assert_eq!(trial.faults[1].missed, ["the process it is put on did not run"]);
    assert_eq!(trial.ledger.unexplained.count, 0);
}

pub(crate) fn faults_repeat_and_overlap() {
    let Some(lab) = lab_alone() else { return };
    let cases = [Case {
        name: "flapping",
        variant: "exporter = { protocol = 'http/protobuf' }",
        fault: "at = '200ms'\nfor = '100ms'\nevery = '300ms'\nuntil = '900ms'\nkind = { answer = 'down' }\n\
                [[fault]]\nvariants = ['flapping']\nat = '250ms'\nfor = '600ms'\nkind = { gc = { force_every = '20ms' } }",
        check: |trial| {
            assert_eq!(trial.faults[0].windows.len(), 3, "{:?}", trial.faults[0]);
            assert!(dose(trial) >= 3.0);
            assert!(trial.faults[0].windows.iter().all(|window| {
                window.to_ms.is_some_and(|to| (95.0..200.0).contains(&(to - window.from_ms)))
            }));
        },
    }];
    let done = run(&lab, "", &cases);
    assert!(trial_of(&done, "flapping").faults[1].bit);
}

#[test]
fn a_fault_without_an_end_meets_the_orderly_stop() {
    let Some(lab) = lab() else { return };
    let silent = "at = '600ms'\nkind = { answer = { never = {} } }";
    let cases = [
        Case {
            name: "dropping",
            variant: "",
            fault: silent,
            check: |trial| {
                let lost = spans(trial, "lost_in_queue_at_exit.shutdown_deadline");
                assert!(lost > 100, "{:?}", trial.ledger.fates);
                // It acted until the service was gone, long after the load's end.
                assert!(trial.faults[0].windows[0].to_ms.is_none_or(|to| to > 1200.0), "{:?}", trial.faults);
            },
        },
        Case {
            name: "blocking",
            variant: "exporter = { queue = 64, batch = 32, on_full = 'block' }",
            fault: silent,
            check: |trial| assert!(spans(trial, "blocked_in_end") > 0, "{:?}", trial.ledger.fates),
        },
    ];
    run(&lab, "[service]\nshutdown = '300ms'\n", &cases);
}

pub(crate) fn drawn_times_are_those_of_the_seed() {
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(&format!(
        "trials = 2\n{LOAD}\n[[fault]]\nat = '200ms..900ms'\nkind = {{ kill = {{ restart_after = '10ms' }} }}\n"
    ));
    done.assert_exact();
    let plan = &done.result.plan;
    let drawn: Vec<f64> = plan
        .trials
        .iter()
        .map(|trial| plan.variants[0].faults[0].windows(0, trial.seed, 1_200_000_000)[0].from as f64 / 1e6)
        .collect();
    for (trial, drawn) in done.result.variants[0].trials.iter().zip(&drawn) {
        let began = trial.faults[0].windows[0].from_ms;
        assert!(began >= *drawn && began < drawn + 60.0, "{began} {drawn}");
    }
    assert!((drawn[0] - drawn[1]).abs() > f64::EPSILON);
}
