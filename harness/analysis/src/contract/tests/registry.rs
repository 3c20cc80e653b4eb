//! Registries of Weaver, in both versions, as rules; what is no rule is listed.

use spanfate_model::finding::contract::Contract;
use spanfate_model::verdict::Verdict;

use super::world::{HOW, World, ids};
use crate::contract::{ContractEvidence, RegistryText, judge, read_registry};

const FIRST: &str = "\
groups:
  - id: registry.shop
    type: attribute_group
    brief: x
    attributes:
      - id: user.tier
        type:
          members:
            - { id: gold, value: gold, stability: stable }
            - { id: silver, value: silver, stability: stable }
      - id: n
        type: int
      - id: header
        type: template[string]
  - id: common
    type: attribute_group
    brief: x
    attributes:
      - ref: user.tier
        requirement_level: required
  - id: span.shop.buy
    type: span
    extends: common
    span_kind: server
    brief: x
    requirement_level: required
    annotations: { spanfate: { name: buy } }
    attributes:
      - ref: n
        requirement_level: { conditionally_required: if counted }
      - ref: user.tier
      - ref: header
      - ref: elsewhere
        requirement_level: required
  - id: span.shop.sell
    type: span
    span_kind: client
    brief: x
  - id: metric.orders
    type: metric
    metric_name: orders
    instrument: counter
    unit: \"{order}\"
    brief: x
    attributes:
      - ref: n
  - id: event.x
    type: event
    name: x
";

const SECOND: &str = "\
file_format: definition/2
attributes:
  - key: n
    type: int
  - key: who
    type: string
attribute_groups:
  - id: both
    visibility: internal
    attributes:
      - ref_group: both
      - ref: who
        requirement_level: required
      - ref: n
        requirement_level: required
spans:
  - type: shop.buy
    kind: server
    name: { note: buy }
    brief: x
    attributes:
      - ref_group: both
      - ref: n
        requirement_level: recommended
  - type: shop.get
    kind: server
    name: { note: \"{method} {route}\" }
    brief: x
metrics:
  - name: orders
    instrument: counter
    unit: \"{order}\"
    annotations: { spanfate: { required: true } }
entities:
  - type: host
span_refinements:
  - id: a
  - id: b
";

fn registry(texts: &[&str]) -> Contract {
    let file =
        |(at, text): (usize, &&str)| RegistryText { file: format!("r{at}.yaml"), text: (*text).to_owned() };
    read_registry(&texts.iter().enumerate().map(file).collect::<Vec<_>>()).unwrap()
}

fn left_out(contract: &Contract) -> Vec<String> {
    contract.not_taken.iter().map(|one| format!("{}:{} {}", one.file, one.line, one.what)).collect()
}

#[test]
fn the_first_version_gives_rules_and_says_what_it_does_not_give() {
    let contract = registry(&["name: shop\ndependencies:\n  - name: otel\n", FIRST]);
    assert_eq!(contract.spans.len(), 1);
    let buy = &contract.spans[0];
    assert_eq!((buy.name.value.as_str(), buy.kind.unwrap().0, buy.optional), ("buy", "server", false));
    assert_eq!((buy.name.at.file, buy.name.at.line), (1, 27));
    let of = |name: &str| &buy.attributes[name];
    // What it extends made it required; a reference of its own that says nothing keeps that.
    assert!(!of("user.tier").optional && of("user.tier").open);
    assert_eq!((of("n").optional, of("n").of), (true, Some("int")));
    assert_eq!((of("elsewhere").optional, of("elsewhere").of), (false, None));
    let orders = &contract.metrics[0];
    assert!(orders.optional);
    assert_eq!(orders.unit.as_ref().unwrap().value, "{order}");
    let left = left_out(&contract);
    for part in [
        "r0.yaml:3 another registry",
        "r1.yaml:32 a template of attributes",
        "r1.yaml:33 an attribute of another registry",
        "r1.yaml:35 the span `span.shop.sell`",
        "r1.yaml:39 the attributes of a metric",
        "r1.yaml:47 an event",
    ] {
        assert!(left.iter().any(|line| line.starts_with(part)), "{part}: {left:#?}");
    }
    assert_eq!(left.len(), 6, "{left:#?}");
}

#[test]
fn the_second_version_gives_the_same_and_circles_end() {
    let contract = registry(&[SECOND]);
    assert_eq!(contract.spans.len(), 1);
    let buy = &contract.spans[0];
    assert!(buy.optional);
    assert!(!buy.attributes["who"].optional);
    // A reference of its own goes before that of the group.
    assert!(buy.attributes["n"].optional);
    assert!(!contract.metrics[0].optional);
    let left = left_out(&contract);
    assert!(left.iter().any(|line| line.contains("the span `shop.get`")), "{left:#?}");
    assert!(left.iter().any(|line| line.contains("an entity")), "{left:#?}");
    assert!(left.iter().any(|line| line.contains("a refinement of a span (2 times)")), "{left:#?}");
}

#[test]
fn an_open_enumeration_is_worth_a_remark_and_no_more() {
    let contract = registry(&[FIRST]);
    let world = |tier: &'static str| {
        let mut evidence = World::new("version: 1\nmetrics: [m]\n")
            .whole("buy", &[("user.tier", "string", tier), ("elsewhere", "int", "1")])
            .evidence;
        evidence.has_signals();
        evidence
    };
    let found = judge(&contract, "registry", &world("bronze"), "run");
    assert_eq!((found.verdict, ids(&found)), (Verdict::Pass, vec!["attribute_value 31:9".to_owned()]));
    assert!(found.rules[0].findings[0].remark);
    // Only what must be there is missed.
    let mut nothing = ContractEvidence::new(Some(&contract), HOW);
    nothing.has_whole_spans();
    nothing.has_signals();
    let found = judge(&contract, "registry", &nothing, "run");
    assert_eq!(ids(&found), ["required_span_missing 27:38"]);
}

#[test]
fn what_is_no_registry_is_said_and_one_without_a_rule_is_no_pass() {
    let file = |text: &str| [RegistryText { file: "r.yaml".to_owned(), text: text.to_owned() }];
    let (name, wrong) = read_registry(&file("a: 1\n")).unwrap_err();
    assert_eq!((name.as_str(), wrong.line), ("r.yaml", 1));
    assert_eq!(read_registry(&file("groups: [\n")).unwrap_err().0, "r.yaml");
    let empty = registry(&["groups: []\n"]);
    let found = judge(&empty, "registry", &ContractEvidence::default(), "run");
    assert_eq!(found.verdict, Verdict::Inconclusive);
}
