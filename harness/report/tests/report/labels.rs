//! Labels are for readers: with every one of them said differently, pages, tables and files of build servers say the same of a
//! run but for the letters of the labels.

use spanfate_model::result::{Insights, RunResult};
use spanfate_model::term::reword;
use spanfate_report::TableStyle;

use crate::sample;

/// The page without the packed result: what is packed has another size when its texts are others.
fn unpacked(page: &str) -> String {
    const PACKED: &str = "data:application/gzip;base64,";
    let mut parts = page.split(PACKED);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once("</a>").map_or("", |(_, rest)| rest));
    }
    out
}

/// What follows from a result, and all that is made of it.
fn made(result: &RunResult) -> (Insights, Vec<(&'static str, String)>) {
    let insights = spanfate_analysis::insights(result);
    let result = &RunResult { insights: insights.clone(), ..result.clone() };
    let style = TableStyle { color: false, width: Some(120) };
    let made = vec![
        ("page", unpacked(&crate::given::html(result))),
        ("side", unpacked(&spanfate_report::side_by_side(result, result, &[]))),
        ("table", spanfate_report::table(result, style)),
        ("junit", crate::given::junit(result)),
        ("markdown", crate::given::markdown(result)),
        ("gobench", spanfate_report::gobench(result)),
        ("bmf", spanfate_report::bmf(result)),
        ("annotations", spanfate_report::annotations(result)),
    ];
    (insights, made)
}

#[test]
fn a_reworded_label_changes_nothing_but_what_is_read() {
    let mut reworded = 0;
    for (name, result) in vec![
        ("nine", sample::nine()),
        ("single", sample::single()),
        ("broken", sample::broken()),
        ("interrupted", sample::interrupted()),
        ("chain", sample::chain()),
        ("own", sample::own()),
        ("faulty", sample::faulty()),
        ("repeatedly", sample::repeatedly()),
        ("contextless", sample::contextless()),
        ("compared", sample::compared()),
        ("swept", sample::swept()),
    ] {
        let (follows, plain) = made(&result);
        let (other_follows, other) = reword::during(|| made(&result));
        assert_eq!(follows, other_follows, "{name}");
        for ((what, plain), (_, other)) in plain.iter().zip(&other) {
            assert_eq!(reword::differs(plain, other), None, "{what} of {name}");
            reworded += usize::from(plain != other);
        }
    }
    // Were nothing said differently, this would prove nothing.
    assert!(reworded > 20, "{reworded}");
}
