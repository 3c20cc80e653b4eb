//! The receiver misbehaves by request number or for a time; the real exporters make of it what they do.

use super::{Case, all_received, dose, lab, lab_alone, run, spans};

const HTTP: &str = "exporter = { protocol = 'http/protobuf', timeout = '400ms' }";
const GRPC: &str = "exporter = { timeout = '400ms' }";
/// Retries come so soon that a trial sees them.
const PATIENT: &str =
    "exporter = { retry = { enabled = true, initial = '20ms', max_interval = '40ms', max_elapsed = '10s' } }";

#[test]
fn answers_that_come_late_or_never_are_told_apart_from_losses() {
    let Some(lab) = lab() else { return };
    let cases = [
        Case {
            name: "late",
            variant: GRPC,
            fault: "requests = { from = 3, to = 3 }\nkind = { answer = { after = { time = '600ms' } } }",
            check: |trial| {
                assert!(trial.ledger.reported_failed > 0, "{:?}", trial.exports.failed_by);
                assert_eq!(spans(trial, "export_failed.timeout"), 0);
            },
        },
        Case {
            name: "never",
            variant: GRPC,
            fault: "requests = { from = 3, to = 3 }\nkind = { answer = { never = {} } }",
            check: |trial| {
                assert!(spans(trial, "export_failed.timeout") > 0, "{:?}", trial.ledger.fates);
                assert_eq!(trial.ledger.reported_failed, 0);
            },
        },
        Case {
            name: "reset",
            variant: HTTP,
            fault: "requests = { from = 3, to = 4 }\nkind = { answer = { reset = {} } }",
            check: |trial| assert!(trial.ledger.reported_failed > 0, "{:?}", trial.ledger),
        },
        Case {
            name: "fin",
            variant: HTTP,
            fault: "requests = { from = 3, to = 4 }\nkind = { answer = { fin = {} } }",
            check: |trial| assert!(spans(trial, "export_failed.reset") > 0, "{:?}", trial.exports.failed_by),
        },
        Case {
            name: "retried-twice",
            variant: PATIENT,
            fault: "requests = { from = 3, to = 3 }\nkind = { answer = { reset = {} } }",
            check: |trial| {
                // Accepted, cut, sent again by gRPC's retry: every span of that batch arrived twice.
                let twice = trial.ledger.copies.get(&2).copied().unwrap_or_default();
                assert!(twice > 0, "{:?}", trial.ledger.copies);
                all_received(trial);
            },
        },
        Case {
            name: "malformed",
            variant: GRPC,
            fault: "requests = { from = 3, to = 4 }\nkind = { answer = 'malformed' }",
            check: |trial| {
                assert!(trial.ledger.reported_failed > 0, "{:?}", trial.exports.failed_by);
                all_received(trial);
            },
        },
    ];
    run(&lab, "", &cases);
}

#[test]
fn error_statuses_are_retried_or_not_as_the_exporters_do() {
    let Some(lab) = lab() else { return };
    let cases = [
        Case {
            name: "not-retried",
            variant: HTTP,
            fault: "requests = { from = 3, to = 5 }\nkind = { answer = { status = { http = 500 } } }",
            check: |trial| {
                assert!((dose(trial) - 3.0).abs() < f64::EPSILON, "one call each: {}", dose(trial));
                assert_eq!(
                    trial.exports.failed_by.get("HTTP 500"),
                    Some(&3),
                    "{:?}",
                    trial.exports.failed_by
                );
                assert!(spans(trial, "export_failed.status") > 0);
            },
        },
        Case {
            name: "retried",
            variant: PATIENT,
            fault: "requests = { from = 3, to = 4 }\nkind = { answer = { status = { grpc = 'UNAVAILABLE' } } }",
            check: |trial| {
                assert_eq!(trial.exports.failed, 0);
                all_received(trial);
            },
        },
        Case {
            name: "exhausted",
            variant: PATIENT,
            fault: "requests = { from = 3, to = 3 }\nkind = { answer = { status = { grpc = 'RESOURCE_EXHAUSTED' } } }",
            check: |trial| assert_eq!(trial.exports.failed_by.get("gRPC ResourceExhausted"), Some(&1)),
        },
        Case {
            name: "exhausted-with-retry-info",
            variant: PATIENT,
            fault: "requests = { from = 3, to = 3 }\nkind = { answer = { status = { grpc = 'RESOURCE_EXHAUSTED', retry_after = '50ms' } } }",
            check: |trial| {
                // The real exporter reads our RetryInfo.
                assert_eq!(trial.exports.failed, 0);
                all_received(trial);
            },
        },
    ];
    run(&lab, "", &cases);
}

#[test]
fn limits_partial_successes_and_connections_that_end() {
    let Some(lab) = lab() else { return };
    let cases = [
        Case {
            name: "partial",
            variant: GRPC,
            fault: "requests = { from = 3, to = 5 }\nkind = { answer = { partial = { reject = 7 } } }",
            check: |trial| {
                assert_eq!(spans(trial, "rejected_partial"), 21);
                assert_eq!(trial.exports.failed_by.get("partial success"), Some(&3));
            },
        },
        Case {
            name: "too-large",
            variant: GRPC,
            fault: "requests = { from = 3, to = 4 }\nkind = { answer = { limit = { bytes = '1KiB' } } }",
            check: |trial| {
                assert!(spans(trial, "export_failed.too_large") > 0, "{:?}", trial.exports.failed_by);
            },
        },
        Case {
            name: "goaway",
            variant: GRPC,
            fault: "at = '400ms'\nfor = '300ms'\nkind = { answer = 'goaway' }",
            check: |trial| {
                assert!(trial.exports.connections > 1);
                all_received(trial);
            },
        },
        Case {
            name: "slow-reading",
            variant: HTTP,
            fault: "at = '400ms'\nfor = '400ms'\nkind = { answer = { slow_reading = { rate = '200kB' } } }",
            check: all_received,
        },
        Case {
            name: "down",
            variant: HTTP,
            fault: "at = '400ms'\nfor = '300ms'\nkind = { answer = 'down' }",
            check: |trial| {
                assert!(spans(trial, "export_failed.refused") > 0, "{:?}", trial.exports.failed_by);
            },
        },
    ];
    run(&lab, "", &cases);
}

pub(crate) fn an_older_sdk_takes_the_seconds_of_retry_after_for_nanoseconds() {
    let Some(lab) = lab_alone() else { return };
    let wait = "requests = { from = 3, to = 3 }\nkind = { answer = { status = { http = 503, retry_after = '1s' } } }";
    let retry = "retry = { enabled = true, initial = '20ms', max_interval = '40ms', max_elapsed = '10s' }";
    let variant = |more: &str| -> &'static str {
        format!("{more}exporter = {{ protocol = 'http/protobuf', {retry} }}").leak()
    };
    let cases = [
        Case {
            name: "pinned",
            variant: variant(""),
            fault: wait,
            check: |trial| {
                assert!(trial.exports.longest_ms >= Some(1000.0), "{:?}", trial.exports);
                all_received(trial);
            },
        },
        Case {
            name: "before-1.45",
            variant: variant("sdk = '1.44.0'\n"),
            fault: wait,
            check: |trial| {
                assert_eq!(trial.sdk, "1.44.0");
                assert!(trial.exports.longest_ms < Some(900.0), "{:?}", trial.exports);
                all_received(trial);
            },
        },
    ];
    run(&lab, "", &cases);
}
