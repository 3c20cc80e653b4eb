//! Each rule broken by what breaks it and by nothing else; what was not seen leaves it open.

use spanfate_model::fate::{Fate, Leak};
use spanfate_model::finding::contract::ContractRule;
use spanfate_model::verdict::Verdict;

use super::world::{World, ids, open};
use crate::contract::ExportedSignal::{Logs, Metrics};

const SPAN: &str = "version: 1\nspans:\n  - name: a\n";

#[test]
fn a_span_that_arrives_keeps_its_rule() {
    let found = World::new(SPAN).rows("a", Some(Fate::Received), 2).judged(SPAN);
    assert_eq!((found.verdict, found.rules[0].seen.as_str()), (Verdict::Pass, "2 created, 2 arrived"));
}

#[test]
fn what_was_never_created_is_missing_and_what_was_lost_has_its_fate() {
    let found = World::new(SPAN).rows("aa", Some(Fate::Received), 2).judged(SPAN);
    assert_eq!(ids(&found), ["required_span_missing 3:11"]);
    assert_eq!(found.rules[0].findings[0].nearest.as_deref(), Some("aa"));
    let found = World::new(SPAN).rows("a", Some(Fate::DroppedQueueFull), 3).judged(SPAN);
    assert_eq!(ids(&found), ["required_span_lost 3:11"]);
    let finding = &found.rules[0].findings[0];
    assert_eq!(finding.fates["dropped_queue_full"], 3);
    assert_eq!(finding.text, "3 spans `a` were created and 0 arrived: 3 dropped_queue_full");
    assert_eq!(found.verdict, Verdict::Fail);
    // The right name of the wrong kind.
    let text = format!("{SPAN}    kind: client\n");
    let found = World::new(&text).rows("a", Some(Fate::Received), 1).judged(&text);
    assert_eq!(found.rules[0].findings[0].nearest.as_deref(), Some("a (server of service `shop`)"));
    // Of those that lack, some may never have ended, and have no name: nobody can say that they were not created.
    let text = format!("{SPAN}    arrive: 3\n");
    let never = Some(Fate::NeverEnded(Leak::Forgotten));
    let found = World::new(&text).rows("a", Some(Fate::Received), 1).rows("", never, 2).judged(&text);
    let finding = &found.rules[0].findings[0];
    assert_eq!((finding.id, finding.nearest.as_deref()), (ContractRule::RequiredSpanMissing, None));
    assert_eq!(
        finding.text,
        "1 spans `a` were created, and 3 must arrive; 2 spans that did not arrive have no name, and may be such ones"
    );
}

#[test]
fn how_many_must_arrive_is_a_count_or_a_share() {
    let count = format!("{SPAN}    arrive: 3\n");
    let share = format!("{SPAN}    arrive: 75 %\n");
    let world = |received, lost| {
        World::new(SPAN).rows("a", Some(Fate::Received), received).rows(
            "a",
            Some(Fate::EndedAfterShutdown),
            lost,
        )
    };
    assert_eq!(world(3, 1).judged(&count).verdict, Verdict::Pass);
    assert_eq!(ids(&world(2, 0).judged(&count)), ["required_span_missing 4:13"]);
    assert_eq!(ids(&world(2, 1).judged(&count)), ["required_span_lost 4:13"]);
    assert_eq!(world(3, 1).judged(&share).verdict, Verdict::Pass);
    assert_eq!(ids(&world(2, 1).judged(&share)), ["required_span_lost 4:13"]);
    assert_eq!(ids(&World::new(SPAN).rows("b", None, 1).judged(&share)), ["required_span_missing 4:13"]);
}

#[test]
fn a_budget_of_loss_holds_to_the_span_and_deliberate_fates_are_no_loss() {
    let all = "version: 1\nloss: 10 %\n";
    let of_one = format!("{SPAN}    loss: 10 %\n");
    for text in [all, &of_one] {
        let world = |lost| {
            let sampled = Fate::NotSampled(spanfate_model::fate::Decider::Sampler);
            World::new(text).rows("a", Some(Fate::Received), 80).rows("a", Some(sampled), 20 - lost).rows(
                "a",
                Some(Fate::DroppedQueueFull),
                lost,
            )
        };
        assert_eq!(world(10).judged(text).verdict, Verdict::Pass, "{text}");
        let found = world(11).judged(text);
        assert_eq!(found.rules[0].findings[0].id, ContractRule::BudgetExceeded);
        assert!(
            found.rules[0].findings[0].text.contains("11 of 100"),
            "{:?}",
            found.rules[0].findings[0].text
        );
    }
}

