//! The same claims with two SDKs: what one of them has and the other has not changes the verdict, and that is shown.

use std::fs;

use crate::lab::lab;

/// A limit on the size of an export came with SDK 1.44; the queue has been as long as it is for ever.
const LIST: &str = r#"
source = "release notes"

[[claim]]
number = 1
section = "a"
says = "The exporter has a limit for the size of a request."
inspect = [
  { name = "declared", of = "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp.WithMaxRequestSize", that = "count > 0" },
  { name = "declared", of = "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp.New", that = "count > 0", premise = true },
]

[[claim]]
number = 2
section = "a"
says = "A queue holds 2,048 spans."
inspect = [{ name = "queue_capacity", that = "queue == 2048" }]

[[claim]]
number = 3
section = "a"
says = "We saw it."
not_testable = "an anecdote"
"#;

#[test]
fn a_verdict_that_changes_with_the_sdk_is_marked() {
    let Some(lab) = lab() else { return };
    let list = lab.path("claims.toml");
    fs::write(&list, LIST).unwrap();
    let (list, results) = (list.display().to_string(), lab.path("results").display().to_string());
    // Both have a module file in the repository, so no list of releases is needed.
    let asked = ["claims", "--file", &list, "--sdk", "1.38.0,1.44.0"];
    let out = lab.call(&[&asked[..], &["--out", &results]].concat());
    let (table, said) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(0), "{said}");
    for wanted in ["1.38.0", "1.44.0", "refuted (changes)", "reproduced (changes)", "1 changes with the SDK"]
    {
        assert!(table.contains(wanted), "no `{wanted}` in\n{table}");
    }
    let row = |number: &str| table.lines().find(|line| line.starts_with(number)).unwrap();
    assert_eq!(row("2 ").matches("reproduced").count(), 2, "{table}");
    assert!(!row("2 ").contains("changes") && !table.contains("We saw it."), "{table}");
    let page = said.lines().find_map(|line| line.strip_prefix("report: ")).unwrap();
    let page = fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("! changes").count(), 2);

    // Each SDK has its own part of the directory, and nothing is asked again.
    let dir = said.lines().find_map(|line| line.strip_prefix("results: ")).unwrap();
    let again = lab.call(&[&asked[..], &["--continue", dir]].concat());
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(0), "{said}");
    assert!(!said.contains("inspection 1 of") && said.contains("with SDK 1.44.0:"), "{said}");
    assert_eq!(String::from_utf8_lossy(&again.stdout), table);
    let other = lab.call(&["claims", "--file", &list, "--sdk", "1.42.0", "--continue", dir]);
    assert_eq!(other.status.code(), Some(66), "{}", String::from_utf8_lossy(&other.stderr));
}
