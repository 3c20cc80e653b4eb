//! Which spans belong to the measured part: by the request that they are of, or by when they were made.

use std::ops::ControlFlow;

use spanfate_model::plan::subject::Subject;
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::process::Process;
use crate::evidence::sources::Sources;

/// What is measured of each process.
pub(crate) struct MeasuredPart {
    /// When it begins.
    from: MonoNs,
    /// By process: none of its spans carries the number of a request, so that only time tells. A program of the user's own that
    /// takes up no `traceparent` is like that, which is Go's default.
    by_time: Vec<bool>,
}

impl MeasuredPart {
    pub(crate) fn of(sources: &Sources<'_>) -> Self {
        let unnumbered = |process| sources.subject == Subject::Own && !carries_numbers(sources, process);
        Self {
            from: sources.load_began.saturating_add(sources.book.measured_from),
            by_time: sources.processes.iter().map(unnumbered).collect(),
        }
    }

    /// Whether the spans of a process are told by time.
    pub(crate) fn is_by_time(&self, process: usize) -> bool {
        self.by_time.get(process).copied().unwrap_or_default()
    }

    /// Whether a span is measured. What our own looks made before the load is not.
    pub(crate) fn has(
        &self,
        sources: &Sources<'_>,
        process: usize,
        created: MonoNs,
        request: Option<u32>,
    ) -> bool {
        if !sources.subject.has_load() {
            return true;
        }
        if self.is_by_time(process) {
            return created >= self.from;
        }
        request.is_some_and(|request| sources.book.is_measured(request))
    }
}

fn carries_numbers(sources: &Sources<'_>, process: &Process<'_>) -> bool {
    let found = process.try_each(|_, span, _| {
        if sources.tag.part_of(span.key.trace).is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found.is_break()
}
