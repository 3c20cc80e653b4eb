//! Bodies in protobuf, by the kind of what is odd about them.

use spanfate_testkit::message::{attribute, bytes, fixed, number, varint};

use super::Body;

/// A group with this inside.
fn group(field: u64, inside: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 3), inside.to_vec(), varint(field << 3 | 4)].concat()
}

fn fixed32(field: u64, value: u32) -> Vec<u8> {
    [varint(field << 3 | 5), value.to_le_bytes().to_vec()].concat()
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A varint of ten bytes, whatever its value.
fn long(value: u64) -> Vec<u8> {
    let mut out: Vec<u8> = (0..9).map(|i| (value >> (7 * i)) as u8 | 0x80).collect();
    out.push((value >> 63) as u8);
    out
}

/// A plain span, with this behind its fields.
fn span(name: &str, more: &[u8]) -> Vec<u8> {
    let ids = join(&[&bytes(1, &[7; 16]), &bytes(2, &[8; 8]), &bytes(4, &[9; 8])]);
    join(&[&ids, &bytes(5, name.as_bytes()), &number(6, 2), &fixed(7, 1000), &fixed(8, 2000), more])
}

fn scope(spans: &[Vec<u8>]) -> Vec<u8> {
    let spans: Vec<u8> = spans.iter().flat_map(|span| bytes(2, span)).collect();
    join(&[&bytes(1, &bytes(1, b"lib")), &spans])
}

fn named(service: &str) -> Vec<u8> {
    bytes(1, &bytes(1, &attribute("service.name", service)))
}

/// A request whose only resource has these fields beside its name.
fn resource(fields: &[&[u8]]) -> Vec<u8> {
    bytes(1, &join(&[&named("shop"), &fields.concat()]))
}

/// A request with a plain span and one that has this behind its fields.
fn behind(more: &[u8]) -> Vec<u8> {
    resource(&[&bytes(2, &scope(&[span("first", &[]), span("second", more)]))])
}

/// A request with a span of these fields alone.
fn only(fields: &[u8]) -> Vec<u8> {
    resource(&[&bytes(2, &scope(&[fields.to_vec()]))])
}

/// All of them.
pub(super) fn bodies() -> Vec<Body> {
    let mut all = Vec::new();
    let mut add = |kind: &str, list: Vec<Vec<u8>>| {
        all.extend(list.into_iter().enumerate().map(|(i, bytes)| Body {
            name: format!("{kind} {i}"),
            json: false,
            bytes,
        }));
    };
    add("pb whole", whole());
    add("pb old scopes", old_scopes());
    add("pb id", ids());
    add("pb wire type", wire_types());
    add("pb number", numbers());
    add("pb group", groups());
    add("pb merged", merged());
    add("pb text", texts());
    add("pb part", parts());
    add("pb deep", deep());
    add("pb cut", cuts());
    all
}

fn whole() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        behind(&[]),
        behind(&join(&[
            &bytes(9, &attribute("k", "v")),
            &number(10, 3),
            &bytes(15, &number(3, 2)),
            &fixed32(16, 257),
        ])),
        bytes(1, &[]),
        resource(&[&bytes(2, &[])]),
        only(&[]),
        join(&[&behind(&[]), &behind(&[])]),
        behind(&join(&[&bytes(4000, b"new"), &number(4001, 1), &fixed(4002, 1), &fixed32(4003, 1)])),
        join(&[&number(2, 7), &behind(&[])]),
    ]
}

fn old_scopes() -> Vec<Vec<u8>> {
    let (new, old) = (scope(&[span("new", &[])]), scope(&[span("old", &[]), span("older", &[])]));
    vec![
        resource(&[&bytes(1000, &old)]),
        resource(&[&bytes(1000, &old), &bytes(1000, &old)]),
        resource(&[&bytes(1000, &old), &bytes(2, &new)]),
        resource(&[&bytes(2, &[]), &bytes(1000, &old)]),
        resource(&[&bytes(1000, &bytes(2, &bytes(1, b"short"))), &bytes(2, &new)]),
        resource(&[&number(1000, 1)]),
        join(&[&resource(&[&bytes(1000, &old)]), &resource(&[&bytes(2, &new)])]),
        // The service behind the spans.
        bytes(1, &join(&[&bytes(1000, &old), &named("late")])),
    ]
}

fn ids() -> Vec<Vec<u8>> {
    vec![
        only(&bytes(5, b"no ids")),
        only(&join(&[&bytes(1, &[]), &bytes(2, &[]), &bytes(4, &[])])),
        only(&join(&[&bytes(1, &[0; 16]), &bytes(2, &[0; 8])])),
        behind(&bytes(1, &[7; 15])),
        behind(&bytes(1, &[7; 17])),
        behind(&bytes(2, &[7; 7])),
        behind(&bytes(4, &[7; 9])),
        behind(&join(&[&bytes(2, &[7; 7]), &bytes(2, &[6; 8])])),
        behind(&join(&[&bytes(2, &[6; 8]), &bytes(4, &[])])),
        behind(&bytes(1, &[])),
    ]
}

