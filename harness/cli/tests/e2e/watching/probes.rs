//! The probe witness: the kernel sees the spans that the process sees, and says so of each.

use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::result::{ById, CountedThing, ProbeResult, Total, TrialResult};
use spanfate_model::verdict::Verdict;

use crate::lab::{Finished, Lab, lab, lab_alone};

/// What the doctor says of probes that can be put on programs.
pub(crate) const PROBES: &str = "ebpf: probes";

/// A lab on a machine that takes probes; else `None`, with a counted notice.
pub(crate) fn probed() -> Option<Lab> {
    lab().filter(|lab| !lab.skips_without(PROBES))
}

/// The same, with the machine for itself.
pub(crate) fn probed_alone() -> Option<Lab> {
    lab_alone().filter(|lab| !lab.skips_without(PROBES))
}

fn trials(finished: &Finished) -> impl Iterator<Item = &TrialResult> {
    finished.result.variants.iter().flat_map(|variant| &variant.trials)
}

fn probes(finished: &Finished) -> Vec<&ProbeResult> {
    trials(finished).flat_map(|trial| &trial.probes).collect()
}

/// Rows of the matrix in which the probes compare ids, all of them.
fn assert_same_ids(finished: &Finished) {
    for trial in trials(finished) {
        let rows: Vec<_> =
            trial.agreement.iter().filter(|row| row.what.known().is_some_and(CountedThing::by_id)).collect();
        assert_eq!(rows.len(), 6, "{:?}", trial.agreement);
        for row in &rows {
            assert_eq!(row.difference, 0, "{row:?}");
        }
        let three = rows.iter().find(|row| row.what.is(&CountedThing::ById(ById::Arrived))).unwrap();
        let witnesses: Vec<Witness> = three.counts.iter().map(|(witness, _)| *witness).collect();
        assert_eq!(witnesses, [Witness::Wire, Witness::Process, Witness::Probe]);
        assert!(three.counts[0].1 > 0);
    }
}

pub(crate) fn three_witnesses_agree_by_id_where_the_queue_is_full_and_where_it_blocks() {
    let Some(lab) = probed_alone() else { return };
    let finished = lab.run(
        "ebpf = { mode = \"events\", required = true }\n\
         [load]\nrate = \"400/s\"\nwarmup = \"200ms\"\nlasting = \"1500ms\"\n\
         [receiver]\nanswer_after = \"20ms\"\n\
         [[variant]]\nname = \"full\"\nexporter = { queue = 64, batch = 16 }\n\
         [[variant]]\nname = \"blocks\"\nexporter = { queue = 64, batch = 64, on_full = \"block\" }\n\
         [[variant]]\nname = \"stripped\"\nbuild = \"stripped\"\nexporter = { queue = 64, batch = 16 }\n\
         [[expect]]\nthat = \"probe.ids_differ == 0\"\n\
         [[expect]]\nthat = \"probe.uncounted == 0\"\n",
    );
    finished.assert_exact();
    assert_same_ids(&finished);
    assert!(probes(&finished).iter().all(|probes| probes.state == WitnessState::Complete));
    let dropped: Vec<u64> =
        probes(&finished).iter().map(|probes| probes.hits.get("dropped").copied().unwrap_or(0)).collect();
    assert!(dropped[0] > 0 && dropped[1] == 0 && dropped[2] > 0, "{dropped:?}");
    assert!(probes(&finished)[1].hits["blocked"] > 0);
}

pub(crate) fn a_batch_witness_counts_what_it_does_not_name() {
    let Some(lab) = probed_alone() else { return };
    let finished = lab.run(
        "ebpf = \"auto\"\n[load]\nrate = \"400/s\"\nwarmup = \"200ms\"\nlasting = \"1s\"\n\
         [exporter]\nqueue = 64\nbatch = 16\n[receiver]\nanswer_after = \"20ms\"\n\
         [[variant]]\nname = \"batch\"\n[[variant]]\nname = \"counters\"\nebpf = \"counters\"\n\
         [[expect]]\nthat = \"witnesses.difference == 0\"\n",
    );
    finished.assert_exact();
    for probes in probes(&finished) {
        assert_eq!(probes.state, WitnessState::Complete);
        assert_eq!(probes.processors.len(), 1);
        let processor = &probes.processors[0];
        assert_eq!((processor.queue, processor.batch, processor.block), (64, 16, false));
        assert!(processor.export_ms.unwrap() >= 20.0, "{processor:?}");
        assert!(processor.dropped > 0, "{processor:?}");
        // The last look comes after the queue was emptied, so it is the whole number.
        let trial = trials(&finished).find(|trial| trial.probes.iter().any(|own| own == probes)).unwrap();
        let of_process =
            trial.agreement.iter().find(|row| row.what.is(&CountedThing::Total(Total::Dropped))).unwrap();
        assert!(of_process.counts.contains(&(Witness::Process, processor.dropped)), "{of_process:?}");
    }
}