#[test]
fn spans_without_a_fate_leave_open_what_hangs_on_them() {
    let text = "version: 1\nloss: 10 %\n";
    let world = |lost, unaccounted| {
        World::new(text)
            .rows("a", Some(Fate::Received), 100 - lost - unaccounted)
            .rows("a", Some(Fate::DroppedQueueFull), lost)
            .rows("a", None, unaccounted)
    };
    assert_eq!(world(5, 5).judged(text).verdict, Verdict::Pass);
    assert_eq!(world(5, 6).judged(text).verdict, Verdict::Inconclusive);
    assert_eq!(world(11, 6).judged(text).verdict, Verdict::Fail);
    let one = World::new(SPAN).rows("a", None, 1).judged(SPAN);
    assert_eq!((one.verdict, ids(&one).len()), (Verdict::Inconclusive, 0));
}

#[test]
fn a_lost_span_without_a_name_may_be_any_that_is_meant() {
    let leak = Fate::NeverEnded(Leak::Forgotten);
    let share = format!("{SPAN}    arrive: 100 %\n");
    let loss = format!("{SPAN}    loss: 1 %\n");
    for text in [&share, &loss] {
        let world = World::new(text).rows("a", Some(Fate::Received), 9).rows("", Some(leak), 1);
        let found = world.judged(text);
        assert_eq!(
            open(&found),
            ["1 spans that did not arrive have no name, and may be such ones"],
            "{text}"
        );
    }
}

#[test]
fn what_was_not_seen_is_open_and_says_what_would_show_it() {
    let text = "version: 1\nloss: 1 %\nspans:\n  - { name: a, attributes: { n: int } }\nmetrics: [m]\nlogs: { fields: [f] }\n";
    let found = World::new(text).judged(text);
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert_eq!(open(&found), ["attach", "keep spans", "keep all", "keep all"]);
    // The books have names, and no attributes.
    let found = World::new(text).rows("a", Some(Fate::Received), 1).judged(text);
    assert_eq!(open(&found), ["keep spans", "keep all", "keep all"]);
    // A receiver sees what arrives, and no loss.
    let found = World::new(text).whole("a", &[("n", "int", "1")]).judged(text);
    assert_eq!(open(&found), ["attach", "keep all", "keep all"]);
    // A broken rule is worse than an open one.
    let found = World::new(text).whole("b", &[]).judged(text);
    assert_eq!((found.verdict, ids(&found)), (Verdict::Fail, vec!["required_span_missing 4:13".to_owned()]));
}

#[test]
fn what_is_not_whole_makes_no_pass() {
    let text = format!("{SPAN}    attributes: {{ n: int }}\n");
    let mut world = World::new(&text).rows("a", Some(Fate::Received), 1).whole("a", &[("n", "int", "1")]);
    assert_eq!(world.judged(&text).verdict, Verdict::Pass);
    world.evidence.whole_spans_lack("half is gone".to_owned());
    assert_eq!(open(&world.judged(&text)), ["half is gone"]);
    let mut world = World::new(SPAN).rows("b", Some(Fate::Received), 1);
    world.evidence.books_lack("a trial is gone".to_owned());
    let found = world.judged(SPAN);
    assert_eq!((found.verdict, open(&found)), (Verdict::Inconclusive, vec!["a trial is gone"]));
}

#[test]
fn attributes_are_judged_by_name_type_and_value() {
    let text = "version: 1\nspans:\n  - name: a\n    attributes:\n      tier: { type: string, values: [gold, silver] }\n      n: int\n      d: double\n      \
                l: int[]\n";
    let world = || {
        World::new(text)
            .whole(
                "a",
                &[("tier", "string", "gold"), ("n", "int", "1"), ("d", "double", "0.5"), ("l", "[]", "")],
            )
            .whole(
                "a",
                &[
                    ("tier", "string", "silver"),
                    ("n", "int", "2"),
                    ("d", "double", "1.0"),
                    ("l", "int[]", ""),
                ],
            )
    };
    assert_eq!(ids(&world().judged(text)), [""; 0]);
    let found = world()
        .whole("a", &[("tier", "string", "glod"), ("n", "string", "1"), ("l", "string[]", "")])
        .judged(text);
    assert_eq!(
        ids(&found),
        ["attribute_missing 7:7", "attribute_type 8:7", "attribute_type 6:7", "attribute_value 5:7"]
    );
    let of = |id| found.rules[0].findings.iter().find(|one| one.id == id).unwrap();
    assert_eq!(of(ContractRule::AttributeMissing).text, "`d` is missing in 1 of 3 spans");
    assert_eq!(of(ContractRule::AttributeValue).nearest.as_deref(), Some("gold"));
    assert_eq!(of(ContractRule::AttributeType).context["expected"], "int[]");
    // A name that no span has may be a misspelling of one that is there.
    let misspelt = "version: 1\nspans:\n  - { name: a, attributes: { teir: string } }\n";
    let found = world().judged(misspelt);
    assert_eq!(found.rules[0].findings[0].nearest.as_deref(), Some("tier"));
}

