//! Checks of the key `ebpf`.

use spanfate_model::scenario::ebpf::{Buffer, Ebpf, EbpfMode, Trap};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::scenario::{Scenario, Service};

use super::{Problems, variant_names};

/// Least and most bytes of a buffer: a page, and what the kernel still gives to one map.
const SIZES: std::ops::RangeInclusive<u64> = 4096..=1 << 30;

/// Checks the scenario's probes, those of its variants, and what is expected of them.
pub(super) fn ebpf(out: &mut Problems, scenario: &Scenario) {
    if let Some(ebpf) = &scenario.ebpf {
        one(out, &["ebpf"], ebpf);
    }
    let own = scenario.services.iter().any(Service::is_own);
    for (index, variant) in scenario.variant.iter().enumerate() {
        let index = index.to_string();
        if let Some(ebpf) = &variant.ebpf {
            one(out, &["variant", &index, "ebpf"], ebpf);
        }
        if own && !variant.build.is_plain() {
            let help = "take `build` out; the command of the service says how it is built";
            out.add(&["variant", &index, "build"], "a program of your own is not built by us", help);
        }
    }
    expectations(out, scenario);
}

fn one(out: &mut Problems, at: &[&str], ebpf: &Ebpf) {
    let path = |key: &'static str| -> Vec<&str> { at.iter().copied().chain([key]).collect() };
    if let Some(size) = ebpf.size
        && !(size.0.is_power_of_two() && SIZES.contains(&size.0))
    {
        let help = "write for example `64KiB`, `16MiB`";
        out.add(&path("size"), format!("a buffer of {size} is no power of two from 4KiB to 1GiB"), help);
    }
    if ebpf.sample.is_some() && !ebpf.mode.names_spans() {
        let help = "set mode = \"spans\" or \"events\" beside it";
        out.add(&path("sample"), "`sample` needs a mode that makes records of spans", help);
    }
    if ebpf.mode == EbpfMode::Off && *ebpf != Ebpf::default() {
        out.add(&path("mode"), "`off` leaves nothing for the other keys to speak of", "choose another mode");
    }
    if ebpf.buffer == Buffer::RingBatched && ebpf.size.is_some_and(|size| size.0 <= 64 << 10) {
        let help = "the reader of `ring-batched` is woken once 64 KiB wait; take at least 256KiB";
        out.add(&path("size"), "this buffer is full before its reader is woken", help);
    }
}

/// What is expected of probes can only be found where there are some.
fn expectations(out: &mut Problems, scenario: &Scenario) {
    for (index, expect) in scenario.expect.iter().enumerate() {
        let Some(needed) = needed(expect.that.figure) else { continue };
        let names = expect.variants.clone();
        let all = variant_names(scenario).into_iter().map(str::to_owned);
        for name in names.unwrap_or_else(|| all.collect()) {
            let variant = scenario.variant.iter().find(|variant| variant.name == name);
            let ebpf = variant.and_then(|variant| variant.ebpf).or(scenario.ebpf).unwrap_or_default();
            if ebpf.mode < needed || (expect.that.figure == Figure::ProbeTrapTaken && ebpf.trap.is_none()) {
                let message = format!("variant `{name}` has no probes that could tell");
                let help =
                    format!("set ebpf = \"{}\" for it, or leave it out of `variants`", needed.as_str());
                out.add(&["expect", &index.to_string(), "that"], message, &help);
            }
            let trap = matches!(ebpf.trap, Some(Trap::Entry));
            if expect.that.figure == Figure::ProbeOvercount && !trap {
                let help = "set ebpf = { mode = \"events\", trap = \"entry\" } for it";
                out.add(
                    &["expect", &index.to_string(), "that"],
                    format!("variant `{name}` has no such probe"),
                    help,
                );
            }
        }
    }
}

/// The least mode that gives a figure; none where it is not the probes'.
const fn needed(figure: Figure) -> Option<EbpfMode> {
    match figure {
        Figure::ProbeIds => Some(EbpfMode::Spans),
        Figure::ProbeLost | Figure::ProbeUncounted | Figure::ProbeOvercount | Figure::ProbeTrapTaken => {
            Some(EbpfMode::Batch)
        }
        _ => None,
    }
}
