//! Figures of the work that was done: what no noise spoils can be expected exactly.

use spanfate_analysis::{validity_of, value_of};
use spanfate_model::result::Basis;
use spanfate_model::scenario::figure::Figure;
use spanfate_model::verdict::Verdict;

use crate::lab::lab;

#[test]
fn spans_bytes_and_allocations_are_figures_on_any_machine() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "300/s"
        warmup = "200ms"
        lasting = "1s"
        [[variant]]
        name = "full"
        [[variant]]
        name = "off"
        witness = "off"
        [[expect]]
        that = "spans.created == 1800"
        [[expect]]
        that = "bytes.per_span > 100"
        [[expect]]
        that = "allocs.per_span > 5"
        [[expect]]
        that = "allocs.bytes_per_span > 500"
        "#,
    );
    done.assert_exact();
    let verdict = |that: &str, variant: &str| {
        let all = &done.result.expectations;
        let found = all.iter().find(|one| one.that.text() == that && one.variant == variant);
        found.map(|one| (one.verdict, one.reason.as_deref().unwrap_or_default()))
    };
    for that in ["spans.created == 1800", "bytes.per_span > 100"] {
        assert_eq!(verdict(that, "full"), Some((Verdict::Pass, "")), "{that}");
        assert_eq!(verdict(that, "off"), Some((Verdict::Pass, "")), "{that}");
    }
    for that in ["allocs.per_span > 5", "allocs.bytes_per_span > 500"] {
        assert_eq!(verdict(that, "full"), Some((Verdict::Pass, "")), "{that}");
        assert_eq!(
            verdict(that, "off"),
            Some((Verdict::Inconclusive, "the figure was not measured")),
            "{that}"
        );
    }

    let trial = &done.result.variants[0].trials[0];
    let value = |name: &str| value_of(Figure::try_from(name.to_owned()).unwrap(), trial).unwrap();
    let close = |a: f64, b: f64| (a - b).abs() < 1e-6 * b;
    let made = trial.usage.allocations.unwrap();
    assert!(made.spans > 1000 && made.spans <= 1500, "{made:?}");
    assert!((value("allocs.per_span") - made.objects as f64 / made.spans as f64).abs() < 1e-3);
    assert!(close(value("spans.received"), 1800.0));
    assert!(close(value("exports.calls"), trial.exports.requests as f64));
    assert!(close(value("bytes.per_span"), value("bytes.per_span_raw")), "nothing was compressed");
    assert!(close(value("cpu.per_request") * trial.load.achieved, trial.usage.fixture_cpu * 1e9));
    assert!(value("memory.peak") > 1e6);
    for (name, needs) in [
        ("allocs.per_span", Basis::Accounting),
        ("cpu.per_request", Basis::Loss),
        ("response.p99", Basis::Latency),
    ] {
        assert_eq!(validity_of(Figure::try_from(name.to_owned()).unwrap()), needs, "{name}");
    }
}
