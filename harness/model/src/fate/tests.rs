//! What holds of every fate.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_fate_has_a_name_of_its_own() {
    let all = Fate::all();
    let names: BTreeSet<&str> = all.iter().map(|fate| fate.name()).collect();
    assert_eq!(names.len(), all.len());
    for fate in all {
        assert_eq!(Fate::by_name(&fate.to_string()), Some(fate));
        let plain = |c: char| c.is_ascii_lowercase() || c == '_' || c == '.';
        assert!(fate.name().chars().all(plain), "{fate}");
    }
}

#[test]
fn they_stand_in_the_order_of_a_span_s_way_and_none_twice() {
    let all = Fate::all();
    assert!(all.is_sorted_by(|a, b| a < b));
    assert_eq!(all.first(), Some(&Fate::Received));
}

#[test]
fn the_schema_names_every_fate() {
    let schema = serde_json::to_value(schemars::schema_for!(Fate)).unwrap();
    let named: Vec<&str> =
        schema["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(named, Fate::all().into_iter().map(Fate::name).collect::<Vec<_>>());
}

#[test]
fn every_lost_fate_has_a_remedy_and_a_signal_and_no_other() {
    for fate in Fate::all() {
        let facts = fate.facts();
        let lost = facts.class == FateClass::Lost;
        assert_eq!(facts.remedy != Remedy::None, lost, "{fate}");
        assert_eq!(facts.signal.is_some(), lost, "{fate}");
        if let Remedy::Other(text) = facts.remedy {
            assert!(text.ends_with('.') && text.len() < 160, "{fate}: {text}");
        }
        if let Some(signal) = facts.signal {
            assert_eq!(signal.by_default == "nothing", facts.silent, "{fate}");
        }
    }
}

#[test]
fn words_for_people_are_short_and_different() {
    let all = Fate::all();
    let shorts: BTreeSet<&str> = all.iter().map(|fate| fate.facts().short).collect();
    let sentences: BTreeSet<&str> = all.iter().map(|fate| fate.explain()).collect();
    assert_eq!((shorts.len(), sentences.len()), (all.len(), all.len()));
    for fate in all {
        assert!(fate.facts().short.len() <= 20, "{fate}");
        assert!(!fate.explain().ends_with('.'), "{fate}");
    }
}
