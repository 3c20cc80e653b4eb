//! Spans that are made up: of every type, and odd ones among them.

use proptest::collection::vec;
use proptest::prelude::*;

/// A value of an attribute.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum TestValue {
    Empty,
    Text(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Bytes(Vec<u8>),
}

/// Keys with their values.
pub(crate) type TestPairs = Vec<(String, TestValue)>;

/// A resource or a scope.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct TestOrigin {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) schema: String,
    pub(crate) dropped: u32,
    pub(crate) attributes: TestPairs,
}

/// An event.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct TestEvent {
    pub(crate) time: u64,
    pub(crate) name: String,
    pub(crate) dropped: u32,
    pub(crate) attributes: TestPairs,
}

/// A link.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct TestLink {
    pub(crate) trace: [u8; 16],
    pub(crate) span: [u8; 8],
    pub(crate) state: String,
    pub(crate) flags: u32,
    pub(crate) dropped: u32,
    pub(crate) attributes: TestPairs,
}

/// A span.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct TestSpan {
    pub(crate) trace: [u8; 16],
    pub(crate) span: [u8; 8],
    pub(crate) parent: [u8; 8],
    pub(crate) name: String,
    pub(crate) kind: u8,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) status: u8,
    pub(crate) message: String,
    pub(crate) state: String,
    pub(crate) flags: u32,
    pub(crate) dropped: [u32; 3],
    pub(crate) attributes: TestPairs,
    pub(crate) events: Vec<TestEvent>,
    pub(crate) links: Vec<TestLink>,
    pub(crate) resource: usize,
    pub(crate) scope: usize,
}

/// Spans with what they share.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct TestWorld {
    pub(crate) resources: Vec<TestOrigin>,
    pub(crate) scopes: Vec<TestOrigin>,
    pub(crate) spans: Vec<TestSpan>,
}

impl TestWorld {
    /// Plain traces of five spans: a root, two under it, one under each of those.
    pub(crate) fn plain(traces: u64) -> Self {
        let origin = |name: &str| TestOrigin {
            name: name.to_owned(),
            version: "1.2".to_owned(),
            attributes: vec![("host.name".to_owned(), TestValue::Text("h".to_owned()))],
            ..TestOrigin::default()
        };
        let mut out = Self {
            resources: vec![origin("front"), origin("back")],
            scopes: vec![TestOrigin { attributes: Vec::new(), ..origin("lib") }],
            spans: Vec::new(),
        };
        for trace in 0..traces {
            for at in 0..5_u64 {
                out.spans.push(plain_span(trace, at));
            }
        }
        out
    }
}

/// A span of a plain trace.
fn plain_span(trace: u64, at: u64) -> TestSpan {
    let mut id = [7; 16];
    id[8..].copy_from_slice(&(trace + 1).to_be_bytes());
    let span = |at: u64| (trace * 8 + at + 1).to_be_bytes();
    let start = 1_700_000_000_000_000_000 + trace * 50_000_000 + at * 1_000_000;
    TestSpan {
        trace: id,
        span: span(at),
        parent: if at == 0 { [0; 8] } else { span((at - 1) / 2) },
        name: format!("op {at}"),
        kind: 1 + (at % 5) as u8,
        start: start + 123,
        end: start + 9_000_456 - at,
        status: u8::from(at == 4) * 2,
        message: if at == 4 { "bad".to_owned() } else { String::new() },
        attributes: vec![
            ("http.method".to_owned(), TestValue::Text("GET".to_owned())),
            ("http.status_code".to_owned(), TestValue::Int(200)),
            ("ratio".to_owned(), TestValue::Double(0.5)),
            ("ok".to_owned(), TestValue::Bool(true)),
        ],
        events: vec![TestEvent {
            time: start + 500_000,
            name: "event".to_owned(),
            attributes: vec![("n".to_owned(), TestValue::Int(at as i64))],
            ..TestEvent::default()
        }],
        links: vec![TestLink { trace: [9; 16], span: [8; 8], ..TestLink::default() }],
        resource: (at % 2) as usize,
        ..TestSpan::default()
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z.]{0,12}",
        2 => "\\PC{0,20}",
        1 => Just(String::new()),
        1 => "[\"\\\\/<>&\u{0}-\u{1f}\u{2028}\u{1F600}]{0,8}",
    ]
}