#[test]
fn more_values_than_are_kept_cannot_hide_a_wrong_one() {
    let listed: Vec<String> = (0..60).map(|i| format!("v{i}")).collect();
    let text = format!("{SPAN}    attributes:\n      x: {{ values: [{}] }}\n", listed.join(", "));
    let mut world = World::new(&text);
    for value in &listed {
        world = world.whole("a", &[("x", "string", value)]);
    }
    assert_eq!(world.judged(&text).verdict, Verdict::Pass);
    for value in 60..200 {
        world = world.whole("a", &[("x", "string", &format!("v{value}"))]);
    }
    let found = world.judged(&text);
    assert_eq!(found.rules[0].findings[0].id, ContractRule::AttributeValue);
    assert!(found.rules[0].findings[0].text.contains("at least"), "{}", found.rules[0].findings[0].text);
}

const METRICS: &str =
    "version: 1\nmetrics:\n  - { name: req.duration, unit: s, instrument: histogram }\n  - errors\n";

fn metric(name: &str, unit: &str, data: &str) -> String {
    format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeMetrics":[{{"metrics":[{{"name":"{name}","unit":"{unit}",{data}}}]}}]}}]}}"#
    )
}

#[test]
fn metrics_are_judged_by_name_unit_and_instrument() {
    let errors = metric("errors", "", r#""sum":{"isMonotonic":true}"#);
    let good = metric("req.duration", "s", r#""histogram":{}"#);
    let world = || World::new(METRICS).request(Metrics, &errors);
    assert_eq!(world().request(Metrics, &good).judged(METRICS).verdict, Verdict::Pass);
    let found = world().request(Metrics, &metric("req.duratoin", "s", r#""histogram":{}"#)).judged(METRICS);
    assert_eq!(ids(&found), ["metric_missing 3:13"]);
    assert_eq!(found.rules[0].findings[0].nearest.as_deref(), Some("req.duratoin"));
    let found = world().request(Metrics, &metric("req.duration", "ms", r#""gauge":{}"#)).judged(METRICS);
    assert_eq!(ids(&found), ["metric_unit 3:33", "metric_instrument 3:48"]);
    // Those of another service do not count.
    let other = format!("{METRICS}service: other\n");
    assert_eq!(ids(&world().request(Metrics, &good).judged(&other)).len(), 2);
}

#[test]
fn every_log_record_must_have_the_fields() {
    let text = "version: 1\nlogs:\n  fields: [user_id, trace_id, level, body]\n";
    let record = |attributes: &str, more: &str| {
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"attributes":[{attributes}],"body":{{"stringValue":"{{\"level\":\"info\"}}"}}{more}}}]}}]}}]}}"#
        )
    };
    let whole = record(r#"{"key":"user_id","value":{"stringValue":"7"}}"#, r#","traceId":"01""#);
    let world = || World::new(text).request(Logs, &whole);
    assert_eq!(world().judged(text).verdict, Verdict::Pass);
    let found = world().request(Logs, &record(r#"{"key":"userid","value":{}}"#, "")).judged(text);
    assert_eq!(ids(&found), ["log_field_missing 3:12", "log_field_missing 3:21"]);
    assert_eq!(found.rules[0].findings[0].text, "`user_id` is missing in 1 of 2 records");
    // Nothing was logged: nothing is known.
    let found = World::new(text).request(Metrics, "{}").judged(text);
    assert_eq!((found.verdict, open(&found)), (Verdict::Inconclusive, vec!["no log record came"]));
}

#[test]
fn the_template_of_alerts_must_have_its_words() {
    let text = "version: 1\nalert:\n  template: p99_latency > 200ms AND env=prod\n  fields: [p99_latency, env, service]\n";
    let found = World::new(text).judged(text);
    assert_eq!(ids(&found), ["alert_field_missing 4:30"]);
    let text = text.replace(", service", "");
    assert_eq!(World::new(&text).judged(&text).verdict, Verdict::Pass);
}
