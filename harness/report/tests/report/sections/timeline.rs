//! Timelines: their lanes, and how large they may become.

use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::{RunResult, Slice, TrialResult};

use crate::given::html;
use crate::page::reader::Tag;
use crate::sample;
use crate::sections::faults::drawn;
use crate::sections::traces::asked;

#[test]
fn a_hundred_cells_stay_below_five_mebibytes() {
    let mut result = sample::hundred(100);
    let size = html(&result).len();
    assert!(size < 5 << 20, "{size} bytes");
    // Also where each lasts for five minutes, with several fates all the time.
    for trial in result.variants.iter_mut().flat_map(|variant| &mut variant.trials) {
        lengthen(trial, 1200);
    }
    let size = html(&result).len();
    assert!(size < 5 << 20, "{size} bytes");
}

/// A timeline of that many slices, each different, in which everything happens.
fn lengthen(trial: &mut TrialResult, slices: u32) {
    let fates = Fate::all().into_iter().filter(|fate| fate.class() == FateClass::Lost);
    let fates: Vec<Fate> = fates.take(7).collect();
    let wave = |at: u32, n: u32| u64::from((at * (7 + n) + n * 131) % 977);
    let slice = |at: u32| Slice {
        at_ms: f64::from(at) * 250.0,
        created: 6000 + wave(at, 1),
        received: 5000 + wave(at, 2),
        lost: 1000 + wave(at, 3),
        lost_by: fates.iter().zip(4..).map(|(fate, n)| (*fate, 1 + wave(at, n))).collect(),
        queue: wave(at, 12),
        requests: 1250,
        export_ms: wave(at, 13) as f64 / 7.0,
        in_flight: wave(at, 14) % 5,
        fixture_cpu: wave(at, 15) as f64 / 1e3,
        gc_cycles: wave(at, 16) % 3,
        stopped_ms: wave(at, 17) as f64 / 1e3,
        heap: wave(at, 18) << 20,
    };
    trial.timeline = (0..slices).map(slice).collect();
}

#[test]
fn one_scenario_with_long_timelines_stays_below_a_mebibyte() {
    let mut result = sample::nine();
    result.variants.iter_mut().for_each(|variant| lengthen(&mut variant.trials[0], 2400));
    let size = html(&result).len();
    assert!(size < 1 << 20, "{size} bytes");
}

#[test]
fn every_lane_has_its_name_and_what_is_nowhere_has_none() {
    let mut result = sample::single();
    let count =
        |result: &RunResult, name: &str| drawn(result, 0).1.lines().filter(|line| *line == name).count();
    let lanes = [
        "spans/s",
        "lost by fate, spans/s; from below:",
        "queue, spans",
        "longest export, ms",
        "exports in flight",
        "stopped by the GC, ms",
        "heap in use, MiB",
        "CPU, cores",
    ];
    for name in lanes {
        assert_eq!(count(&result, name), 1, "{name}");
    }
    assert_eq!(count(&result, "queue full"), 1);
    assert!(asked(&result, "time").contains("Lost how"));
    // As a version before wrote it.
    for slice in &mut result.variants[0].trials[0].timeline {
        (slice.in_flight, slice.gc_cycles, slice.stopped_ms, slice.heap) = (0, 0, 0.0, 0);
        slice.lost_by.clear();
    }
    for name in lanes {
        let known = ["spans/s", "queue, spans", "longest export, ms", "CPU, cores"].contains(&name);
        assert_eq!(count(&result, name), usize::from(known), "{name}");
    }
    let table = asked(&result, "time");
    assert!(!table.contains("Lost how") && !table.contains("most exports"));
}

#[test]
fn names_and_labels_of_lanes_do_not_overlap() {
    for result in [sample::single(), sample::faulty()] {
        let (tags, _) = drawn(&result, 0);
        let value = |tag: &Tag, name: &str| {
            let found = tag.attributes.iter().find(|(key, _)| key == name);
            found.and_then(|(_, value)| value.parse::<f64>().ok()).unwrap_or(f64::NAN)
        };
        let texts = tags.iter().filter(|tag| tag.name == "text" && !tag.closing);
        // Texts that begin or end at the value axis stand under each other: names of lanes and labels of values.
        let mut heights: Vec<f64> =
            texts.filter(|tag| value(tag, "x") < 52.0).map(|tag| value(tag, "y")).collect();
        heights.sort_by(f64::total_cmp);
        assert!(heights.len() > 16);
        // A line of text of 12 units is about 9 high, without what hangs below it.
        assert!(heights.windows(2).all(|pair| pair[1] - pair[0] >= 9.0), "{heights:?}");
    }
}

#[test]
fn of_variants_without_a_loss_two_are_unfolded() {
    let result = sample::nine();
    let text = html(&result);
    let time = text.split("id=\"time\"").nth(1).unwrap_or_default();
    let time = time.split("</section>").next().unwrap_or_default();
    let (open, folded) = time.split_once("4 more variants without a loss").unwrap_or_default();
    let drawn = |part: &str, name: &str| part.contains(&format!("<figcaption>{name}</figcaption>"));
    for variant in &result.variants {
        assert!(drawn(open, &variant.name) != drawn(folded, &variant.name), "{}", variant.name);
        assert!(drawn(open, &variant.name) || variant.summary.lost == 0, "{}", variant.name);
    }
}
