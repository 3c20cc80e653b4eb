//! Whole files of small runs.

use spanfate_report::{annotations, bmf, gobench};

use crate::given::{junit, markdown};
use crate::golden::holds;
use crate::sample;

#[test]
fn the_files_of_a_comparison() {
    let result = sample::compared();
    holds("compared.xml", &junit(&result));
    holds("compared.md", &markdown(&result));
    holds("compared.txt", &gobench(&result));
    holds("compared.json", &bmf(&result));
}

#[test]
fn the_files_of_a_run_whose_books_are_open() {
    let mut result = sample::broken();
    result.variants.truncate(2);
    result.expectations.truncate(4);
    holds("broken.xml", &junit(&result));
    holds("broken.annotations", &annotations(&result));
}

#[test]
fn the_summary_of_a_sweep() {
    holds("swept.md", &markdown(&sample::swept()));
}
