//! Whole files of small runs, kept beside the tests. `BLESS=1 cargo test -p spanfate-report` writes them again.

use std::fs;
use std::path::Path;

use spanfate_report::{annotations, bmf, gobench, junit, markdown};

use crate::sample;

fn check(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        let written = fs::write(&path, made);
        assert!(written.is_ok(), "{}: {written:?}", path.display());
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    for (number, (made, kept)) in made.lines().zip(kept.lines()).enumerate() {
        assert_eq!(made, kept, "{name}:{}", number + 1);
    }
    assert!(made == kept, "{name} has {} bytes, and {} are kept", made.len(), kept.len());
}

#[test]
fn the_files_of_a_comparison() {
    let result = sample::compared();
    check("compared.xml", &junit(&result));
    check("compared.md", &markdown(&result));
    check("compared.txt", &gobench(&result));
    check("compared.json", &bmf(&result));
}

#[test]
fn the_files_of_a_run_whose_books_are_open() {
    let mut result = sample::broken();
    result.variants.truncate(2);
    result.expectations.truncate(4);
    check("broken.xml", &junit(&result));
    check("broken.annotations", &annotations(&result));
}

#[test]
fn the_summary_of_a_sweep() {
    check("swept.md", &markdown(&sample::swept()));
}