pub(crate) fn what_a_small_buffer_loses_is_counted_to_the_record() {
    let Some(lab) = probed_alone() else { return };
    let finished = lab.run(
        "[load]\nrate = \"400/s\"\nwarmup = \"200ms\"\nlasting = \"1s\"\n\
         [[variant]]\nname = \"ring\"\nebpf = { mode = \"events\", size = \"4KiB\", reader_pause = \"300ms\" }\n\
         [[variant]]\nname = \"perf\"\n\
         ebpf = { mode = \"events\", size = \"4KiB\", reader_pause = \"300ms\", buffer = \"perf\" }\n\
         [[expect]]\nthat = \"probe.uncounted == 0\"\n[[expect]]\nthat = \"probe.lost > 0\"\n",
    );
    finished.assert_exact();
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    for probes in probes(&finished) {
        let (lost, hits): (u64, u64) = (probes.lost.values().sum(), probes.hits.values().sum());
        assert!(lost > 0);
        // Made spans are counted only.
        assert_eq!(probes.records + lost, hits - probes.hits["created"], "{probes:?}");
        let first = probes.first_lost.as_ref().unwrap();
        assert!(first.hit > 0 && probes.lost.contains_key(&first.site), "{first:?}");
    }
    assert!(finished.stdout.contains("probes"), "{}", finished.stdout);
}

pub(crate) fn sampling_counts_what_it_leaves_out() {
    let Some(lab) = probed_alone() else { return };
    let finished = lab.run(
        "ebpf = { mode = \"events\", sample = 4 }\n\
         [load]\nrate = \"400/s\"\nwarmup = \"200ms\"\nlasting = \"1s\"\n\
         [[expect]]\nthat = \"probe.uncounted == 0\"\n",
    );
    finished.assert_exact();
    let probes = probes(&finished)[0];
    assert_eq!(probes.state, WitnessState::Complete);
    let spans = trials(&finished).next().unwrap().ledger.created;
    assert_eq!(probes.hits["started"], spans);
    // Each span has five records: started, ended, offered, queued, handed.
    assert!(probes.sampled_out > 0 && probes.sampled_out < 5 * spans, "{probes:?}");
}

pub(crate) fn a_killed_process_has_left_everything_with_the_probes() {
    let Some(lab) = probed_alone() else { return };
    let finished = lab.run(
        "ebpf = \"events\"\ntrials = 4\n[load]\nrate = \"400/s\"\nwarmup = \"100ms\"\nlasting = \"700ms\"\n\
         timeout = \"300ms\"\n[exporter]\ndelay = \"50ms\"\n\
         [[fault]]\nat = \"100ms..700ms\"\nkind = { kill = {} }\n\
         [[expect]]\nthat = \"probe.ids_differ <= 5\"\n",
    );
    finished.assert_exact();
    assert!(probes(&finished).iter().all(|probes| probes.state == WitnessState::Complete));
    let judged = &finished.result.expectations[0];
    assert_eq!(judged.verdict, Verdict::Pass, "{judged:?}");
}

pub(crate) fn probes_that_cost_too_much_are_shed_and_it_is_said() {
    let Some(lab) = probed_alone() else { return };
    let finished = lab.run(
        "ebpf = { mode = \"events\", max_overhead_percent = 1 }\n\
         [load]\nrate = \"400/s\"\nwarmup = \"200ms\"\nlasting = \"3s\"\n",
    );
    finished.assert_exact();
    let probes = probes(&finished)[0];
    assert!(probes.shed.is_some(), "{probes:?}");
    assert!(probes.uncounted > 0 || probes.hits["ended"] < probes.hits["started"], "{probes:?}");
    assert!(finished.stdout.contains("cost more than they may"), "{}", finished.stdout);
}

#[test]
fn without_privileges_a_run_goes_on_and_says_so() {
    let Some(lab) = lab() else { return };
    if !lab.lacks(PROBES) {
        return;
    }
    let text = |ebpf: &str| {
        format!("ebpf = {ebpf}\n[load]\nrate = \"100/s\"\nwarmup = \"100ms\"\nlasting = \"500ms\"\n")
    };
    let finished = lab.run(&text("\"events\""));
    finished.assert_exact();
    let state = &probes(&finished)[0].state;
    assert!(matches!(state, WitnessState::Absent(why) if why.contains("refuses")), "{state:?}");
    let required = lab.start(&text("\"required\"")).wait_with_output().unwrap();
    assert_eq!(required.status.code(), Some(69), "{}", String::from_utf8_lossy(&required.stderr));
}

#[test]
fn fixtures_have_no_rights_where_the_harness_has_those_of_root() {
    let Some(lab) = lab() else { return };
    if lab.skips_without("fixture user") {
        return;
    }
    let child = lab.start("[load]\nrate = \"100/s\"\nwarmup = \"100ms\"\nlasting = \"2s\"\n");
    let pid = lab.until("the fixture's start", || {
        let events = std::fs::read_to_string(lab.run_dir()?.join("trial-000/events.ndjson")).ok()?;
        let line = events.lines().find(|line| line.contains("process_started"))?;
        serde_json::from_str::<serde_json::Value>(line).ok()?["data"]["pid"].as_u64()
    });
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert_eq!(line("Uid:"), "Uid:\t65534\t65534\t65534\t65534");
    assert_eq!(line("Groups:").trim(), "Groups:");
    assert!(line("CapPrm:").ends_with("0000000000000000"), "{status}");
    lab.finish(child).assert_exact();
}
