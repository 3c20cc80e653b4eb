//! An export path of one process: provider, processor, exporter; how it came to its end, and the calls of its exporter.

mod naming;

use std::collections::BTreeMap;

use spanfate_model::exporter::Effective;
use spanfate_model::fate::{ExitWay, ExportCause};
use spanfate_model::format::slots::PathInfo;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::PathKind;

use crate::evidence::OnPath;
use crate::evidence::export_error;

pub(crate) use naming::unique_names;

/// What a fixture's filtering processor is called.
const FILTER: &str = "filter";

/// What came of an export call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ExportResult {
    /// No result: the process ended first.
    None,
    /// It returned no error.
    Ok,
    /// It returned an error.
    Failed(ExportCause),
    /// It returned an error that speaks of a partial success: the SDK counts its spans as exported, but for those rejected.
    Partial,
    /// It returned no error, and an exporter around the SDK's own was not seen to send the span: it may still hold it.
    Kept,
}

impl ExportResult {
    /// What the text of an error says.
    pub(crate) fn of(error: &str) -> Self {
        if export_error::is_partial(error) {
            Self::Partial
        } else {
            Self::Failed(export_error::of_text(error))
        }
    }
}

/// Most letters that are kept of an error.
const KEPT: usize = 400;

/// Why export calls failed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct FailedBy {
    /// How many, by what their errors say.
    pub(crate) calls: BTreeMap<String, u64>,
    /// The first error whose cause has no name.
    pub(crate) unknown: Option<String>,
}

impl FailedBy {
    /// Takes up the error of a call.
    pub(crate) fn note(&mut self, error: &str) {
        *self.calls.entry(export_error::label(error)).or_insert(0) += 1;
        if self.unknown.is_none() && ExportResult::of(error) == ExportResult::Failed(ExportCause::Other) {
            self.unknown = Some(error.chars().take(KEPT).collect()).filter(|text: &String| !text.is_empty());
        }
    }

    /// Takes up those of others.
    pub(crate) fn add(&mut self, others: &Self) {
        for (word, count) in &others.calls {
            *self.calls.entry(word.clone()).or_insert(0) += count;
        }
        self.unknown = self.unknown.take().or_else(|| others.unknown.clone());
    }
}

/// One `ExportSpans` call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ExportCall {
    pub(crate) began: MonoNs,
    pub(crate) ended: MonoNs,
    pub(crate) spans: u32,
    pub(crate) result: ExportResult,
}

impl ExportCall {
    /// Whether it was open at a moment.
    pub(crate) const fn holds(&self, at: MonoNs) -> bool {
        self.began <= at && (self.ended == 0 || self.ended >= at)
    }
}

/// What it is worth that an exporter returned no error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ExporterWord {
    /// It is one of the SDK's OTLP exporters, or nobody knows.
    Proof,
    /// It is another one: that proves nothing.
    Own,
    /// It never sends by OTLP: `endpoint` of its path says where it puts spans.
    NeverHere,
}

/// How a path came to its end, as far as fates care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// It was shut down in order; the shutdown returned, perhaps with its deadline passed.
    Orderly { deadline_passed: bool },
    /// It ended otherwise.
    Abrupt(ExitWay),
}

/// How a span comes from its provider to the path's own processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum HandsOn {
    /// The provider calls it.
    #[default]
    Directly,
    /// Another span processor does, before its own `OnEnd` returns.
    InEnd,
    /// Another one does, on a goroutine of its own: what it did not hand on may still wait.
    Later,
}

