//! A difference that is planted in a field is found in that field, in every pair of formats that carry it.

use spanfate_diff::DiffTask;
use spanfate_model::finding::diff::DiffField;
use spanfate_model::verdict::Verdict;

use crate::spans::{TestEvent, TestLink, TestValue, TestWorld};
use crate::{FORMATS, compared};

/// A field, what part of it, and the change.
type PlantedChange = (DiffField, &'static str, fn(&mut TestWorld));

/// The span that is changed.
const AT: usize = 7;

fn changes() -> Vec<PlantedChange> {
    use DiffField as F;
    vec![
        (F::Service, "name", |world| "other".clone_into(&mut world.resources[1].name)),
        (F::Parent, "another", |world| world.spans[AT].parent[7] ^= 1),
        (F::Parent, "none", |world| world.spans[AT].parent = [0; 8]),
        (F::Name, "a letter", |world| world.spans[AT].name.push('!')),
        (F::Name, "none", |world| world.spans[AT].name.clear()),
        (F::Kind, "another", |world| world.spans[AT].kind = 5),
        (F::Start, "a microsecond", |world| world.spans[AT].start += 1000),
        (F::End, "a microsecond", |world| world.spans[AT].end += 1000),
        (F::Status, "error", |world| world.spans[AT].status = 2),
        (F::Message, "some", |world| "x".clone_into(&mut world.spans[AT].message)),
        (F::TraceState, "some", |world| "a=b".clone_into(&mut world.spans[AT].state)),
        (F::Flags, "sampled", |world| world.spans[AT].flags = 1),
        (F::Attributes, "value", |world| world.spans[AT].attributes[1].1 = TestValue::Int(201)),
        (F::Attributes, "type", |world| world.spans[AT].attributes[1].1 = TestValue::Text("200".to_owned())),
        (F::Attributes, "int for double", |world| world.spans[AT].attributes[2].1 = TestValue::Int(0)),
        (F::Attributes, "bool", |world| world.spans[AT].attributes[3].1 = TestValue::Bool(false)),
        (F::Attributes, "key", |world| world.spans[AT].attributes[1].0.push('x')),
        (F::Attributes, "one less", |world| drop(world.spans[AT].attributes.pop())),
        (F::Attributes, "one more", |world| {
            world.spans[AT].attributes.push(("more".to_owned(), TestValue::Text(String::new())));
        }),
        (F::Attributes, "twice", |world| {
            let one = world.spans[AT].attributes[0].clone();
            world.spans[AT].attributes.push(one);
        }),
        (F::Attributes, "inside a list", |world| {
            world.spans[AT].attributes[0].1 = TestValue::List(vec![TestValue::Int(1), TestValue::Int(3)]);
        }),
        (F::Attributes, "inside a map", |world| {
            world.spans[AT].attributes[0].1 = TestValue::Map(vec![("a".to_owned(), TestValue::Bool(false))]);
        }),
        (F::Attributes, "bytes", |world| world.spans[AT].attributes[0].1 = TestValue::Bytes(vec![0, 255])),
        (F::Events, "time", |world| world.spans[AT].events[0].time += 1000),
        (F::Events, "name", |world| world.spans[AT].events[0].name.push('x')),
        (F::Events, "attribute", |world| world.spans[AT].events[0].attributes[0].1 = TestValue::Int(99)),
        (F::Events, "none", |world| world.spans[AT].events.clear()),
        (F::Events, "one more", |world| world.spans[AT].events.push(TestEvent::default())),
        (F::Links, "another", |world| world.spans[AT].links[0].span = [6; 8]),
        (F::Links, "none", |world| world.spans[AT].links.clear()),
        (F::Links, "one more", |world| {
            world.spans[AT].links.push(TestLink { trace: [1; 16], span: [1; 8], ..TestLink::default() });
        }),
        (F::LinkDetails, "state", |world| "a=b".clone_into(&mut world.spans[AT].links[0].state)),
        (F::LinkDetails, "flags", |world| world.spans[AT].links[0].flags = 1),
        (F::LinkDetails, "attribute", |world| {
            world.spans[AT].links[0].attributes.push(("a".to_owned(), TestValue::Bool(true)));
        }),
        (F::Dropped, "attributes", |world| world.spans[AT].dropped[0] = 1),
        (F::Dropped, "events", |world| world.spans[AT].dropped[1] = 1),
        (F::Dropped, "links", |world| world.spans[AT].dropped[2] = 1),
        (F::Resource, "attribute", |world| {
            world.resources[0].attributes[0].1 = TestValue::Text("elsewhere".to_owned());
        }),
        (F::Scope, "name", |world| world.scopes[0].name.push('x')),
        (F::Scope, "version", |world| world.scopes[0].version.push('x')),
        (F::ScopeDetails, "attribute", |world| {
            world.scopes[0].attributes.push(("a".to_owned(), TestValue::Bool(true)));
        }),
        (F::ScopeDetails, "dropped", |world| world.resources[0].dropped = 1),
        (F::SchemaUrl, "of the scope", |world| "https://a".clone_into(&mut world.scopes[0].schema)),
        (F::SchemaUrl, "of the resource", |world| "https://a".clone_into(&mut world.resources[0].schema)),
    ]
}

/// What a change in one of them changes besides.
fn beside(field: DiffField) -> &'static [DiffField] {
    match field {
        // An event of no name and no time, for one.
        DiffField::Start => &[DiffField::End],
        _ => &[],
    }
}

