//! Faults of a process, from outside.

use std::fs;

use super::{Case, all_received, amount, dose, lab_alone, run, spans, trial_of};

pub(crate) fn signals_end_stop_and_restart_a_process() {
    let Some(lab) = lab_alone() else { return };
    let cases = [
        Case {
            name: "kill",
            variant: "",
            fault: "at = '600ms'\nkind = { kill = {} }",
            check: |trial| {
                assert!((dose(trial) - 1.0).abs() < f64::EPSILON);
                assert_eq!(trial.services[0].starts, 1);
                // Half of the load met nobody.
                assert!(trial.load.failed.values().sum::<u64>() > 100, "{:?}", trial.load.failed);
                assert!(trial.ended_by_itself.is_none(), "a fault ended it");
            },
        },
        Case {
            name: "kill-and-restart",
            variant: "",
            fault: "at = '500ms'\nkind = { kill = { restart_after = '50ms' } }",
            check: |trial| {
                assert_eq!(trial.services[0].starts, 2);
                let late = trial.timeline.iter().filter(|slice| slice.at_ms >= 1000.0);
                assert!(late.map(|slice| slice.received).sum::<u64>() > 0, "nothing after the restart");
            },
        },
        Case {
            name: "terminate",
            variant: "",
            fault: "at = '500ms'\nkind = { terminate = { restart_after = '50ms' } }",
            check: |trial| {
                assert_eq!(trial.services[0].starts, 2);
                // An orderly stop empties the queue.
                assert_eq!(spans(trial, "received"), trial.ledger.created, "{:?}", trial.ledger.fates);
            },
        },
        Case {
            name: "pause",
            variant: "",
            fault: "at = '400ms'\nfor = '300ms'\nkind = 'pause'",
            check: |trial| {
                assert!(dose(trial) >= 290.0, "{}", dose(trial));
                all_received(trial);
            },
        },
    ];
    let done = run(&lab, "", &cases);
    let killed = trial_of(&done, "kill");
    let window = &killed.faults[0].windows[0];
    assert!(window.from_ms >= 600.0 && window.to_ms == Some(window.from_ms), "{window:?}");
}

pub(crate) fn control_groups_squeeze_and_kill() {
    let Some(lab) = lab_alone() else { return };
    if lab.skips_without("faults: CPU control group") || lab.skips_without("faults: memory control group") {
        return;
    }
    let cases = [
        Case {
            name: "quota",
            variant: "",
            fault: "at = '300ms'\nfor = '700ms'\nkind = { cpu = { quota = 0.02 } }",
            check: |trial| assert!(dose(trial) > 50.0, "{}", dose(trial)),
        },
        Case {
            name: "neighbour",
            variant: "",
            fault: "at = '200ms'\nfor = '800ms'\nkind = { neighbour = { share = 0.5 } }",
            check: |trial| {
                assert!(dose(trial) > 100.0, "{}", dose(trial));
                assert!(amount(trial, "ms it was there") >= 790.0);
                all_received(trial);
            },
        },
        Case {
            name: "oom",
            variant: "",
            fault: "at = '500ms'\nkind = { oom = { limit = '24MiB', grow = '200MiB', restart_after = '50ms' } }",
            check: |trial| {
                assert!((amount(trial, "processes that ended by SIGKILL") - 1.0).abs() < f64::EPSILON);
                assert_eq!(trial.services[0].starts, 2);
            },
        },
    ];
    run(&lab, "", &cases);
    for controller in ["cpu", "memory"] {
        let left = fs::read_dir(format!("/sys/fs/cgroup/{controller}")).into_iter().flatten().flatten();
        let ours = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("spanfate-"));
        assert_eq!(ours.count(), 0, "a control group was left");
    }
}
