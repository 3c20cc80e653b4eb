//! Exporters around the SDK's own. They filter, fan out, swallow errors, or keep what they are given and send it later: what
//! counts is the call of the SDK's exporter inside, which probes see as well.

mod path;

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::format::probe::{ProbeKind, Record};
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::MonoNs;

use super::ProbeLog;
use super::endpoint::is_same;
use super::processors::{FanLeg, Processors};
use super::texts::Texts;
use crate::evidence::OnPath;
use crate::evidence::path::{ExportCall, ExportResult};
use path::WrappedPath;

/// A call of the SDK's OTLP exporter.
#[derive(Clone, Copy, Debug)]
struct SenderCall {
    /// The batch of the exporter around it; its own number where there is none around it.
    outer: u32,
    /// The exporter's address.
    exporter: u64,
    /// The table of its client's type.
    client: u64,
    began: MonoNs,
    spans: u32,
    ended: MonoNs,
    failed: bool,
}

impl SenderCall {
    fn as_export(&self, error: Option<&String>) -> ExportCall {
        let result = match (self.ended, self.failed) {
            (0, _) => ExportResult::None,
            (_, false) => ExportResult::Ok,
            (_, true) => ExportResult::of(error.map_or("", String::as_str)),
        };
        ExportCall { began: self.began, ended: self.ended, spans: self.spans, result }
    }
}

/// All such calls of a process, and the spans that they were given by exporters around them.
#[derive(Debug, Default)]
pub(super) struct Senders {
    calls: BTreeMap<u32, SenderCall>,
    /// Place of a span, number of a call.
    sent: Vec<(usize, u32)>,
    /// By call: spans of a type in which their ids were not found, so that nobody knows which ones they are.
    nameless: BTreeMap<u32, u32>,
}

impl Senders {
    /// Reads them; `places` finds the spans of a key.
    pub(super) fn of<P: Iterator<Item = usize>>(log: &ProbeLog<'_>, places: impl Fn(SpanKey) -> P) -> Self {
        let mut out = Self::default();
        // Spans that share a key are told apart by turns, call by call.
        let mut turns: BTreeMap<(u32, usize), usize> = BTreeMap::new();
        for record in log.each() {
            match record {
                Record::Processor(look) if look.kind == ProbeKind::Sending => {
                    let call = SenderCall {
                        outer: look.dropped,
                        exporter: look.began,
                        client: look.error,
                        began: look.at,
                        spans: look.spans,
                        ended: 0,
                        failed: false,
                    };
                    out.calls.insert(look.batch, call);
                }
                Record::Processor(look) if look.kind == ProbeKind::Returned => {
                    if let Some(call) = out.calls.get_mut(&look.batch) {
                        (call.ended, call.failed) = (look.at, look.failed);
                    }
                }
                Record::Span(mark) if mark.is_nameless_export() => {
                    *out.nameless.entry(mark.a as u32).or_default() += 1;
                }
                Record::Span(mark) if mark.kind == ProbeKind::Sent => {
                    let call = mark.a as u32;
                    let mut of = places(mark.key).peekable();
                    let Some(first) = of.next() else { continue };
                    let at = if of.peek().is_none() {
                        first
                    } else {
                        let turn = turns.entry((call, first)).or_insert(0);
                        *turn += 1;
                        places(mark.key).nth(*turn - 1).unwrap_or(first)
                    };
                    out.sent.push((at, call));
                }
                _ => {}
            }
        }
        out
    }

    /// Where each call went that went elsewhere than the process was told to send, by its number.
    pub(super) fn elsewhere(&self, texts: &Texts, told: Option<&str>) -> BTreeMap<u32, String> {
        let Some(told) = told else { return BTreeMap::new() };
        let of = |(number, call): (&u32, &SenderCall)| {
            let endpoint = texts.endpoint(call.exporter, call.client).filter(|read| !is_same(told, read))?;
            Some((*number, endpoint.to_owned()))
        };
        self.calls.iter().filter_map(of).collect()
    }

    /// Whether a batch was handed to another exporter than the SDK's own.
    fn is_wrapped(&self, batch: u32) -> bool {
        self.calls.get(&batch).is_none_or(|call| call.outer != batch)
    }

    /// Follows what each path handed to its exporter to the calls that sent it. Gives the further legs of paths whose every
    /// batch goes to several.
    pub(super) fn follow(
        &self,
        processors: &mut Processors,
        on: &mut [Vec<OnPath>],
        errors: &BTreeMap<u32, String>,
    ) -> Vec<FanLeg> {
        let mut legs = Vec::new();
        // What is exported for no processor comes first: it may come from an exporter's own goroutine.
        let (nobodys, others): (Vec<usize>, Vec<usize>) =
            (0..processors.len()).partition(|number| processors.is_nobodys(*number));
        let (mut later, mut merged, mut has_wrapped) = (LaterCalls::new(), BTreeSet::new(), false);
        for number in nobodys.iter().chain(&others).copied() {
            let path = WrappedPath::of(self, number, processors, errors, &later);
            if !path.is_empty() {
                has_wrapped |= !processors.is_nobodys(number);
                legs.extend(path.resolve(processors, &mut on[number], &mut merged));
            }
            if processors.is_nobodys(number) {
                for (at, on) in on[number].iter().enumerate().filter(|(_, on)| on.exported | on.filtered != 0)
                {
                    let call = processors.call_of(number, on);
                    later.insert(at, LaterCall { on: *on, call });
                }
            }
        }
        for number in nobodys {
            for at in &merged {
                on[number][*at] = OnPath { returned: on[number][*at].returned, ..OnPath::default() };
            }
            let veiled = has_wrapped && !self.nameless.is_empty();
            if (veiled || !merged.is_empty()) && !on[number].iter().any(OnPath::is_concerned) {
                processors.give_away(number);
            }
        }
        legs
    }
}

/// What was exported for no processor, by the place of the span.
type LaterCalls = BTreeMap<usize, LaterCall>;

/// What is so of such a span.
#[derive(Clone, Copy, Debug)]
struct LaterCall {
    on: OnPath,
    /// The call that sent it.
    call: Option<(u32, ExportCall)>,
}