fn value() -> impl Strategy<Value = TestValue> {
    let leaf = prop_oneof![
        Just(TestValue::Empty),
        text().prop_map(TestValue::Text),
        any::<bool>().prop_map(TestValue::Bool),
        any::<i64>().prop_map(TestValue::Int),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(1 << 53), -5..5_i64].prop_map(TestValue::Int),
        proptest::num::f64::NORMAL.prop_map(TestValue::Double),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(f64::MAX), Just(f64::MIN_POSITIVE)]
            .prop_map(TestValue::Double),
        vec(any::<u8>(), 0..12).prop_map(TestValue::Bytes),
    ];
    leaf.prop_recursive(3, 12, 4, |inside| {
        prop_oneof![
            vec(inside.clone(), 0..4).prop_map(TestValue::List),
            vec(inside, 0..4).prop_map(|values| TestValue::Map(keyed(values))),
        ]
    })
}

/// A key for each value, no two the same; the order is not that of the keys.
fn keyed(values: Vec<TestValue>) -> TestPairs {
    let many = values.len();
    values
        .into_iter()
        .enumerate()
        .map(|(at, value)| (format!("{}ключ.<{at}>", (many - at) % 3), value))
        .collect()
}

fn attributes() -> impl Strategy<Value = TestPairs> {
    vec(value(), 0..6).prop_map(keyed)
}

fn origin() -> impl Strategy<Value = TestOrigin> {
    (text(), text(), text(), 0..3_u32, attributes()).prop_map(
        |(name, version, schema, dropped, attributes)| TestOrigin {
            name,
            version,
            schema,
            dropped,
            attributes,
        },
    )
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 1_600_000_000_000_000_000..1_800_000_000_000_000_000_u64,
        1 => prop_oneof![Just(0), Just(1), Just(999), Just(u64::MAX), Just(i64::MAX as u64), Just(i64::MAX as u64 + 1)],
        1 => any::<u64>(),
    ]
}

fn id<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    // Some begin with zeros, which Jaeger leaves out.
    (any::<[u8; N]>(), any::<bool>()).prop_map(|(mut id, short)| {
        id[N - 1] |= 1;
        if short {
            id[..N / 2].fill(0);
        }
        id
    })
}

fn event() -> impl Strategy<Value = TestEvent> {
    (time(), text(), 0..2_u32, attributes()).prop_map(|(time, name, dropped, attributes)| TestEvent {
        time,
        name,
        dropped,
        attributes,
    })
}

fn link() -> impl Strategy<Value = TestLink> {
    (id(), id(), text(), any::<u32>(), 0..2_u32, attributes()).prop_map(
        |(trace, span, state, flags, dropped, attributes)| TestLink {
            trace,
            span,
            state,
            flags,
            dropped,
            attributes,
        },
    )
}

fn span() -> impl Strategy<Value = TestSpan> {
    let ids = (id(), id(), prop_oneof![Just([0; 8]), id()]);
    let plain = (text(), 0..6_u8, time(), time(), 0..3_u8, text(), text(), any::<u32>());
    let lists = (attributes(), vec(event(), 0..3), vec(link(), 0..3), any::<[u16; 3]>());
    (ids, plain, lists, 0..2_usize, 0..2_usize).prop_map(|(ids, plain, lists, resource, scope)| {
        let (trace, span, parent) = ids;
        let (name, kind, start, end, status, message, state, flags) = plain;
        let (attributes, events, links, dropped) = lists;
        TestSpan {
            trace,
            span,
            parent,
            name,
            kind,
            start,
            end,
            status,
            message,
            state,
            flags,
            dropped: dropped.map(u32::from),
            attributes,
            events,
            links,
            resource,
            scope,
        }
    })
}

/// A world of a few spans, no two with the same ids.
pub(crate) fn world() -> impl Strategy<Value = TestWorld> {
    (vec(origin(), 2), vec(origin(), 2), vec(span(), 1..8)).prop_map(made)
}

/// A world of so many spans, or a few less.
pub(crate) fn crowd(spans: usize) -> impl Strategy<Value = TestWorld> {
    (vec(origin(), 2), vec(origin(), 2), vec(span(), spans)).prop_map(made)
}

fn made((resources, scopes, mut spans): (Vec<TestOrigin>, Vec<TestOrigin>, Vec<TestSpan>)) -> TestWorld {
    spans.sort_by_key(|span| (span.trace, span.span));
    spans.dedup_by_key(|span| (span.trace, span.span));
    TestWorld { resources, scopes, spans }
}
