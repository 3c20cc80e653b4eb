//! What exporters around others need of the processors that call them.

use std::collections::BTreeMap;

use spanfate_model::result::PathKind;

use super::Processors;
use crate::evidence::OnPath;
use crate::evidence::path::{Ending, ExportCall, Path};
use crate::evidence::probe::naming::{client_name, is_own_client, is_senders};

impl Processors {
    /// Whether its exports are called by no processor of the SDK's.
    pub(in crate::evidence::probe) fn is_nobodys(&self, number: usize) -> bool {
        self.found[number].address == 0
    }

    /// Whether it is left with an exporter of the program's own that was never told to end.
    pub(in crate::evidence::probe) fn may_hold(&self, number: usize) -> bool {
        let path = &self.found[number].path;
        let is_own = !path.exporter.is_empty() && !is_senders(&path.exporter);
        // One without a worker of its own ends with its provider.
        let closed =
            path.kind != PathKind::Batch && self.shutdowns.iter().any(|shutdown| shutdown.called != 0);
        is_own && matches!(path.ending, Ending::Abrupt(_)) && !closed
    }

    /// The export calls of one, by number.
    pub(in crate::evidence::probe) fn exports_of(
        &self,
        number: usize,
    ) -> impl Iterator<Item = (u32, &ExportCall)> {
        self.found[number].path.exports.iter().map(|(number, call)| (*number, call))
    }

    /// The call that sent a span on the path of one, with its number.
    pub(in crate::evidence::probe) fn call_of(
        &self,
        number: usize,
        on: &OnPath,
    ) -> Option<(u32, ExportCall)> {
        Some((Path::number_of(on)?, *self.found[number].path.call_of(on)?))
    }

    /// The name of an exporter that is around one with a client of a type.
    pub(in crate::evidence::probe) fn around(&self, number: usize, client: Option<u64>) -> String {
        let outer = &self.found[number].path.exporter;
        match client.and_then(|table| self.types.get(&table)) {
            Some(client) => format!("{outer} · {}", client_name(client)),
            None => outer.clone(),
        }
    }

    /// Whether a client's type is none of the SDK's.
    pub(in crate::evidence::probe) fn is_own_client(&self, client: Option<u64>) -> bool {
        client.and_then(|table| self.types.get(&table)).is_some_and(|client| is_own_client(client))
    }

    /// Notes by which calls the exporter around sent, and whether their client is none of the SDK's.
    pub(in crate::evidence::probe) fn send(
        &mut self,
        number: usize,
        exporter: String,
        sends: BTreeMap<u32, ExportCall>,
        own_client: bool,
    ) {
        let path = &mut self.found[number].path;
        (path.exporter, path.sends, path.own_client) = (exporter, sends, own_client);
    }

    /// Notes an error that its exporter kept for itself.
    pub(in crate::evidence::probe) fn note_failed(&mut self, number: usize, error: &str) {
        self.found[number].path.failed_by.note(error);
    }

    /// Its exports were those of another's exporter.
    pub(in crate::evidence::probe) fn give_away(&mut self, number: usize) {
        self.found[number].path.exports.clear();
    }
}