#[test]
fn every_planted_difference_is_found_in_its_field_in_every_pair_of_formats() {
    let mut proved = std::collections::BTreeSet::new();
    for (field, part, change) in changes() {
        let (world, mut other) = (TestWorld::plain(3), TestWorld::plain(3));
        change(&mut other);
        for (left, writer) in FORMATS {
            for (right, other_writer) in FORMATS {
                let found = compared(&writer(&world), &other_writer(&other), &DiffTask::default());
                let what = format!("{field} ({part}) in {left} and {right}");
                if !found.compared.contains(&field) {
                    assert!(found.not_compared.iter().any(|one| one.field == field), "{what}");
                    continue;
                }
                proved.insert(field);
                assert_eq!(found.verdict, Verdict::Fail, "{what} was missed");
                let differ: Vec<DiffField> = found.fields.iter().map(|one| one.field).collect();
                let others: Vec<_> =
                    differ.iter().filter(|one| **one != field && !beside(field).contains(one)).collect();
                assert!(differ.contains(&field) && others.is_empty(), "{what}: {differ:?}");
                let sample = &found.samples[0];
                assert!(!sample.path.is_empty() && sample.left != sample.right, "{what}: {sample:?}");
                assert_eq!(found.counts.only_left + found.counts.only_right, 0, "{what}");
            }
        }
    }
    assert_eq!(proved.len(), DiffField::ALL.len());
}

#[test]
fn the_first_difference_is_named_with_both_values_and_places() {
    let (world, mut other) = (TestWorld::plain(2), TestWorld::plain(2));
    other.spans[AT].attributes[1].1 = TestValue::Text("200".to_owned());
    let left = crate::write::otlp_json::document(&world);
    let found = compared(&left, &crate::write::otlp_json::document(&other), &DiffTask::default());
    let sample = &found.samples[0];
    assert_eq!(sample.path, "attributes[\"http.status_code\"]");
    assert_eq!((sample.left.as_str(), sample.right.as_str()), ("200 (int)", "\"200\""));
    assert!(sample.left_at.starts_with("line 1, byte "), "{}", sample.left_at);
    let at: usize = sample.left_at.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(left[at..].starts_with(b"{\"attributes\""), "{}", String::from_utf8_lossy(&left[at..at + 30]));
    assert_eq!((sample.service.as_str(), sample.name.as_str()), ("front", "op 2"));
    assert_eq!(found.since_ns, Some(world.spans[AT].start));
    assert_eq!(found.services[0].service, "front");
    assert_eq!(found.pictures.len(), 1);
    let marked: Vec<_> = found.pictures[0].left.iter().filter(|span| span.mark.is_some()).collect();
    assert!(marked.len() == 1 && marked[0].says.contains("200 (int)"), "{marked:?}");
}
