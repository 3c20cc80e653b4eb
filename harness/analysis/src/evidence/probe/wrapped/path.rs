//! One path whose exporter is around the SDK's own.

use std::collections::{BTreeMap, BTreeSet};

use super::{LaterCalls, SenderCall, Senders};
use crate::evidence::OnPath;
use crate::evidence::path::{ExportCall, ExportResult};
use crate::evidence::probe::processors::{FanLeg, Processors};

/// Such a path.
pub(super) struct WrappedPath<'a> {
    processor: usize,
    /// Batches that were handed to the exporter around, and whether that came back without an error.
    wrapped: BTreeMap<u32, bool>,
    /// Calls of the SDK's exporter while those were open.
    inside: BTreeMap<u32, &'a SenderCall>,
    /// The calls that a span was in, in their order.
    sent: BTreeMap<usize, Vec<u32>>,
    /// Spans of each batch.
    sizes: BTreeMap<u32, u32>,
    /// Calls inside whose spans are of a type that hides which ones they are, by the batch around.
    veiled: BTreeMap<u32, Vec<u32>>,
    /// Such spans were sent by nobody's call, too: any batch may have been in it.
    veiled_later: bool,
    /// The process died, and the exporter around was not shut down: what it did not hand on it may have meant to send later.
    may_hold: bool,
    errors: &'a BTreeMap<u32, String>,
    later: &'a LaterCalls,
}

