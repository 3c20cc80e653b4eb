//! What a reader of a page reads without unfolding anything, word for word: of runs of every kind, the extreme ones above all.

use spanfate_model::result::RunResult;

use crate::golden::holds;
use crate::page::whole::page;
use crate::sample;

/// The verdict, the four answers, and under each theme every section's question with its answer.
fn outline(result: &RunResult) -> String {
    let page = page(result);
    let mut out = String::new();
    // Text follows its tag; only headings, answers and cards are kept.
    let mut keep = 0usize;
    for (at, tag) in page.tags.iter().enumerate() {
        let class = tag.attributes.iter().find(|(key, _)| key == "class").map_or("", |(_, value)| value);
        let has_id = tag.attributes.iter().any(|(key, _)| key == "id");
        let heading = matches!(tag.name.as_str(), "h1" | "h2") || (tag.name == "h3" && has_id);
        let starts = heading || class == "answer" || class == "card";
        match (starts && !tag.closing, tag.closing) {
            (true, _) => keep += 1,
            (false, false) if keep > 0 && !tag.empty => keep += 1,
            (false, true) if keep > 0 => keep -= 1,
            _ => {}
        }
        let text = page.after.get(at).map_or("", |text| text.trim());
        if keep > 0 && !text.is_empty() {
            out.push_str(&text.replace('\u{202f}', " "));
            out.push('\n');
        }
    }
    out
}

#[test]
fn pages_say_what_they_said() {
    let cases: Vec<(&str, RunResult)> = vec![
        ("nine", sample::nine()),
        ("single", sample::single()),
        ("spanless", sample::spanless()),
        ("aborted", sample::aborted()),
        ("interrupted", sample::interrupted()),
        ("broken", sample::broken()),
        ("huge", sample::huge()),
        ("matrix", sample::matrix(sample::Axes::ALL)),
        ("replayed", sample::replayed()),
        ("forked", sample::forked()),
        ("forked-once", sample::forked_once()),
    ];
    for (name, result) in cases {
        holds(&format!("outline-{name}.txt"), &outline(&result));
    }
}