fn wire_types() -> Vec<Vec<u8>> {
    let of_span = [
        fixed(1, 1),
        number(2, 1),
        number(3, 1),
        number(4, 1),
        fixed32(5, 1),
        fixed(6, 1),
        bytes(6, &[1]),
        number(7, 1),
        fixed32(8, 1),
        number(9, 1),
        bytes(10, &[]),
        number(11, 1),
        fixed(12, 1),
        fixed32(13, 1),
        bytes(14, b"x"),
        number(15, 1),
        number(16, 1),
        [varint(5 << 3 | 6), vec![0]].concat(),
        [varint(4000 << 3 | 7), vec![0]].concat(),
        varint(4000 << 3 | 4),
        vec![0],
        vec![2, 0],
    ];
    let mut all: Vec<_> = of_span.iter().map(|field| behind(field)).collect();
    all.extend([number(1, 1), bytes(1, &number(1, 1)), bytes(1, &number(2, 1)), bytes(1, &number(3, 1))]);
    all.extend([resource(&[&bytes(2, &number(1, 1))]), resource(&[&bytes(2, &number(2, 1))])]);
    all.extend([resource(&[&bytes(2, &number(3, 1))]), resource(&[&bytes(1, &fixed(2, 1))])]);
    all
}

fn numbers() -> Vec<Vec<u8>> {
    let kind = |value: Vec<u8>| behind(&join(&[&varint(6 << 3), &value]));
    let tag = |tag: Vec<u8>, rest: &[u8]| behind(&join(&[&tag, rest]));
    vec![
        kind(long(3)),
        kind(varint(256)),
        kind(varint(u64::MAX)),
        kind(varint(1 << 32 | 3)),
        kind([vec![0x83; 9], vec![0x7e]].concat()),
        kind([vec![0x83; 10], vec![0]].concat()),
        kind([vec![0x83; 11], vec![0]].concat()),
        kind(vec![0x83, 0x80, 0x80, 0]),
        tag(long(5 << 3 | 2), &[1, b'x']),
        // A field's number beyond 32 bits; what is left of it is 5.
        tag(varint((1 << 32 | 5) << 3 | 2), &[1, b'x']),
        tag(varint((1 << 31 | 5) << 3 | 2), &[1, b'x']),
        tag(varint((1 << 29) << 3 | 2), &[1, b'x']),
        behind(&join(&[&varint(5 << 3 | 2), &long(3), b"abc"])),
        behind(&join(&[&varint(5 << 3 | 2), &varint(u64::MAX)])),
        behind(&join(&[&varint(5 << 3 | 2), &varint(1 << 63)])),
        behind(&join(&[&varint(5 << 3 | 2), &varint(200)])),
    ]
}

fn groups() -> Vec<Vec<u8>> {
    let then_name = |group: &[u8]| behind(&join(&[group, &bytes(5, b"behind a group")]));
    let nested = (0..200).fold(Vec::new(), |inside, _| group(4000, &inside));
    vec![
        then_name(&group(4000, &[])),
        behind(&group(4000, &[])),
        then_name(&group(4000, &group(4001, &[]))),
        then_name(&group(4000, &number(1, 1))),
        then_name(&group(4000, &bytes(1, b"x"))),
        then_name(&group(5, &[])),
        then_name(&join(&[&varint(4000 << 3 | 3), &varint(4001 << 3 | 4)])),
        then_name(&varint(4000 << 3 | 3)),
        then_name(&join(&[&varint(4000 << 3 | 3), &number(4001, 1)])),
        then_name(&nested),
        join(&[&group(9, &[]), &behind(&[])]),
        join(&[&behind(&[]), &group(9, &[])]),
        resource(&[&group(9, &[]), &bytes(2, &scope(&[span("one", &[])]))]),
    ]
}

