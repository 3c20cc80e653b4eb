//! A storage engine at the end of a path of a world: its starts, and what it showed when it was read back.

use spanfate_model::format::manifest::{EngineBack, EngineManifest, HopManifest, ProcessEnd};
use spanfate_model::format::wire::{self, Disposition, SpanRecord};
use spanfate_model::plan::Plan;

use super::{World, write_wire};

/// The place of its tap among those of a span.
pub(crate) const TAP: usize = 99;
/// When it is read back.
pub(crate) const READ: u64 = 9_200_000_000;

/// An engine.
#[derive(Clone, Debug)]
pub(crate) struct WorldEngine {
    /// There is no receiver beside it.
    pub(crate) alone: bool,
    /// When each start began, and how it ended.
    pub(crate) starts: Vec<(u64, Option<ProcessEnd>)>,
    /// It was read to the end.
    pub(crate) whole: bool,
}

impl WorldEngine {
    pub(crate) const fn ends(&self) -> &'static str {
        if self.alone { r#""jaeger""# } else { r#""receiver", "jaeger""# }
    }

    pub(crate) fn starts(&self) -> Vec<HopManifest> {
        let one = |(incarnation, (began, end)): (u32, &(u64, Option<ProcessEnd>))| HopManifest {
            hop: "jaeger".to_owned(),
            incarnation,
            began: *began,
            end: end.clone(),
            ..HopManifest::default()
        };
        (0..).zip(&self.starts).map(one).collect()
    }

    pub(crate) fn manifest(&self) -> EngineManifest {
        let failed = (!self.whole).then(|| "it broke off".to_owned());
        let back = EngineBack { at: READ, failed, ..EngineBack::default() };
        EngineManifest { name: "jaeger".to_owned(), alone: self.alone, back: Some(back) }
    }

    /// The log of the reading back.
    pub(crate) fn back(&self, world: &World, plan: &Plan) -> Vec<u8> {
        let shown = |(index, span): (usize, &super::Span)| {
            let record = world.appeared(plan, index, Disposition::Accepted);
            std::iter::repeat_n(record, usize::from(span.shown))
        };
        let records: Vec<SpanRecord> = world.spans.iter().enumerate().flat_map(shown).collect();
        let mut log = write_wire(&records);
        if !self.whole {
            log.truncate(log.len() - wire::RECORD_BYTES);
        }
        log
    }
}
