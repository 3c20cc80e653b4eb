//! What was seen of the shutdown of a tracer provider.

use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::ShutdownCourse;

/// The shutdown of one provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ProviderShutdown {
    pub(crate) course: ShutdownCourse,
    /// When it was called first; 0 if that was not seen.
    pub(crate) called: MonoNs,
    /// When that call returned; 0 if that was not seen.
    pub(crate) returned: MonoNs,
}

impl Default for ProviderShutdown {
    fn default() -> Self {
        Self { course: ShutdownCourse::Unseen, called: 0, returned: 0 }
    }
}

impl ProviderShutdown {
    /// Whether the process had its say: the shutdown came back, or might have.
    pub(crate) const fn may_have_returned(&self) -> bool {
        !matches!(self.course, ShutdownCourse::DidNotReturn | ShutdownCourse::NotCalled)
    }
}
