//! A file of one suite of test cases, as build servers read it.

use crate::markup::Html;

/// What is counted of its test cases.
pub(super) struct SuiteCounts {
    pub(super) tests: usize,
    pub(super) failures: usize,
    pub(super) errors: usize,
}

/// The file of a command's only suite; ends with a newline.
pub(super) fn file(command: &str, name: &str, counts: &SuiteCounts, cases: &Html) -> String {
    let [tests, failures, errors] =
        [counts.tests, counts.failures, counts.errors].map(|count| count.to_string());
    let counts = [("tests", &*tests), ("failures", &*failures), ("errors", &*errors)];
    let line = Html::literal("\n");
    let suite = Html::element(
        "testsuite",
        &[&[("name", name)][..], &counts, &[("skipped", "0")]].concat(),
        line.clone().with(cases),
    );
    let suites = Html::element(
        "testsuites",
        &[&[("name", command)][..], &counts].concat(),
        line.clone().with(&suite).with(&line),
    );
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", suites.into_string())
}
