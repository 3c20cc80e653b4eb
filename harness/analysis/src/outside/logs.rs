//! What logs say of exports: errors of the SDK's error handler, and those of collectors, as text or in JSON.

use std::collections::BTreeMap;

use serde_json::Value;
use spanfate_model::fate::ExportCause;

use crate::evidence::export_error;

/// Fields of JSON logs that hold an error or a message, the more telling ones first.
const FIELDS: [&str; 7] = ["error", "err", "exception", "msg", "message", "body", "Body"];

/// Failed exports by what their error says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct FailedExportLogs {
    /// Lines.
    lines: u64,
    /// Lines that speak of a failed export, by what failed, and one of them.
    failed: BTreeMap<String, (u64, String)>,
}

impl FailedExportLogs {
    /// How many lines speak of a failed export.
    pub(super) fn failures(&self) -> u64 {
        self.failed.values().map(|(count, _)| count).sum()
    }

    /// What most of them say.
    pub(super) fn most(&self) -> Option<(&str, u64)> {
        let most = self.failed.iter().max_by_key(|(_, (count, _))| *count);
        most.map(|(label, (count, _))| (label.as_str(), *count))
    }

    /// In words.
    pub(super) fn words(&self) -> Vec<String> {
        if self.failed.is_empty() {
            return vec![format!("none of {} lines speaks of a failed export", self.lines)];
        }
        let mut all: Vec<_> = self.failed.iter().collect();
        all.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        let one = |(label, (count, example)): (&String, &(u64, String))| {
            format!(
                "{count} of {} lines speak of a failed export ({label}); the first: {example}",
                self.lines
            )
        };
        all.into_iter().map(one).collect()
    }
}

/// Reads them. A line that speaks of something else is counted and passed over.
pub(super) fn read(text: &str) -> FailedExportLogs {
    let mut out = FailedExportLogs::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        out.lines += 1;
        let Some(said) = candidates(line).into_iter().find(|said| speaks_of_export(said)) else { continue };
        let entry = out.failed.entry(export_error::label(&said)).or_insert((0, said));
        entry.0 += 1;
    }
    out
}

/// Only what the exporters, gRPC and Go's network write is known; any other text says nothing.
fn speaks_of_export(said: &str) -> bool {
    export_error::of_text(said) != ExportCause::Other
}

/// Texts of a line that may be an error.
fn candidates(line: &str) -> Vec<String> {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else {
        return vec![line.to_owned(), without_date(line).to_owned()];
    };
    let text = |name: &&str| fields.get(*name).and_then(Value::as_str);
    FIELDS.iter().filter_map(text).flat_map(|said| [said.to_owned(), without_date(said).to_owned()]).collect()
}

/// The line without the date and the time that Go's `log` writes before it.
fn without_date(line: &str) -> &str {
    let mut rest = line;
    for mark in ['/', ':'] {
        let Some((word, behind)) = rest.split_once(' ') else { return line };
        let digits = word.chars().all(|c| c.is_ascii_digit() || c == mark || c == '.');
        if !digits || word.matches(mark).count() != 2 {
            return line;
        }
        rest = behind;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_go_programs_and_of_json_logs_are_told_apart() {
        let lines = concat!(
            "2026/11/29 12:00:00 traces export: context deadline exceeded: rpc error: code = DeadlineExceeded desc = context deadline exceeded\n",
            "2026/11/29 12:00:05 listening on :8080\n",
            r#"{"level":"error","msg":"traces export: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 10.0.0.1:4317: connect: connection refused\""}"#,
            "\n",
            r#"{"level":"info","msg":"order placed"}"#,
            "\n",
            r#"{"ts":1,"err":"rpc error: code = ResourceExhausted desc = too much"}"#,
            "\n"
        );
        let seen = read(lines);
        assert_eq!((seen.lines, seen.failures()), (5, 3), "{seen:?}");
        assert_eq!(
            seen.failed.keys().map(String::as_str).collect::<Vec<_>>(),
            ["gRPC ResourceExhausted", "refused", "timeout"]
        );
    }

    #[test]
    fn other_lines_say_nothing() {
        let seen = read("hello\n{\"msg\":\"exporting failed, said a user\"}\n{\n");
        assert_eq!((seen.lines, seen.failures()), (3, 0));
        assert_eq!(seen.words(), ["none of 3 lines speaks of a failed export"]);
    }
}
