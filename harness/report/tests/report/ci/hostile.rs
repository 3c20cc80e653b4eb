//! Text that others chose stays text, in every format.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use spanfate_report::{annotations, bmf, gobench};

use crate::given::{junit, markdown};
use crate::sample;

/// Pieces that mean something to XML, Markdown, GitHub, a terminal, a shell or a workflow.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "<b>",
        "&amp;",
        "]]>",
        "\"",
        "'",
        "|",
        "\\|",
        "\\",
        "`",
        "``",
        "```",
        "@someone",
        "#12",
        "GH-7",
        "[x](y)",
        "![x](y)",
        "<!--",
        "https://x.example",
        "www.x.example",
        "a@b.example",
        "deadbeef123",
        "**",
        "_",
        "~~",
        "$x$",
        "\n",
        "\n\n",
        "\r\n",
        "\n- ",
        "\n# ",
        "\n---\n",
        "\n```\n",
        "1. ",
        "- ",
        "> ",
        "    ",
        "\t",
        "::error::",
        "%0A",
        ",",
        ":",
        "\u{0}",
        "\u{1b}[31m",
        "\u{202e}",
        "\u{2028}",
        "\u{fffe}",
        "\u{85}",
        "</details>",
        " ",
        "-8",
        "=",
        "/",
        ":smile:",
    ]);
    let piece = prop_oneof![3 => nasty.prop_map(str::to_owned), 1 => "[ -~]{0,8}", 1 => any::<String>()];
    prop::collection::vec(piece, 1..8)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("what is empty has no row", |text| !text.is_empty())
}

/// Whether a character may be replaced on its way.
fn is_lost(c: char) -> bool {
    c == '\u{fffd}'
        || c.is_control()
        || c.is_whitespace()
        || {
            matches!(c as u32, 0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
                || matches!(c as u32, 0xfff9..=0xfffb | 0xe0000..=0xe007f)
                || matches!(c as u32 & 0xffff, 0xfffe | 0xffff)
        }
}

fn kept(text: &str) -> String {
    text.chars().filter(|c| !is_lost(*c)).collect()
}

/// The shape of a page, and what stands in it outside of code.
fn read(page: &str) -> (Vec<String>, String) {
    let (mut shape, mut outside, mut in_block) = (Vec::new(), String::new(), false);
    for event in Parser::new_ext(page, Options::all()) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                in_block = true;
                shape.push("block".to_owned());
            }
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(_) if in_block => {}
            Event::Start(tag) => shape.push(format!("{tag:?}")),
            Event::Html(text) | Event::InlineHtml(text) => shape.push(text.into_string()),
            Event::Text(text) => outside.push_str(&text),
            // What stands before code and what stands behind it are not one word.
            Event::Code(_) => outside.push('\n'),
            Event::End(_) => {}
            Event::SoftBreak => outside.push('\n'),
            other => shape.push(format!("{other:?}")),
        }
    }
    (shape, outside)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn xml_holds_any_text(text in hostile()) {
        let made = junit(&sample::poisoned_comparison(&text));
        let xml = roxmltree::Document::parse(&made).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let suite = xml.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
        prop_assert_eq!(kept(suite.attribute("name").unwrap()), kept(&text));
        let plain = junit(&sample::poisoned_comparison("harmless"));
        prop_assert_eq!(xml.descendants().filter(roxmltree::Node::is_element).count(),
            roxmltree::Document::parse(&plain).unwrap().descendants().filter(roxmltree::Node::is_element).count());
        prop_assert!(!made.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn markdown_keeps_its_shape(text in hostile()) {
        let made = markdown(&sample::poisoned_comparison(&text));
        prop_assert!(made.len() <= 60_000);
        let ((shape, outside), (plain, _)) = (read(&made), read(&markdown(&sample::poisoned_comparison("harmless"))));
        prop_assert_eq!(shape, plain);
        for sign in ["@", "#", "://", "www.", "<", "[", "\\", "**", "~", "$", "GH-7"] {
            prop_assert!(!outside.contains(sign), "{} in {}", sign, outside);
        }
    }

    #[test]
    fn a_benchmark_is_one_line_per_trial(text in hostile()) {
        let result = sample::poisoned_comparison(&text);
        let made = gobench(&result);
        let lines: Vec<&str> = made.lines().filter(|line| line.starts_with("Benchmark")).collect();
        let trials: usize = result.variants.iter().map(|variant| variant.trials.len()).sum();
        prop_assert_eq!(lines.len(), trials);
        let mut names: Vec<&str> = lines.iter().map(|line| line.split_whitespace().next().unwrap()).collect();
        prop_assert!(names.iter().all(|name| name.matches('/').count() == 2 && name.ends_with("-1")));
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), result.variants.len());
        prop_assert!(made.lines().skip(4).all(|line| line.starts_with("BenchmarkSpanfate/")));
    }

    #[test]
    fn a_series_has_every_variant(text in hostile()) {
        let result = sample::poisoned_comparison(&text);
        let made: serde_json::Value = serde_json::from_str(&bmf(&result)).unwrap();
        prop_assert_eq!(made.as_object().unwrap().len(), result.variants.len());
    }

    #[test]
    fn no_text_becomes_a_workflow_command(text in hostile()) {
        let result = sample::poisoned_comparison(&text);
        let made = annotations(&result);
        prop_assert_eq!(made.lines().count(), result.reasons.len());
        for line in made.lines() {
            let rest = line.strip_prefix("::error title=").unwrap();
            let (title, message) = rest.split_once("::").unwrap();
            prop_assert!(!title.contains([':', ',']) && !message.chars().any(char::is_control));
            let decoded = message.replace("%0D", "\r").replace("%0A", "\n");
            prop_assert_eq!(decoded.matches('%').count(), decoded.matches("%25").count());
        }
    }
}
