//! Annotations of a GitHub workflow: lines that its runner takes up from the output of a step.

use spanfate_model::result::RunResult;
use spanfate_model::verdict::Verdict;

use super::plain;
use crate::text::words;

/// The runner takes up ten annotations of a kind in a step, and drops the others without a word.
const MOST: usize = 10;

/// One line per reason; nothing for a pass.
pub(crate) fn render(result: &RunResult) -> String {
    let kind = match result.verdict {
        Verdict::Pass => return String::new(),
        Verdict::Inconclusive => "warning",
        Verdict::Fail | Verdict::AccountingBroken => "error",
    };
    let title = format!("Spanfate {}: {}", plain(&result.plan.title()), words::verdict(result.verdict));
    let mut messages = result.reasons.clone();
    if messages.is_empty() {
        messages.push(words::sentence(result));
    }
    if messages.len() > MOST {
        let more = messages.split_off(MOST - 1).len();
        messages.push(format!("{more} more reasons are in the summary and in result.json"));
    }
    let line = |message: &String| format!("::{kind} title={}::{}\n", property(&title), data(&plain(message)));
    messages.iter().map(line).collect()
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, where `:` and `,` end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runner_would_read_as_its_own_is_escaped() {
        assert_eq!(data("50 %\r\n::error::x"), "50 %25%0D%0A::error::x");
        assert_eq!(property("a:b,c%3A"), "a%3Ab%2Cc%253A");
    }
}
