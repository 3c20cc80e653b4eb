//! The traces of a side, and when its spans began: what another store can be asked for.

use std::collections::BTreeSet;

use spanfate_model::finding::diff::DiffField;
use spanfate_model::quantity::id::TraceId;

use crate::error::DiffError;
use crate::intake::{SideInput, SpanTaker};
use crate::rules::{FieldSet, RuleSet};
use crate::span::draft::SpanView;
use crate::span::origins::Origins;
use crate::{LEAST_MEMORY, SideError, open, read};

/// Bytes that an id takes among others, about.
const OF_ID: usize = 40;

/// The traces of a side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SideKeys {
    /// Their ids.
    pub traces: BTreeSet<TraceId>,
    /// When the first and the last of their spans began, unix nanoseconds; none where its format does not say.
    pub starts: Option<(u64, u64)>,
}

/// Who collects them.
struct KeyTaker {
    keys: SideKeys,
    most: usize,
}

impl SpanTaker for KeyTaker {
    fn take(&mut self, span: SpanView<'_>, _: &Origins) -> Result<(), DiffError> {
        self.keys.traces.insert(span.key().trace);
        if self.keys.traces.len() > self.most {
            return Err(DiffError::Memory(format!("there are more than {} traces to ask for", self.most)));
        }
        let start = span.start();
        if start > 0 {
            let (first, last) = self.keys.starts.unwrap_or((start, start));
            self.keys.starts = Some((first.min(start), last.max(start)));
        }
        Ok(())
    }
}

/// Reads a side for its keys alone.
pub fn side_keys(input: SideInput<'_>, memory: usize) -> Result<SideKeys, SideError> {
    let memory = memory.max(LEAST_MEMORY);
    let (sources, mut side) = open(input)?;
    let mut taker = KeyTaker { keys: SideKeys::default(), most: memory / OF_ID };
    let kept = (RuleSet::ALL, FieldSet::of(&[DiffField::Start]));
    read(sources, &mut side, kept, &mut Origins::new(memory / 8), &mut taker)?;
    Ok(taker.keys)
}