/// An export path.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// Its number among those of its process; 0 is the main one.
    pub(crate) number: u32,
    pub(crate) name: String,
    /// What its scenario calls it; empty where it has no such name.
    pub(crate) label: String,
    /// Its provider, from 0.
    pub(crate) provider: u16,
    pub(crate) kind: PathKind,
    /// Go types of the processors in front of it.
    pub(crate) behind: Vec<String>,
    pub(crate) hands_on: HandsOn,
    /// Its exporter, for people; empty if none was seen.
    pub(crate) exporter: String,
    /// It is known to have none.
    pub(crate) no_exporter: bool,
    /// What it is worth that the exporter says it exported spans.
    pub(crate) word: ExporterWord,
    /// The client of the exporter that one around it sends with is none of the SDK's.
    pub(crate) own_client: bool,
    /// Where its exporter sends to, if that was read and is not where the process was told to send.
    pub(crate) endpoint: Option<String>,
    pub(crate) effective: Option<Effective>,
    pub(crate) blocking: bool,
    pub(crate) exports: BTreeMap<u32, ExportCall>,
    /// Calls of the SDK's own exporter, where another one is around it; by number, which no export call has.
    pub(crate) sends: BTreeMap<u32, ExportCall>,
    /// Failed export calls by what their error says.
    pub(crate) failed_by: FailedBy,
    /// When the shutdown of its processor, or of its provider, began; 0 if it did not.
    pub(crate) shutdown_began: MonoNs,
    /// When its worker had emptied the queue and ended; 0 if nobody saw that.
    pub(crate) drained: MonoNs,
    pub(crate) ending: Ending,
    /// What its processor counted as dropped, as it was seen last.
    pub(crate) dropped_by_sdk: Option<u64>,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            number: 0,
            name: "default".to_owned(),
            label: String::new(),
            provider: 0,
            kind: PathKind::Batch,
            behind: Vec::new(),
            hands_on: HandsOn::Directly,
            exporter: String::new(),
            no_exporter: false,
            word: ExporterWord::Proof,
            own_client: false,
            endpoint: None,
            effective: None,
            blocking: false,
            exports: BTreeMap::new(),
            sends: BTreeMap::new(),
            failed_by: FailedBy::default(),
            shutdown_began: 0,
            drained: 0,
            ending: Ending::Abrupt(ExitWay::Crash),
            dropped_by_sdk: None,
        }
    }
}

impl Path {
    /// The number of the call that a span was sent by, or else handed to.
    pub(crate) const fn number_of(on: &OnPath) -> Option<u32> {
        let call = if on.sent == 0 { on.call } else { on.sent };
        call.checked_sub(1)
    }

    /// The call that a span was sent by, or else handed to.
    pub(crate) fn call_of(&self, on: &OnPath) -> Option<&ExportCall> {
        let number = Self::number_of(on)?;
        if on.sent == 0 { self.exports.get(&number) } else { self.sends.get(&number) }
    }

    /// What came of it.
    pub(crate) fn export_of(&self, on: &OnPath) -> ExportResult {
        match self.call_of(on).map(|call| call.result) {
            Some(ExportResult::Ok) if on.kept => ExportResult::Kept,
            result => result.unwrap_or(ExportResult::None),
        }
    }

    /// Whether nothing of it can come to our receiver.
    pub(crate) const fn is_never_here(&self) -> bool {
        matches!(self.word, ExporterWord::NeverHere)
    }

    /// Whether the word that a span was exported is that of something that the program made, and not of the SDK's client.
    pub(crate) const fn is_own_word(&self, on: &OnPath) -> bool {
        if on.sent == 0 { !matches!(self.word, ExporterWord::Proof) } else { self.own_client }
    }

    /// The calls of which spans must arrive.
    pub(crate) fn sending(&self) -> &BTreeMap<u32, ExportCall> {
        if self.sends.is_empty() { &self.exports } else { &self.sends }
    }

    /// Takes over what a ledger says of it.
    pub(crate) fn describe(&mut self, info: &PathInfo) {
        self.provider = info.provider as u16;
        self.kind = if info.simple { PathKind::Simple } else { PathKind::Batch };
        self.blocking = info.blocking;
        self.exporter.clone_from(&info.exporter);
        self.label.clone_from(&info.name);
        if info.filtered {
            self.behind = vec![FILTER.to_owned()];
        }
        let millis = |us: u64| us as f64 / 1e3;
        self.effective = (!info.simple).then(|| Effective {
            queue: info.queue,
            batch: info.batch,
            delay_ms: millis(info.delay_us),
            export_timeout_ms: millis(info.timeout_us),
            block: info.blocking,
            ..self.effective.take().unwrap_or_default()
        });
    }

    /// Notes the end of a call; the error's text, if there was one.
    pub(crate) fn export_ended(&mut self, number: u32, at: MonoNs, error: Option<&str>) {
        // A planted second send has the same number; the processor hears of the first one only.
        if let Some(call) = self.exports.get_mut(&number).filter(|call| call.ended == 0) {
            call.ended = at;
            call.result = error.map_or(ExportResult::Ok, |text| {
                self.failed_by.note(text);
                ExportResult::of(text)
            });
        }
    }
}
