//! Faults of the runtime and of code, inside the real fixture.

use super::{Case, all_received, amount, dose, lab, lab_alone, run, spans};

const CHAIN: &str = "[[service]]\nname = 'front'\ncalls = ['back', 'other']\nspans_per_request = 5\n\
                     cache = { store = 'store', pool = 2, entries = 4, keys = 100000 }\n\
                     [[service]]\nname = 'back'\nspans_per_request = 2\n\
                     [[service]]\nname = 'other'\nfixture = 'grpc'\nspans_per_request = 2\n\
                     [[service]]\nname = 'store'\nfixture = 'store'\n";

fn split(trial: &spanfate_model::result::TrialResult) -> u64 {
    trial.damage.as_ref().unwrap().split
}

#[test]
fn panics_that_are_recovered_lose_nothing_unless_end_was_not_deferred_yet() {
    let Some(lab) = lab() else { return };
    let places = [
        ("under-defer", "under_defer"),
        ("deferred-before-end", "deferred_before_end"),
        ("deferred-after-end", "deferred_after_end"),
        ("closure-end", "closure_end"),
        ("nested", "nested"),
    ];
    let faults: Vec<String> = places
        .iter()
        .map(|(_, place)| format!("at = '200ms'\nkind = {{ panic = {{ place = '{place}', one_in = 10 }} }}"))
        .collect();
    let mut cases: Vec<Case> = places
        .iter()
        .zip(&faults)
        .map(|((name, _), fault)| Case {
            name,
            variant: "",
            fault: String::leak(fault.clone()),
            check: |trial| {
                assert!((dose(trial) - amount(trial, "of these recovered")).abs() < f64::EPSILON);
                assert!(trial.load.failed.values().sum::<u64>() > 0, "net/http cuts the connection");
                all_received(trial);
            },
        })
        .collect();
    cases.push(Case {
        name: "before-defer",
        variant: "",
        fault: "at = '200ms'\nkind = { panic = { place = 'before_defer', one_in = 10 } }",
        check: |trial| assert_eq!(spans(trial, "never_ended.panic"), dose(trial) as u64),
    });
    run(&lab, "", &cases);
}

#[test]
fn panics_and_exits_that_end_the_process_lose_its_queue() {
    let Some(lab) = lab() else { return };
    // Nothing is exported before the end: what is queued is what is lost.
    let late = "exporter = { delay = '60s', queue = 4096, batch = 4096 }";
    let fatal = |outcome: &str| -> &'static str {
        format!(
            "when = {{ spans_created = 500 }}\nkind = {{ panic = {{ place = 'under_defer', outcome = '{outcome}', one_in = 1 }} }}"
        )
        .leak()
    };
    let exit = |how: &str| -> &'static str {
        format!("when = {{ spans_created = 500 }}\nkind = {{ exit = {{ how = '{how}', one_in = 1 }} }}")
            .leak()
    };
    let cases = [
        Case {
            name: "fatal",
            variant: late,
            fault: fatal("fatal"),
            check: |trial| {
                assert!(spans(trial, "lost_in_queue_at_exit.crash") >= 400, "{:?}", trial.ledger.fates);
            },
        },
        Case {
            name: "fatal-after-shutdown",
            variant: late,
            fault: fatal("fatal_after_shutdown"),
            check: |trial| {
                assert!(spans(trial, "received") >= 400, "{:?}", trial.ledger.fates);
                assert_eq!(spans(trial, "lost_in_queue_at_exit.crash"), 0);
            },
        },
        Case {
            name: "fatal-elsewhere",
            variant: late,
            fault: fatal("fatal_elsewhere"),
            check: |trial| {
                assert!(spans(trial, "lost_in_queue_at_exit.crash") >= 400, "{:?}", trial.ledger.fates);
            },
        },
        Case {
            name: "os-exit",
            variant: late,
            fault: exit("os_exit"),
            check: |trial| {
                assert!(spans(trial, "lost_in_queue_at_exit.exit") >= 400, "{:?}", trial.ledger.fates);
                assert!(spans(trial, "cut_off_at_exit") > 0, "os.Exit runs no deferred function");
            },
        },
        Case {
            name: "log-fatal",
            variant: late,
            fault: exit("log_fatal"),
            check: |trial| {
                assert!(spans(trial, "lost_in_queue_at_exit.exit") >= 400, "{:?}", trial.ledger.fates);
            },
        },
        Case {
            name: "goexit",
            variant: "",
            fault: "at = '200ms'\nkind = { exit = { how = 'goexit', one_in = 10 } }",
            check: all_received,
        },
    ];
    run(&lab, "", &cases);
}

#[test]
fn lost_contexts_split_traces_and_lose_no_span() {
    let Some(lab) = lab() else { return };
    let lost = |how: &str| -> &'static str {
        format!("at = '200ms'\nkind = {{ context_lost = {{ how = '{how}', one_in = 3 }} }}").leak()
    };
    let of_headers: fn(&spanfate_model::result::TrialResult) = |trial| {
        let damage = trial.damage.as_ref().unwrap();
        assert!(damage.split > 0);
        // Exactly the calls that the fault touched are not intact.
        assert!(
            (dose(trial) - (damage.calls - damage.intact_calls) as f64).abs() < f64::EPSILON,
            "{damage:?}"
        );
        all_received(trial);
    };
    let cases = [
        Case {
            name: "background",
            variant: "",
            fault: lost("background"),
            check: |trial| {
                let damage = trial.damage.as_ref().unwrap();
                assert!(split(trial) > 0 && damage.calls == damage.intact_calls, "{damage:?}");
                all_received(trial);
            },
        },
        Case { name: "strip", variant: "", fault: lost("strip"), check: of_headers },
        Case { name: "rewrite", variant: "", fault: lost("rewrite"), check: of_headers },
        Case { name: "b3", variant: "", fault: lost("b3"), check: of_headers },
    ];
    run(&lab, CHAIN, &cases);
}

