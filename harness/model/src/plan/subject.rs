//! Whose programs a run is about, and what follows from it.

use crate::plan::Plan;
use crate::scenario::Service;

/// Whose programs a run is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Fixtures of ours, under a load of ours.
    Fixtures,
    /// A program of the user's own in a fixture's place, under a load of ours.
    Own,
    /// A program of the user's own that runs as it always does, with probes on it.
    Attached,
}

impl Plan {
    /// Whose programs it is about.
    pub fn subject(&self) -> Subject {
        match self.services.first().is_some_and(Service::is_own) {
            _ if self.attached => Subject::Attached,
            true => Subject::Own,
            false => Subject::Fixtures,
        }
    }
}

impl Subject {
    /// Whether it is a program of the user's own.
    #[inline]
    pub const fn is_own(self) -> bool {
        !matches!(self, Self::Fixtures)
    }

    /// Whether the requests are ours. Where they are not, nobody knows what was due when: there is no schedule, no warm-up, no
    /// load witness and no figure that rests on one of them, and every span of the program's life counts as measured.
    #[inline]
    pub const fn has_load(self) -> bool {
        !matches!(self, Self::Attached)
    }

    /// Whether the programs have cores of their own, limits that we raised and an environment that we made. Else they are left as
    /// their user starts them.
    pub const fn is_kept_apart(self) -> bool {
        self.has_load()
    }

    /// Whether a program that ends before it was asked to is a reason for doubt. One without a load of ours ends when its work is
    /// done, or when its user ends it, which is no interruption of the run.
    pub const fn must_outlive_its_run(self) -> bool {
        self.has_load()
    }

    /// Whether the plan says all that it takes to run it again.
    pub const fn is_repeatable(self) -> bool {
        self.has_load()
    }
}
