//! Rules for the sampling endpoint.

use spanfate_model::fault::SamplingRule;
use spanfate_model::scenario::{Design, Fixture, Scenario, Service};

use super::{Checked, having};
use crate::scenario_file::check::Problems;

/// A rule that the endpoint would refuse, or that nobody is there to take.
pub(super) fn rule(
    out: &mut Problems,
    scenario: &Scenario,
    checked: &Checked<'_>,
    service: Option<&Service>,
    rule: &SamplingRule,
) {
    if !(0.0..=1.0).contains(&rule.rate) {
        let help = "it is the share of the traces of which the span is kept";
        checked.add_in_kind(out, "rate", "`rate` must be 0 to 1", help);
    }
    if rule.span.is_empty() {
        checked.add_in_kind(out, "span", "a span without a name", "name the spans that the rule is for");
    }
    if service.is_some_and(|service| service.fixture != Fixture::Http) {
        let help = "put it on a service with `fixture = \"http\"`";
        checked.add(out, "on", "this service has no HTTP server that could take a rule", help);
    }
    let takes = |index: &usize| {
        matches!(scenario.variant.get(*index).and_then(|variant| variant.design), Some(Design::Endpoint(_)))
    };
    if !having(scenario, checked.fault).iter().all(takes) {
        let help = "give every variant that has it `design = { endpoint = {} }`, or name those that do in `variants`";
        checked.add(out, "kind", "a variant has this fault, and no endpoint that could take its rule", help);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario_file::parse::parse;

    fn mistakes(variant: &str, kind: &str) -> Vec<String> {
        let text = format!(
            "name = 'x'\n[load]\nrate = '5/s'\nlasting = '2s'\n[[variant]]\nname = 'v'\n{variant}\n[[fault]]\nat = '1s'\n\
             kind = {{ sampling_rule = {{ {kind} }} }}\n"
        );
        let found = parse(&text, Path::new(".")).err().unwrap_or_default();
        found.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn a_rule_is_taken_where_an_endpoint_is() {
        let endpoint = "design = { endpoint = {} }";
        assert_eq!(
            mistakes(endpoint, "span = 'GET /work', rate = 0.05, condition = 'error', lasting = '1s'"),
            [""; 0]
        );
        for (variant, kind, says) in [
            (endpoint, "span = 'x', rate = 1.5", "must be 0 to 1"),
            (endpoint, "span = '', rate = 0.5", "without a name"),
            (endpoint, "rate = 0.5", "span"),
            ("", "span = 'x', rate = 0.5", "no endpoint that could take"),
        ] {
            let found = mistakes(variant, kind);
            assert!(found.iter().any(|message| message.contains(says)), "{kind}: {found:?}");
        }
    }
}
