//! Which variants may be compared with which: the one rule of it.

use spanfate_model::exporter::Exporter;
use spanfate_model::load::PlannedLoad;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::Likeness;
use spanfate_model::scenario::ebpf::Ebpf;
use spanfate_model::scenario::pipeline::{CollectorHop, StoreEngine};
use spanfate_model::scenario::{Build, Design, Fault, ProcessorKind, Receiver, SpanApi, WitnessMode};

/// A variant, taken apart by what each of its keys means for a comparison.
#[derive(Clone, Copy, PartialEq)]
struct Aspects<'a> {
    set: (&'a Exporter, Program<'a>),
    receiver: (&'a Receiver, &'a [CollectorHop], Option<&'a StoreEngine>),
    witness: (Option<WitnessMode>, Option<Ebpf>),
    load: Option<&'a PlannedLoad>,
    faults: &'a [Fault],
}

/// The SDK's version, how the program is built, and what it has in place of the usual.
type Program<'a> = (Option<&'a str>, Build, Option<Design>, Option<ProcessorKind>, SpanApi);

fn aspects(variant: &PlannedVariant) -> Aspects<'_> {
    // No `..`: a new key has to be put somewhere.
    let PlannedVariant {
        name: _,
        cell: _,
        exporter,
        sdk,
        build,
        receiver,
        hops,
        engine,
        design,
        processor,
        api,
        witness,
        ebpf,
        load,
        faults,
    } = variant;
    Aspects {
        set: (exporter, (sdk.as_deref(), *build, *design, *processor, *api)),
        receiver: (receiver, hops, engine.as_ref()),
        witness: (*witness, *ebpf),
        load: load.as_ref(),
        faults,
    }
}

/// In what these are alike, each as it stands beside those before it.
pub(crate) fn likenesses(variants: &[PlannedVariant]) -> Vec<Likeness> {
    let all: Vec<Aspects<'_>> = variants.iter().map(aspects).collect();
    let first = |own: &Aspects<'_>, same: &dyn Fn(&Aspects<'_>, &Aspects<'_>) -> bool| {
        all.iter().position(|other| same(own, other)).unwrap_or_default()
    };
    // The place of the first that is like it: the same number for all that are.
    let one = |own: &Aspects<'_>| Likeness {
        set: first(own, &|a, b| a.set == b.set),
        receiver: first(own, &|a, b| a.receiver == b.receiver),
        witness: first(own, &|a, b| a.witness == b.witness),
        load: first(own, &|a, b| a.load == b.load),
        faults: first(own, &|a, b| a.faults == b.faults),
    };
    all.iter().map(one).collect()
}

fn likeness(a: &PlannedVariant, b: &PlannedVariant) -> (Likeness, Likeness) {
    let (a, b) = (aspects(a), aspects(b));
    let number = |same: bool| usize::from(!same);
    let other = Likeness {
        set: number(a.set == b.set),
        receiver: number(a.receiver == b.receiver),
        witness: number(a.witness == b.witness),
        load: number(a.load == b.load),
        faults: number(a.faults == b.faults),
    };
    (Likeness::default(), other)
}

/// Both have the same SDK with the same settings.
pub(crate) fn set_alike(a: &PlannedVariant, b: &PlannedVariant) -> bool {
    aspects(a).set == aspects(b).set
}

/// The same befell both.
pub(crate) fn same_conditions(a: &PlannedVariant, b: &PlannedVariant) -> bool {
    let (one, other) = likeness(a, b);
    one.same_conditions(other)
}

/// They differ in nothing but their load.
pub(crate) fn same_but_load(a: &PlannedVariant, b: &PlannedVariant) -> bool {
    let (one, other) = likeness(a, b);
    one.same_but_load(other)
}

/// They differ in nothing but their witnesses.
pub(crate) fn same_but_witness(a: &PlannedVariant, b: &PlannedVariant) -> bool {
    let (one, other) = likeness(a, b);
    one.same_but_witness(other)
}

/// One could be set in place of the other by knobs of the exporter alone: the same befell both, both are the same program, and both
/// sample the same.
pub(crate) fn replaceable(a: &PlannedVariant, b: &PlannedVariant) -> bool {
    let sampling = |exporter: &Exporter| (exporter.sampler, exporter.ratio);
    let (one, other) = (aspects(a).set, aspects(b).set);
    same_conditions(a, b) && one.1 == other.1 && sampling(one.0) == sampling(other.0)
}