fn merged() -> Vec<Vec<u8>> {
    let spans = bytes(2, &scope(&[span("one", &[])]));
    let number_named = bytes(1, &bytes(1, &join(&[&bytes(1, b"service.name"), &bytes(2, &number(3, 1))])));
    let value_twice = join(&[&bytes(1, b"service.name"), &bytes(2, &bytes(1, b"a")), &bytes(2, &[])]);
    let last_is_number =
        join(&[&bytes(1, b"service.name"), &bytes(2, &bytes(1, b"a")), &bytes(2, &number(2, 1))]);
    vec![
        bytes(1, &join(&[&named("a"), &spans, &named("b")])),
        bytes(1, &join(&[&bytes(1, &[]), &spans, &named("b")])),
        bytes(1, &join(&[&number_named, &named("b"), &spans])),
        bytes(1, &join(&[&bytes(1, &bytes(1, &value_twice)), &spans])),
        bytes(1, &join(&[&bytes(1, &bytes(1, &last_is_number)), &spans])),
        bytes(
            1,
            &join(&[
                &bytes(1, &bytes(1, &join(&[&attribute("x", "a"), &bytes(1, b"service.name")]))),
                &spans,
            ]),
        ),
        behind(&join(&[&bytes(5, b"last name"), &number(6, 3), &fixed(7, 9)])),
        behind(&join(&[&bytes(15, &number(3, 1)), &bytes(15, &bytes(2, b"x"))])),
    ]
}

fn texts() -> Vec<Vec<u8>> {
    vec![
        behind(&bytes(5, b"a\xff\xfeb")),
        behind(&bytes(5, b"\xed\xa0\xbd")),
        behind(&bytes(5, b"nul\0 tab\t")),
        behind(&bytes(3, b"\xff")),
        behind(&bytes(9, &join(&[&bytes(1, b"\xff"), &bytes(2, &bytes(1, b"\xff"))]))),
        bytes(
            1,
            &join(&[
                &bytes(1, &bytes(1, &join(&[&bytes(1, b"service.name"), &bytes(2, &bytes(1, b"\xffx"))]))),
                &bytes(2, &scope(&[span("one", &[])])),
            ]),
        ),
    ]
}

fn parts() -> Vec<Vec<u8>> {
    let value = |value: &[u8]| behind(&bytes(9, &join(&[&bytes(1, b"k"), &bytes(2, value)])));
    let (list, pairs) = (bytes(1, &bytes(1, b"a")), bytes(1, &attribute("a", "b")));
    vec![
        value(&bytes(5, &list)),
        value(&bytes(6, &pairs)),
        value(&join(&[&number(2, 1), &number(3, 1), &fixed(4, 1), &bytes(7, b"\0"), &number(8, 1)])),
        value(&number(1, 1)),
        value(&fixed(2, 1)),
        value(&bytes(3, b"1")),
        value(&fixed32(4, 1)),
        value(&bytes(5, &number(1, 1))),
        value(&bytes(6, &bytes(1, &number(1, 1)))),
        value(&[0x0a, 9, 1]),
        behind(&bytes(9, &number(2, 1))),
        behind(&bytes(9, &bytes(3, &[]))),
        behind(&bytes(
            11,
            &join(&[&fixed(1, 5), &bytes(2, b"e"), &bytes(3, &attribute("a", "b")), &number(4, 1)]),
        )),
        behind(&bytes(11, &number(1, 5))),
        behind(&bytes(11, &bytes(3, &number(1, 1)))),
        behind(&bytes(13, &join(&[&bytes(1, &[1; 16]), &bytes(2, &[1; 8]), &fixed32(6, 1)]))),
        behind(&bytes(13, &bytes(1, &[1; 4]))),
        behind(&bytes(13, &bytes(2, &[1; 9]))),
        behind(&bytes(13, &number(6, 1))),
        behind(&bytes(15, &bytes(3, &[]))),
        behind(&bytes(15, &number(2, 1))),
        resource(&[&bytes(1, &bytes(3, &join(&[&bytes(1, b"u"), &bytes(3, b"id")])))]),
        resource(&[&bytes(1, &bytes(3, &number(1, 1)))]),
        resource(&[&bytes(2, &bytes(1, &bytes(3, &number(1, 1))))]),
        resource(&[&bytes(2, &bytes(1, &fixed(4, 1)))]),
    ]
}

fn deep() -> Vec<Vec<u8>> {
    let lists = |depth: usize| (0..depth).fold(bytes(1, b"x"), |inside, _| bytes(5, &bytes(1, &inside)));
    let pairs =
        |depth: usize| (0..depth).fold(Vec::new(), |inside, _| bytes(6, &bytes(1, &bytes(2, &inside))));
    let with = |value: Vec<u8>| behind(&bytes(9, &bytes(2, &value)));
    vec![
        with(lists(48)),
        with(lists(49)),
        with(lists(50)),
        with(lists(51)),
        with(pairs(32)),
        with(pairs(33)),
        with(pairs(34)),
    ]
}

/// A request that ends early, at every length.
fn cuts() -> Vec<Vec<u8>> {
    let whole = behind(&bytes(9, &attribute("k", "v")));
    (1..whole.len()).step_by(3).map(|end| whole[..end].to_vec()).collect()
}
