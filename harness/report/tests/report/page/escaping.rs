//! Text that others chose stays text.

use proptest::prelude::*;
use spanfate_report::{TableStyle, explained, table};

use crate::given::html;
use crate::page::reader::read;
use crate::sample;

/// Text of the kind an attacker would choose, around a tag that must never become one.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "<",
        ">",
        "&",
        "\"",
        "'",
        "</title>",
        "</style>",
        "</svg>",
        "-->",
        "]]>",
        "&lt;",
        "\u{0}",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{2061}",
        "\n",
        "=",
        "/",
        "`",
        " ",
        "\u{feff}",
    ]);
    let piece = prop_oneof![nasty.prop_map(str::to_owned), any::<String>()];
    (prop::collection::vec(piece.clone(), 0..6), prop::collection::vec(piece, 0..6))
        .prop_map(|(before, after)| format!("{}<zq9x onload=\"zq9y\">{}", before.concat(), after.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_changes_the_shape_of_a_page(text in hostile()) {
        for poisoned in [
            sample::poisoned,
            sample::poisoned_chain,
            sample::poisoned_faults,
            sample::poisoned_comparison,
            sample::poisoned_matrix,
            sample::poisoned_paths,
            sample::poisoned_replays,
        ] {
            let (plain, made) = (html(&poisoned("harmless")), html(&poisoned(&text)));
            let (plain, made) = (read(&plain), read(&made));
            let (plain, made) = (plain.map_err(TestCaseError::fail)?, made.map_err(TestCaseError::fail)?);
            prop_assert!(made.balance().is_ok());
            prop_assert!(plain.shape() == made.shape(), "the text changed tags or attributes");
            prop_assert!(made.tags.iter().all(|tag| tag.name != "zq9x"));
            // It is still there, as text.
            prop_assert!(made.text.contains("<zq9x onload=\"zq9y\">"));
        }
    }

    #[test]
    fn no_text_steers_a_terminal(text in hostile(), color: bool, width in prop::option::of(20u16..200)) {
        for poisoned in
            [sample::poisoned, sample::poisoned_chain, sample::poisoned_faults, sample::poisoned_paths]
        {
            let made = table(&poisoned(&text), TableStyle { color, width });
            let known = ["\u{1b}[32m", "\u{1b}[33m", "\u{1b}[31m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"];
            let bare = known.iter().fold(made.clone(), |text, code| text.replace(code, ""));
            prop_assert!(!bare.chars().any(|c| c.is_control() && c != '\n'));
            let steers = bare.contains(['\u{202e}', '\u{2061}', '\u{feff}']);
            prop_assert!(!steers);
            prop_assert_eq!(color, bare != made);
        }
        let mut examples = sample::single().variants.swap_remove(0).trials.swap_remove(0).examples;
        for example in &mut examples {
            sample::poison_example(example, &text);
        }
        let bare = explained(&examples, TableStyle { color: false, width });
        prop_assert!(!examples.is_empty() && !bare.chars().any(|c| c.is_control() && c != '\n'));
        let steers = bare.contains(['\u{202e}', '\u{2061}', '\u{feff}']);
        prop_assert!(!steers);
    }
}
