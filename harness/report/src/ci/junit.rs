//! `JUnit` XML: a test suite of the run's checks.
//!
//! There is no schema that all consumers share. This is the form that Jenkins and GitLab read: counts at the suites, one
//! `failure` or `error` with `type` and `message` in a test case, no times, for a check takes none.

use spanfate_model::result::RunResult;
use spanfate_model::verdict::Verdict;

use super::checks::{self, Check};
use super::{origin, plain};
use crate::markup::{Html, HtmlAttribute};

/// The file; ends with a newline.
pub(crate) fn render(result: &RunResult, again: Option<&str>) -> String {
    let checks = checks::all(result);
    let scenario = plain(&result.plan.title());
    let of =
        |wanted: fn(Verdict) -> bool| checks.iter().filter(|check| wanted(check.verdict)).count().to_string();
    let sums = [
        of(|_| true),
        of(|verdict| verdict == Verdict::Fail),
        of(|verdict| matches!(verdict, Verdict::Inconclusive | Verdict::AccountingBroken)),
    ];
    let suite = lines(&properties(result, again), 3)
        .with(&checks.iter().map(|check| case(&scenario, check)).collect());
    let suite = on_lines(
        &Html::element(
            "testsuite",
            &[&counts(&scenario, &sums)[..], &[("skipped", "0")]].concat(),
            suite.with(&indent(1)),
        ),
        1,
    );
    let suites = Html::element("testsuites", &counts("spanfate", &sums), suite.with(&indent(0)));
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", suites.into_string())
}

/// The attributes of a suite: its name, and how many test cases, failures and errors it has.
fn counts<'a>(name: &'a str, [tests, failures, errors]: &'a [String; 3]) -> [HtmlAttribute<'a>; 4] {
    [("name", name), ("tests", tests), ("failures", failures), ("errors", errors)]
}

/// A new line with so many steps of indentation.
fn indent(depth: usize) -> Html {
    Html::literal(["\n", "\n  ", "\n    ", "\n      "].get(depth).unwrap_or(&"\n"))
}

fn on_lines(element: &Html, depth: usize) -> Html {
    indent(depth).with(element)
}

/// The properties, each on a line of its own.
fn lines(properties: &[(&str, String)], depth: usize) -> Html {
    let one = |(name, value): &(&str, String)| {
        on_lines(&Html::void("property", &[("name", name), ("value", &plain(value))]), depth)
    };
    let inner: Html = properties.iter().map(one).collect();
    on_lines(&Html::element("properties", &[], inner.with(&indent(depth - 1))), depth - 1)
}

fn properties(result: &RunResult, again: Option<&str>) -> Vec<(&'static str, String)> {
    let mut out = origin(result);
    out.extend(again.map(|again| ("reproduce", again.to_owned())));
    out
}

/// A check as a test case.
///
/// What is inconclusive is an `error`, not `skipped`: consumers that count skipped tests leave the result green (GitLab's
/// merge request widget, Jenkins' `junit` step, the actions that make a check of a file), and doubt must never be read as
/// a pass. `failure` would be wrong as well, for nothing was shown to be bad; `error` is "the test could not be carried
/// out" in every dialect, and stops a pipeline as a failure does.
fn case(scenario: &str, check: &Check) -> Html {
    let class = format!("{scenario}.{}", plain(&check.of));
    let name = plain(&check.name);
    let attributes = [("classname", class.as_str()), ("name", name.as_str())];
    let (tag, kind) = match check.verdict {
        Verdict::Pass => return on_lines(&Html::void("testcase", &attributes), 2),
        Verdict::Fail => ("failure", "expectation failed"),
        Verdict::Inconclusive => ("error", "inconclusive"),
        Verdict::AccountingBroken => ("error", "accounting broken"),
    };
    let message = plain(&check.why);
    let message = if message.is_empty() { kind.to_owned() } else { format!("{kind}: {message}") };
    // Line by line, so that the breaks between them are the only ones. The message again, for GitLab shows only the text.
    let told = std::iter::once(&check.why).chain(&check.details).filter(|line| !line.is_empty());
    let details: Html = told.map(|line| Html::text(plain(line)).with(&Html::literal("\n"))).collect();
    let outcome = Html::element(tag, &[("type", kind), ("message", &message)], details);
    on_lines(&Html::element("testcase", &attributes, on_lines(&outcome, 3).with(&indent(2))), 2)
}
