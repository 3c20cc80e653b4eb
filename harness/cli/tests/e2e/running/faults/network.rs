//! Faults of links, through the real Toxiproxy.

use super::{Case, LOAD, all_received, amount, dose, lab, lab_alone, run, spans, trial_of};

const HTTP: &str = "exporter = { protocol = 'http/protobuf' }";
const BRIEF: &str = "exporter = { timeout = '500ms' }";

#[test]
fn links_to_the_receiver_delay_stall_and_break() {
    let Some(lab) = lab() else { return };
    let cases = [
        Case {
            name: "latency",
            variant: "",
            fault: "at = '300ms'\nfor = '600ms'\nkind = { latency = { delay = '60ms', jitter = '20ms' } }",
            check: |trial| {
                assert!(amount(trial, "ms the longest took") >= 60.0);
                all_received(trial);
            },
        },
        Case {
            name: "bandwidth",
            variant: "",
            fault: "at = '300ms'\nfor = '600ms'\nkind = { bandwidth = { rate = '100kB', direction = 'upstream' } }",
            check: all_received,
        },
        Case {
            name: "slicer",
            variant: "",
            fault: "at = '300ms'\nfor = '600ms'\nkind = { slicer = { size = '100B', delay = '50us', direction = 'upstream' } }",
            check: all_received,
        },
        Case {
            name: "black-hole",
            variant: BRIEF,
            fault: "at = '400ms'\nfor = '700ms'\nkind = { timeout = { direction = 'upstream' } }",
            check: |trial| {
                assert!(spans(trial, "received") < trial.ledger.created, "{:?}", trial.ledger.fates);
            },
        },
        Case {
            name: "reset",
            variant: HTTP,
            fault: "at = '400ms'\nfor = '400ms'\nkind = { reset_peer = {} }",
            check: |trial| {
                // Read by the receiver, then cut: the SDK takes it for lost.
                let broken = trial.ledger.reported_failed + spans(trial, "export_failed.reset");
                assert!(broken > 0, "{:?}", trial.ledger);
            },
        },
        Case {
            name: "limit-data",
            variant: HTTP,
            fault: "at = '400ms'\nfor = '400ms'\nkind = { limit_data = { bytes = '1KiB', direction = 'upstream' } }",
            check: |trial| assert!(spans(trial, "export_failed.reset") > 0, "{:?}", trial.exports.failed_by),
        },
        Case {
            name: "down",
            variant: HTTP,
            fault: "at = '400ms'\nfor = '400ms'\nkind = 'down'",
            check: |trial| {
                assert!(spans(trial, "export_failed.refused") > 0, "{:?}", trial.exports.failed_by);
            },
        },
        Case {
            name: "slow-close",
            variant: "",
            fault: "at = '300ms'\nfor = '700ms'\nkind = { slow_close = { delay = '50ms' } }\n\
                    [[fault]]\nvariants = ['slow-close']\nat = '500ms'\nkind = { terminate = { restart_after = '50ms' } }",
            check: all_received,
        },
    ];
    run(&lab, "", &cases);
}

pub(crate) fn the_kernel_holds_packets_back_in_the_trials_own_namespace() {
    let Some(lab) = lab_alone() else { return };
    if lab.skips_without("faults: network namespace") {
        return;
    }
    let cases = [Case {
        name: "shaper",
        variant: "",
        fault: "at = '300ms'\nfor = '600ms'\nkind = { shaper = { rate = '200kB', queue = '50ms', direction = 'upstream' } }",
        check: |trial| {
            assert!(amount(trial, "packets") > 10.0, "{:?}", trial.faults);
            all_received(trial);
        },
    }];
    run(&lab, "", &cases);
}

pub(crate) fn packets_are_lost_where_the_kernel_has_netem_and_said_to_be_absent_elsewhere() {
    let Some(lab) = lab_alone() else { return };
    let text = format!(
        "{LOAD}\n[[fault]]\nat = '300ms'\nfor = '600ms'\nkind = {{ packets = {{ delay = '5ms', loss = 0.05, direction = 'both' }} }}\n"
    );
    if lab.lacks("faults: netem") {
        let scenario = lab.scenario(&text);
        let refused = lab.call(&[
            "scenario",
            scenario.to_str().unwrap(),
            "--out",
            lab.path("results").to_str().unwrap(),
        ]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(69), "{said}");
        let missing =
            if lab.lacks("faults: network namespace") { "network namespace" } else { "netem in this kernel" };
        assert!(said.contains(&format!("{missing} is absent")), "{said}");
        return;
    }
    let done = lab.run(&text);
    done.assert_exact();
    let trial = &done.result.variants[0].trials[0];
    assert!(trial.faults[0].bit, "{:?}", trial.faults);
}

#[test]
fn links_before_and_between_services_break() {
    let Some(lab) = lab() else { return };
    let services = "[[service]]\nname = 'front'\ncalls = ['back']\nspans_per_request = 2\n\
                    [[service]]\nname = 'back'\nspans_per_request = 2\n";
    let cases = [
        Case {
            name: "load-link",
            variant: "",
            fault: "at = '400ms'\nfor = '300ms'\non = 'load -> front'\nkind = { reset_peer = {} }",
            check: |trial| {
                assert!(trial.load.failed.values().sum::<u64>() > 0);
                all_received(trial);
            },
        },
        Case {
            name: "hop-down",
            variant: "",
            fault: "at = '400ms'\nfor = '300ms'\non = 'front -> back'\nkind = 'down'",
            check: |trial| {
                assert!(trial.load.failed.contains_key("bad status"), "{:?}", trial.load.failed);
                all_received(trial);
            },
        },
        Case {
            name: "hop-late",
            variant: "",
            fault: "at = '400ms'\nfor = '300ms'\non = 'front -> back'\nkind = { latency = { delay = '30ms', direction = 'both' } }",
            check: |trial| {
                assert!(amount(trial, "ms the longest took") >= 60.0);
                all_received(trial);
            },
        },
        Case {
            name: "back-killed",
            variant: "",
            fault: "at = '500ms'\non = 'back'\nkind = { kill = { restart_after = '50ms' } }",
            check: |trial| {
                assert!((dose(trial) - 1.0).abs() < f64::EPSILON);
                assert_eq!((trial.services[0].starts, trial.services[1].starts), (1, 2));
            },
        },
    ];
    let done = run(&lab, services, &cases);
    // Whatever arrived between services arrived with its context.
    let damage = trial_of(&done, "hop-late").damage.as_ref().unwrap();
    assert!(damage.calls > 0 && damage.calls == damage.intact_calls, "{damage:?}");
}
