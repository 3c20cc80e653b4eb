//! Pipelines of known sins: what they do to which span is planted by its number, and noted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use spanfate_testkit::message::{attribute, bytes, fixed, number, varint};

use super::server::{HttpServer, Reply, post};

/// What was done to a span.
#[derive(Clone, Debug)]
pub(crate) struct Planted {
    pub(crate) trace: String,
    pub(crate) outcome: &'static str,
    pub(crate) field: Option<&'static str>,
}

/// A field of a message: its tag, and its value without the length.
type Field = (u64, Vec<u8>);

/// A span, and the resource and the scope that it stands in.
#[derive(Clone, Debug)]
struct Placed {
    resource: Vec<Field>,
    scope: Vec<u8>,
    span: Vec<Field>,
}

fn read_varint(message: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = message[0];
        *message = &message[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

fn fields(mut message: &[u8]) -> Vec<Field> {
    let mut out = Vec::new();
    while !message.is_empty() {
        let tag = read_varint(&mut message);
        let length = match tag & 7 {
            0 => message.iter().position(|byte| *byte < 0x80).unwrap() + 1,
            1 => 8,
            5 => 4,
            _ => read_varint(&mut message) as usize,
        };
        let (value, rest) = message.split_at(length);
        out.push((tag, value.to_vec()));
        message = rest;
    }
    out
}

fn written(fields: &[Field]) -> Vec<u8> {
    let one = |(tag, value): &Field| match tag & 7 {
        2 => bytes(tag >> 3, value),
        _ => [varint(*tag), value.clone()].concat(),
    };
    fields.iter().flat_map(one).collect()
}

fn inside(message: &[Field], field: u64) -> impl Iterator<Item = &Vec<u8>> {
    message.iter().filter(move |(tag, _)| *tag == field << 3 | 2).map(|(_, value)| value)
}

/// The spans of a request, one by one.
fn placed(request: &[u8]) -> Vec<Placed> {
    let mut out = Vec::new();
    let request = fields(request);
    for resource_spans in inside(&request, 1).map(|message| fields(message)) {
        let resource = fields(inside(&resource_spans, 1).next().unwrap());
        for scope_spans in inside(&resource_spans, 2).map(|message| fields(message)) {
            let scope = inside(&scope_spans, 1).next().cloned().unwrap_or_default();
            for span in inside(&scope_spans, 2) {
                out.push(Placed { resource: resource.clone(), scope: scope.clone(), span: fields(span) });
            }
        }
    }
    out
}

/// In hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

impl Placed {
    fn request(&self) -> Vec<u8> {
        let scope = [bytes(1, &self.scope), bytes(2, &written(&self.span))].concat();
        bytes(1, &[bytes(1, &written(&self.resource)), bytes(2, &scope)].concat())
    }

    fn id(&self, field: u64) -> String {
        hex(inside(&self.span, field).next().unwrap())
    }

    /// Replaces a field, or adds it.
    fn put(&mut self, encoded: &[u8]) {
        let mut new = fields(encoded);
        let (tag, _) = new[0];
        self.span.retain(|(known, _)| *known != tag);
        self.span.append(&mut new);
    }

    fn damage(&mut self, field: &str) {
        match field {
            "name" => self.put(&bytes(5, b"renamed")),
            "kind" => self.put(&number(6, 4)),
            "status" => self.put(&bytes(15, &number(3, 1))),
            "times" => self.put(&fixed(7, 1_700_000_000_000_000_000)),
            "parent" => self.put(&bytes(4, &[7; 8])),
            "attribute" => self.span.retain(|(tag, value)| {
                *tag != 9 << 3 | 2 || !value.ends_with(&[0x10, 1]) && !value.ends_with(&[0x10, 0])
            }),
            "resource" => self.resource = fields(&bytes(1, &attribute("service.name", "another"))),
            other => panic!("{other}"),
        }
    }
}

const FIELDS: [&str; 7] = ["name", "kind", "status", "times", "parent", "attribute", "resource"];

/// Longer than the deadline of the test, and shorter than twice as long.
const HELD_UP: Duration = Duration::from_secs(3);

/// Takes export requests and hands their spans on one by one, but for those that it treats otherwise.
pub(crate) struct Pipeline {
    server: HttpServer,
    shared: Arc<PipelineState>,
}

#[derive(Default)]
struct PipelineState {
    next: OnceLock<SocketAddr>,
    planted: Mutex<(u64, BTreeMap<String, Planted>)>,
}

impl Pipeline {
    pub(crate) fn open() -> Self {
        let shared = Arc::<PipelineState>::default();
        let state = Arc::clone(&shared);
        Self { server: HttpServer::open(move |request| state.take(&request.body)), shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Says where it goes on; requests wait for that.
    pub(crate) fn leads_to(&self, next: SocketAddr) {
        self.shared.next.set(next).unwrap();
    }

    /// What was done to each span, by its id.
    pub(crate) fn planted(&self) -> BTreeMap<String, Planted> {
        self.shared.planted.lock().unwrap().1.clone()
    }
}

impl PipelineState {
    fn take(&self, request: &[u8]) -> Reply {
        let next = *self.next.wait();
        let spans = placed(request);
        let mut planted = self.planted.lock().unwrap();
        let first = planted.0;
        planted.0 += spans.len() as u64;
        // Each sixth trace is refused whole.
        let refused = (first / spans.len() as u64) % 6 == 5;
        for (at, mut span) in spans.into_iter().enumerate() {
            let of = (first + at as u64) % 13;
            let field =
                of.checked_sub(4).and_then(|at| FIELDS.get(at as usize)).copied().filter(|_| !refused);
            let outcome = match of {
                _ if refused => "refused",
                _ if field.is_some() => "damaged",
                0 => "lost",
                1 => "duplicate",
                2 => "late",
                _ => "received",
            };
            planted.1.insert(span.id(2), Planted { trace: span.id(1), outcome, field });
            if let Some(field) = field {
                span.damage(field);
            }
            let request = span.request();
            match outcome {
                "lost" | "refused" => {}
                "late" => {
                    std::thread::spawn(move || {
                        std::thread::sleep(HELD_UP);
                        post(next, &request)
                    });
                }
                _ => {
                    let copies = if outcome == "duplicate" { 2 } else { 1 };
                    (0..copies).for_each(|_| assert_eq!(post(next, &request), Some(200)));
                }
            }
        }
        Reply::new(if refused { 503 } else { 200 }, "")
    }
}

/// Keeps spans and shows them as JSON. The span with the number at the left is kept so many times as the right says.
#[derive(Clone)]
pub(crate) struct Store {
    copies: BTreeMap<usize, usize>,
    kept: Arc<Mutex<(usize, Vec<Placed>)>>,
}

impl Store {
    /// Of the traces and spans, by their order: how often a span is kept that is not kept once.
    pub(crate) fn new(copies: &[(usize, usize)]) -> Self {
        Self { copies: copies.iter().copied().collect(), kept: Arc::default() }
    }

    pub(crate) fn take(&self, request: &[u8]) {
        let mut kept = self.kept.lock().unwrap();
        for span in placed(request) {
            let copies = self.copies.get(&kept.0).copied().unwrap_or(1);
            kept.0 += 1;
            kept.1.extend(std::iter::repeat_n(span, copies));
        }
    }

    /// The spans of a trace, as the inside of a list of `resourceSpans`; none where there is none.
    pub(crate) fn shown(&self, trace: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap();
        let spans: Vec<String> = kept.1.iter().filter(|span| span.id(1) == trace).map(json).collect();
        (!spans.is_empty()).then(|| spans.join(","))
    }
}

fn json(placed: &Placed) -> String {
    let text =
        |field| inside(&placed.span, field).next().map(|text| String::from_utf8_lossy(text).into_owned());
    let value =
        |tag: u64| placed.span.iter().find(|(known, _)| *known == tag).map(|(_, value)| value.clone());
    let time = |field: u64| u64::from_le_bytes(value(field << 3 | 1).unwrap().try_into().unwrap());
    let parent = inside(&placed.span, 4).next().map(|_| placed.id(4)).unwrap_or_default();
    let status = inside(&placed.span, 15).next().map(|status| fields(status)).unwrap_or_default();
    let message = inside(&status, 2).next().map(|text| String::from_utf8_lossy(text).into_owned());
    let code = status.iter().find(|(tag, _)| *tag == 3 << 3).map_or(0, |(_, code)| code[0]);
    let span = serde_json::json!({
        "traceId": placed.id(1), "spanId": placed.id(2), "parentSpanId": parent, "name": text(5).unwrap(),
        "kind": value(6 << 3).unwrap()[0], "startTimeUnixNano": time(7).to_string(), "endTimeUnixNano": time(8).to_string(),
        "attributes": attributes(&placed.span, 9), "status": {"message": message.unwrap_or_default(), "code": code},
    });
    let resource = serde_json::json!({"attributes": attributes(&placed.resource, 1)});
    serde_json::json!({"resource": resource, "scopeSpans": [{"spans": [span]}]}).to_string()
}

fn attributes(of: &[Field], field: u64) -> Vec<serde_json::Value> {
    let one = |pair: &Vec<u8>| {
        let pair = fields(pair);
        let key = String::from_utf8(inside(&pair, 1).next().unwrap().clone()).unwrap();
        let value = fields(inside(&pair, 2).next().unwrap());
        let (tag, value) = &value[0];
        let value = match tag >> 3 {
            1 => serde_json::json!({"stringValue": String::from_utf8(value.clone()).unwrap()}),
            2 => serde_json::json!({"boolValue": value[0] == 1}),
            3 => {
                serde_json::json!({"intValue": read_varint(&mut value.as_slice()).cast_signed().to_string()})
            }
            _ => serde_json::json!({"doubleValue": f64::from_le_bytes(value.clone().try_into().unwrap())}),
        };
        serde_json::json!({"key": key, "value": value})
    };
    inside(of, field).map(one).collect()
}
