//! Which log lines a variant leaves, and where; and which program its fixtures are.

use crate::plan::PlannedVariant;
use crate::scenario::{Design, LogArm, Service};

impl PlannedVariant {
    fn log_arm(&self) -> Option<LogArm> {
        self.design.as_ref().and_then(Design::log_arm)
    }

    /// Whether its fixtures send their log lines on, as log records.
    pub fn sends_lines(&self) -> bool {
        self.log_arm().is_some_and(LogArm::is_sent)
    }

    /// Whether its fixtures are the program that has bridges in it.
    pub fn is_bridged(&self) -> bool {
        self.sends_lines() || !self.api.is_otel()
    }

    /// Whether a service of it writes log lines into a file of ours.
    pub fn writes_lines(&self, service: &Service) -> bool {
        let in_a_file = self.log_arm().is_some_and(|arm| !arm.is_sent());
        in_a_file && service.makes_spans() && !service.is_own()
    }

    /// Whether the receiver keeps log records.
    pub fn keeps_logs(&self) -> bool {
        self.receiver.keeps_logs() || self.sends_lines()
    }
}