#[test]
fn spans_that_are_not_ended_as_they_should_be_have_fates_of_their_own() {
    let Some(lab) = lab() else { return };
    let error = |what: &str, more: &str| -> &'static str {
        format!(
            "at = '200ms'\nfor = '600ms'\nkind = {{ span_error = {{ what = '{what}', one_in = 5{more} }} }}"
        )
        .leak()
    };
    let cases = [
        Case {
            name: "never-ended",
            variant: "",
            fault: error("never_ended", ""),
            check: |trial| assert_eq!(spans(trial, "never_ended.leak"), dose(trial) as u64),
        },
        Case { name: "ended-twice", variant: "", fault: error("ended_twice", ""), check: all_received },
        Case {
            name: "after-shutdown",
            variant: "",
            fault: error("ended_after_shutdown", ""),
            check: |trial| assert_eq!(spans(trial, "ended_after_shutdown"), dose(trial) as u64),
        },
        Case {
            name: "handed-over",
            variant: "",
            fault: error("handed_over", ", after = '100ms'"),
            check: all_received,
        },
        Case {
            name: "body-unread",
            variant: "",
            fault: error("body_unread", ""),
            check: |trial| assert_eq!(spans(trial, "never_ended.body_not_closed"), dose(trial) as u64),
        },
    ];
    run(&lab, CHAIN, &cases);
}

pub(crate) fn pressure_on_runtime_and_stack_is_measured() {
    let Some(lab) = lab_alone() else { return };
    let cases = [
        Case {
            name: "gc",
            variant: "",
            fault: "at = '200ms'\nfor = '700ms'\nkind = { gc = { allocate = '100MiB', object = '4KiB', live = '8MiB', gogc = 20, force_every = '50ms' } }",
            check: |trial| {
                assert!(dose(trial) >= 5.0 && amount(trial, "ms stop-the-world") > 0.0, "{:?}", trial.faults);
                assert!(amount(trial, "MiB of garbage it made") > 10.0);
            },
        },
        Case {
            name: "deep",
            variant: "",
            fault: "at = '200ms'\nkind = { deep = { depth = 100000, one_in = 20 } }",
            check: |trial| {
                assert!(amount(trial, "bytes of stack at most") > 1.6e6);
                all_received(trial);
            },
        },
    ];
    run(&lab, CHAIN, &cases);
}

#[test]
fn contention_in_cache_exporter_and_handler_is_measured_and_loses_nothing() {
    let Some(lab) = lab() else { return };
    let cases = [
        Case {
            name: "pool",
            variant: "",
            fault: "at = '200ms'\nfor = '200ms'\nkind = { pool_exhausted = {} }",
            check: |trial| {
                assert!(amount(trial, "ms waited") > 10.0);
                all_received(trial);
            },
        },
        Case {
            name: "lru",
            variant: "",
            fault: "at = '200ms'\nfor = '500ms'\nkind = { lru_locked = { hold = '40ms', every = '80ms' } }",
            check: |trial| {
                assert!(amount(trial, "ms waited") > 10.0);
                all_received(trial);
            },
        },
        Case {
            name: "serialisation",
            variant: "",
            fault: "at = '200ms'\nfor = '700ms'\nkind = { slow_serialisation = { per_span = '20us' } }",
            check: |trial| {
                // The export's own time holds what it costs.
                let each = amount(trial, "ms of CPU it took") / dose(trial);
                assert!(each > 0.0 && trial.exports.longest_ms >= Some(each), "{each} {:?}", trial.exports);
            },
        },
        Case {
            name: "clock",
            variant: "",
            fault: "at = '200ms'\nfor = '700ms'\nkind = { clock_step = { by = '1h', back = true } }",
            check: |trial| {
                // Delays are of the monotonic clock: an hour would show.
                assert!(trial.delay.as_ref().unwrap().max < 10_000.0);
                all_received(trial);
            },
        },
        Case {
            name: "grpc-panic",
            variant: "",
            fault: "at = '200ms'\nfor = '600ms'\non = 'other'\nkind = { panic = { place = 'under_defer', one_in = 10 } }",
            check: |trial| {
                // An interceptor recovers it and answers; the caller answers 502.
                assert!(trial.load.failed.contains_key("bad status"), "{:?}", trial.load.failed);
                all_received(trial);
            },
        },
        Case {
            name: "hang",
            variant: "",
            fault: "at = '200ms'\nfor = '600ms'\nkind = { hang = { lasting = '100ms', one_in = 10 } }",
            check: |trial| {
                assert!(amount(trial, "ms hung") >= 100.0);
                all_received(trial);
            },
        },
    ];
    run(&lab, CHAIN, &cases);
}