impl<'a> WrappedPath<'a> {
    pub(super) fn of(
        senders: &'a Senders,
        processor: usize,
        processors: &Processors,
        errors: &'a BTreeMap<u32, String>,
        later: &'a LaterCalls,
    ) -> Self {
        let batches = || processors.exports_of(processor).map(|(number, call)| (number + 1, call));
        let wrapped: BTreeMap<u32, bool> = batches()
            .map(|(batch, call)| (batch, call.result == ExportResult::Ok))
            .filter(|(batch, _)| senders.is_wrapped(*batch))
            .collect();
        let is_inside = |(number, call): &(&u32, &SenderCall)| {
            **number != call.outer && wrapped.contains_key(&call.outer)
        };
        let inside: BTreeMap<u32, &SenderCall> =
            senders.calls.iter().filter(is_inside).map(|(number, call)| (*number, call)).collect();
        let mut sent: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (at, call) in senders.sent.iter().filter(|(_, call)| inside.contains_key(call)) {
            sent.entry(*at).or_default().push(*call);
        }
        let may_hold = processors.may_hold(processor);
        let mut veiled: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, call) in inside.iter().filter(|(number, _)| senders.nameless.contains_key(*number)) {
            veiled.entry(call.outer).or_default().push(*number);
        }
        let of_nobody = |call: &u32| {
            processors.of_batch((*call).into()).is_some_and(|number| processors.is_nobodys(number))
        };
        Self {
            processor,
            sizes: batches().map(|(batch, call)| (batch, call.spans)).collect(),
            veiled_later: senders.nameless.keys().any(of_nobody),
            wrapped,
            inside,
            sent,
            veiled,
            may_hold,
            errors,
            later,
        }
    }

    /// Whether all that it hands over goes to the SDK's own exporter at once.
    pub(super) fn is_empty(&self) -> bool {
        self.wrapped.is_empty()
    }

    /// Says of each span by which call it was sent. Gives the further legs; notes the spans that came by later calls.
    pub(super) fn resolve(
        &self,
        processors: &mut Processors,
        on: &mut Vec<OnPath>,
        merged: &mut BTreeSet<usize>,
    ) -> Vec<FanLeg> {
        let late = || on.iter().enumerate().any(|(at, on)| self.is_of(on) && self.came_late(at, on));
        let keeps = self.veiled_later || late();
        let exporters = if keeps { vec![None] } else { self.exporters() };
        let before = on.clone();
        let mut legs = Vec::new();
        for (index, exporter) in exporters.into_iter().enumerate() {
            let leg = Leg { path: self, exporter, keeps };
            let mut own = before.clone();
            let mut sends = leg.calls();
            for (at, on) in own.iter_mut().enumerate().filter(|(_, on)| self.is_of(on)) {
                if let Some((number, call)) = leg.place(at, on) {
                    sends.insert(number, call);
                    merged.insert(at);
                }
            }
            let client = self.inside.values().find(|call| leg.has(call)).map(|call| call.client);
            let name = processors.around(self.processor, client);
            let own_client = processors.is_own_client(client);
            if index == 0 {
                *on = own;
                processors.send(self.processor, name, sends, own_client);
                self.note_swallowed(processors);
            } else {
                let processor = self.processor;
                legs.push(FanLeg { processor, exporter: name, sends, own_client, on: own });
            }
        }
        legs
    }

    /// Whether a span was handed to the exporter around.
    fn is_of(&self, on: &OnPath) -> bool {
        self.wrapped.contains_key(&on.call)
    }

    /// Whether it was sent when the call that it was handed to had come back: on another goroutine, or with a later batch.
    fn came_late(&self, at: usize, on: &OnPath) -> bool {
        let late = |call: &u32| self.inside.get(call).is_some_and(|send| send.outer != on.call);
        self.later.contains_key(&at) || self.sent.get(&at).is_some_and(|calls| calls.iter().any(late))
    }

    /// The exporters inside, each for itself where every batch goes to all of them; else all as one.
    fn exporters(&self) -> Vec<Option<u64>> {
        let mut by_batch: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
        for call in self.inside.values() {
            by_batch.entry(call.outer).or_default().insert(call.exporter);
        }
        let all: BTreeSet<u64> = by_batch.values().flatten().copied().collect();
        // The last batch of a process that died may have come to the first of them only.
        let cut = |batch: &u32| self.wrapped.get(batch) == Some(&false);
        let to_all = by_batch.iter().all(|(batch, some)| *some == all || cut(batch));
        if all.len() > 1 && to_all && self.is_fan() {
            all.into_iter().map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// Whether a batch went on to another exporter although one had taken it, or came back with an error although one had. Else the
    /// next one may be there for what the one before refused.
    fn is_fan(&self) -> bool {
        let taken = |call: &SenderCall| call.ended != 0 && !call.failed;
        self.inside.values().any(|one| {
            let again = |other: &&SenderCall| other.outer == one.outer && other.began >= one.ended;
            let failed = self.wrapped.get(&one.outer) == Some(&false);
            taken(one) && (failed || self.inside.values().copied().any(|other| again(&other)))
        })
    }

    /// Errors of which the exporter around said nothing.
    fn note_swallowed(&self, processors: &mut Processors) {
        for (number, call) in &self.inside {
            if call.failed && self.wrapped.get(&call.outer) == Some(&true) {
                processors.note_failed(self.processor, self.errors.get(number).map_or("", String::as_str));
            }
        }
    }
}

/// One end of it: the calls of one exporter inside, or of all.
struct Leg<'a, 'b> {
    path: &'b WrappedPath<'a>,
    exporter: Option<u64>,
    /// The exporter around holds spans beyond the call that it was given them in.
    keeps: bool,
}

impl Leg<'_, '_> {
    fn has(&self, call: &SenderCall) -> bool {
        self.exporter.is_none_or(|exporter| exporter == call.exporter)
    }

    /// The calls, by number.
    fn calls(&self) -> BTreeMap<u32, ExportCall> {
        let own = self.path.inside.iter().filter(|(_, call)| self.has(call));
        own.map(|(batch, call)| (batch - 1, call.as_export(self.path.errors.get(batch)))).collect()
    }

    /// Notes what became of a span that was handed over. Gives the call that sent it later.
    fn place(&self, at: usize, on: &mut OnPath) -> Option<(u32, ExportCall)> {
        let path = self.path;
        let own = |call: &&u32| path.inside.get(call).is_some_and(|send| self.has(send));
        let sent = path.sent.get(&at).and_then(|calls| calls.iter().rev().find(own));
        if let Some(call) = sent {
            on.sent = *call;
            return None;
        }
        if let Some(later) = path.later.get(&at) {
            (on.filtered, on.kept) = (later.on.filtered, later.on.kept);
            on.exported = if on.filtered == 0 { on.exported } else { 0 };
            let (number, call) = later.call?;
            on.sent = number + 1;
            return Some((number, call));
        }
        if !path.veiled.is_empty() {
            self.place_veiled(on);
            return None;
        }
        on.kept = self.keeps || path.may_hold;
        let returned = path.wrapped.get(&on.call) == Some(&true);
        if !on.kept && returned && path.inside.values().any(|call| self.has(call)) {
            // It hands on in its call or not at all, was closed in the end, and this one it did not hand on.
            (on.filtered, on.exported, on.call) = (on.exported, 0, 0);
        }
        None
    }

    /// Notes what became of a span on a path that sends spans of a type that hides which ones they are. A call with as many spans as
    /// the batch around has all of them; of one with less nobody knows which.
    fn place_veiled(&self, on: &mut OnPath) {
        let size = self.path.sizes.get(&on.call).copied().unwrap_or(u32::MAX);
        let has_all = |call: &&u32| {
            self.path.inside.get(call).is_some_and(|inside| self.has(inside) && inside.spans >= size)
        };
        let mut calls = self.path.veiled.get(&on.call).into_iter().flatten().rev();
        match calls.find(has_all) {
            Some(call) => on.sent = *call,
            None => on.kept = true,
        }
    }
}
