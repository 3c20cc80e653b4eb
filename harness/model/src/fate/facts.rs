//! What can be known of a fate; `table` says it of each.

use super::FateClass;
use crate::fate::signal::LossSignal;

/// What is known of a fate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FateFacts {
    /// As results, scenarios and people write it: letters, digits, `_`, and a `.` before the reason of a fate that has several.
    pub name: &'static str,
    /// What it means for the loss rate.
    pub class: FateClass,
    /// The first stage that its spans do not reach, as the witnesses prove it: a processor filters what has ended, an
    /// exporter's wrapper what was handed to the exporter. Of a received span the last stage; `None` where nobody knows.
    pub stage: Option<FateStage>,
    /// Whether an operator gets no signal from the SDK's defaults (the error handler prints export errors; a full queue,
    /// an exit and a leak say nothing). Of a span lost nobody knows where, this is not known either, so not claimed.
    pub silent: bool,
    /// Whether the end of its process is part of what happened.
    pub at_exit: bool,
    /// Whether a full queue did it, so that the capacity model speaks of it.
    pub full_queue: bool,
    /// In two or three words, for narrow columns.
    pub short: &'static str,
    /// In one sentence, without a capital and a full stop.
    pub explain: &'static str,
    /// What an operator sees of it; `None` for a span that was not lost.
    pub signal: Option<LossSignal>,
    /// What helps against it.
    pub remedy: Remedy,
}

listed! {
    /// The stages of a span's way after its creation, in order.
    pub enum FateStage {
        /// Its `End()` was called.
        Ended,
        /// In the queue of its processor.
        Queued,
        /// Handed to the exporter.
        AtExporter,
        /// Accepted by the receiver.
        Received,
    }
}

/// What helps against a fate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remedy {
    /// Nothing is to be helped: the span arrived, or was not meant to.
    None,
    /// Settings of the batch processor and its exporter.
    Settings,
    /// Something else, in a sentence that tells what to do.
    Other(&'static str),
}

impl FateFacts {
    /// The same with its words as they are said now. A rule is code, and a name stands in files.
    pub(super) fn as_said_now(&'static self) -> &'static Self {
        use crate::term::reword::kept;
        kept(self, |said| Self {
            short: said(self.short),
            explain: said(self.explain),
            signal: self.signal.map(|signal| LossSignal { by_default: said(signal.by_default), ..signal }),
            remedy: match self.remedy {
                Remedy::Other(text) => Remedy::Other(said(text)),
                same @ (Remedy::None | Remedy::Settings) => same,
            },
            ..*self
        })
    }
}
