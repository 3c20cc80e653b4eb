//! Very many spans, every fate, and names of three hundred characters.

use spanfate_model::fate::Fate;

use crate::given::{html, markdown};
use crate::page::reader::{Page, Tag};
use crate::page::whole::page;
use crate::sample;
use crate::sections::traces::asked;
use crate::table::plain;

#[test]
fn a_hundred_million_spans_are_counted_and_written_to_the_last_one() {
    let result = sample::huge();
    for variant in &result.variants {
        let ledger = &variant.trials[0].ledger;
        assert_eq!(ledger.created, 100_000_000);
        assert!(ledger.closes() && !ledger.is_broken());
    }
    assert_eq!(result.variants[0].trials[0].ledger.fates.len(), Fate::all().len());
    let text = asked(&result, "fates");
    for number in [
        "Of 200,000,000 spans created",
        "Created 200,000,000",
        // The most of a fate in one trial, 3^15, and the least.
        "<td class=\"n\">14,348,907</td>",
        "<td class=\"n\">1</td>",
        "<td class=\"n\">100,000,000</td>",
    ] {
        assert!(text.contains(number), "{number} is missing");
    }
    for (fate, count) in &result.variants[0].trials[0].ledger.fates {
        let row = format!("<th scope=\"row\">{fate}</th>");
        let number = sample_number(count.total);
        let found = text.split(&row).skip(1).any(|rest| {
            rest.split_once("</tr>").is_some_and(|(row, _)| row.contains(&format!(">{number}</td>")))
        });
        assert!(found, "{fate}: {number} is missing");
    }
    let all = page(&result).text;
    assert!(!all.contains("NaN") && !all.contains("inf\n"), "a number could not be written");
    let table = plain(&result, 140);
    assert!(table.contains("88,888,") || table.contains("88,889,"), "{table}");
}

/// A count in groups of three digits.
fn sample_number(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[test]
fn nothing_is_drawn_outside_of_a_plot() {
    for result in [sample::huge(), sample::nine(), sample::broken(), sample::chain(), sample::swept()] {
        let outside = outside(&page(&result));
        assert!(outside.is_empty(), "{outside:#?}");
    }
}

/// What of plots lies beyond their edges. How wide text is, a browser has to say.
fn outside(page: &Page) -> Vec<String> {
    let mut out = Vec::new();
    let mut size: Option<(f64, f64)> = None;
    for tag in &page.tags {
        if tag.name == "svg" {
            let sizes = numbers(tag, "viewBox");
            size = match sizes.as_slice() {
                [.., width, height] if !tag.closing => Some((*width, *height)),
                _ => None,
            };
        }
        let Some((width, height)) = size.filter(|_| !tag.closing) else { continue };
        for (x, y) in corners(tag) {
            if x < -2.0 || y < -2.0 || x > width + 2.0 || y > height + 2.0 {
                out.push(format!("{x},{y} of {width}x{height}: {tag:?}"));
            }
        }
    }
    out
}

fn numbers(tag: &Tag, name: &str) -> Vec<f64> {
    let value = tag.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    value.split([' ', ',']).filter_map(|number| number.parse().ok()).collect()
}

fn corners(tag: &Tag) -> Vec<(f64, f64)> {
    let one = |name: &str| numbers(tag, name).first().copied().unwrap_or_default();
    match tag.name.as_str() {
        "polygon" | "polyline" => numbers(tag, "points")
            .chunks(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
            .collect(),
        "rect" => vec![(one("x"), one("y")), (one("x") + one("width"), one("y") + one("height"))],
        "circle" => {
            vec![(one("cx") - one("r"), one("cy") - one("r")), (one("cx") + one("r"), one("cy") + one("r"))]
        }
        "text" => vec![(one("x"), one("y"))],
        _ => Vec::new(),
    }
}

#[test]
fn long_names_stay_whole_in_tables_and_are_cut_in_plots_and_terminals() {
    let result = sample::huge();
    let name = &result.variants[1].name;
    assert_eq!(name.chars().count(), 300);
    let page = html(&result);
    assert!(page.contains(&format!(">{name}</td>")), "the name is cut everywhere");
    for (text, _) in page.split("<text ").skip(1).filter_map(|rest| rest.split_once("</text>")) {
        let shown = text.split_once('>').map_or("", |(_, shown)| shown);
        assert!(shown.chars().count() <= 100, "too long for a plot: {shown}");
    }
    assert!(page.len() < 1_048_576, "{} bytes", page.len());
    assert!(markdown(&result).len() < 60_000);
    for width in [80, 100, 140] {
        for line in plain(&result, width).lines() {
            // A name in one piece is not broken, so that it can be copied.
            let fits = line.chars().count() <= usize::from(width) || line.split_whitespace().count() == 1;
            assert!(fits, "wider than {width}: {line}");
        }
    }
}
