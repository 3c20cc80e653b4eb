//! What comes of the processors of a process: its paths.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::result::PathKind;

use super::{FoundProcessor, Processors};
use crate::evidence::path::{Ending, ExportCall, HandsOn, Path, unique_names};
use crate::evidence::probe::naming::type_name;
use crate::evidence::shutdown::ProviderShutdown;
use crate::evidence::{OnPath, SpanEvidence};

/// One of several exporters that each batch of a path goes to.
#[derive(Debug)]
pub(in crate::evidence::probe) struct FanLeg {
    /// The processor whose path it is a leg of.
    pub(in crate::evidence::probe) processor: usize,
    pub(in crate::evidence::probe) exporter: String,
    pub(in crate::evidence::probe) sends: BTreeMap<u32, ExportCall>,
    /// Its client is none of the SDK's.
    pub(in crate::evidence::probe) own_client: bool,
    pub(in crate::evidence::probe) on: Vec<OnPath>,
}

impl Processors {
    /// The paths: processors that had anything to do with a span, or exported, by provider; and what is so of each span on them.
    /// At least one.
    pub(in crate::evidence::probe) fn finish(
        &mut self,
        spans: &[SpanEvidence],
        on: Vec<Vec<OnPath>>,
        mut legs: Vec<FanLeg>,
        elsewhere: &BTreeMap<u32, String>,
    ) -> (Vec<Path>, Vec<Vec<OnPath>>) {
        let mut kept: Vec<(Path, Vec<OnPath>)> = Vec::new();
        for (number, on) in on.into_iter().enumerate() {
            let first = on.iter().position(OnPath::is_concerned);
            let behind: BTreeSet<String> =
                self.found[number].fronts.iter().filter_map(|front| self.type_of(*front)).collect();
            let path = &mut self.found[number].path;
            if first.is_none() && path.exports.is_empty() {
                continue;
            }
            path.provider = first.map_or(0, |at| spans[at].provider);
            path.behind = behind.into_iter().collect();
            if self.found[number].listed {
                self.found[number].path.hands_on = HandsOn::Directly;
            }
            self.end(number);
            let path = &self.found[number].path;
            kept.push((path.clone(), on));
            for FanLeg { exporter, sends, own_client, on, .. } in
                legs.extract_if(.., |leg| leg.processor == number)
            {
                kept.push((Path { exporter, own_client, sends, ..path.clone() }, on));
            }
        }
        if kept.is_empty() {
            let nowhere = self.nowhere().into_iter().next().unwrap_or_default();
            let on =
                spans.iter().map(|span| OnPath { returned: span.went_on, ..OnPath::default() }).collect();
            kept.push((nowhere, on));
        }
        kept.sort_by_key(|(path, _)| path.provider);
        let (mut paths, on): (Vec<Path>, Vec<Vec<OnPath>>) = kept.into_iter().unzip();
        for path in &mut paths {
            path.endpoint = endpoint_of(path, elsewhere).or_else(|| path.endpoint.take());
        }
        unique_names(&mut paths);
        (paths, on)
    }

    fn type_of(&self, address: u64) -> Option<String> {
        let mut entries = self.lists.values().flat_map(|list| &list.entries);
        let (_, table) = entries.find(|(entry, _)| *entry == address)?;
        self.types.get(table).map(|name| type_name(name))
    }

    /// A processor without a worker of its own ends with its provider.
    fn end(&mut self, number: usize) {
        let path = &mut self.found[number].path;
        let closing = self.shutdowns.get(usize::from(path.provider)).map_or(0, |shutdown| shutdown.called);
        if path.kind == PathKind::Batch || closing == 0 {
            return;
        }
        if path.shutdown_began == 0 {
            path.shutdown_began = closing;
        }
        path.ending = Ending::Orderly { deadline_passed: false };
    }

    /// What stands for the path of spans that were offered to none, by provider: it ended in order if it was shut down, or if one of
    /// its paths was.
    pub(in crate::evidence::probe) fn nowhere(&self) -> Vec<Path> {
        let one = |(provider, shutdown): (usize, &ProviderShutdown)| {
            let ended = |found: &FoundProcessor| {
                usize::from(found.path.provider) == provider
                    && matches!(found.path.ending, Ending::Orderly { .. })
            };
            let orderly = match shutdown.called {
                0 => self.found.iter().any(ended),
                // What was still open when the process died in it might have been ended.
                _ => shutdown.may_have_returned(),
            };
            Path {
                provider: provider as u16,
                shutdown_began: shutdown.called,
                ending: if orderly { Ending::Orderly { deadline_passed: false } } else { self.abrupt },
                ..Path::default()
            }
        };
        self.shutdowns.iter().enumerate().map(one).collect()
    }
}

/// Where a path ends, if all its calls went to one other endpoint than the process was told. Numbers of calls begin at 1 there.
fn endpoint_of(path: &Path, elsewhere: &BTreeMap<u32, String>) -> Option<String> {
    let mut ends = path.sending().keys().map(|number| elsewhere.get(&(number + 1)));
    let first = ends.next()??;
    ends.all(|end| end == Some(first)).then(|| first.clone())
}
