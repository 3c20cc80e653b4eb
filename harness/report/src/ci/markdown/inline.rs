//! Text inside a line of Markdown. This is the one place where text becomes Markdown.
//!
//! Escaping with backslashes does not do: `\@name` still tells that person, `\#12` still links, because GitHub looks for
//! them after the escapes are gone. So what is not plainly prose goes into a code span, word by word, where nothing is
//! looked for.

use super::super::plain;
use crate::text::fit::clip;
use crate::text::number::NONE;

/// A piece of a line that holds nothing but text and code spans.
#[derive(Clone, Default)]
pub(super) struct Inline(String);

impl Inline {
    /// Markdown written in this crate.
    pub(super) fn literal(markdown: &'static str) -> Self {
        Self(markdown.to_owned())
    }

    /// Text as it is, in a code span, of at most so many columns.
    pub(super) fn code(text: &str, most: usize) -> Self {
        Self(span(&clip(&plain(text), most)))
    }

    /// A sentence of at most so many columns. What stands between backticks stays code.
    pub(super) fn prose(text: &str, most: usize) -> Self {
        let text = clip(&plain(text), most);
        let parts: Vec<&str> = text.split('`').collect();
        let mut out = String::new();
        for (at, part) in parts.iter().enumerate() {
            if at % 2 == 0 {
                words(&mut out, part);
            } else if at + 1 < parts.len() {
                put(&mut out, &span(part));
            } else {
                // Nothing closes the last one.
                put(&mut out, &span("`"));
                words(&mut out, part);
            }
        }
        let out = out.trim();
        Self(if out.is_empty() { NONE.to_owned() } else { out.to_owned() })
    }

    /// This and more.
    #[must_use]
    pub(super) fn with(mut self, more: &Self) -> Self {
        self.0.push_str(&more.0);
        self
    }

    /// As a line's content.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a cell of a table: `|` stands in code spans only, and there `\|` is the way to write it. Behind a backslash
    /// parsers disagree what that means.
    pub(super) fn cell(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            match c {
                '|' if out.ends_with('\\') => out.push('¦'),
                '|' => out.push_str("\\|"),
                c => out.push(c),
            }
        }
        out
    }
}

/// A code span. Its fence is longer than any run of backticks in it.
fn span(text: &str) -> String {
    if text.is_empty() {
        return NONE.to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let touches = text.starts_with('`') || text.ends_with('`');
    // One space at both ends is taken off again.
    let stripped = text.starts_with(' ') && text.ends_with(' ');
    let pad = if touches || stripped { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Appends a code span, apart from one before it, with which it would become another.
fn put(out: &mut String, span: &str) {
    if out.ends_with('`') {
        out.push(' ');
    }
    out.push_str(span);
}

/// Appends words; those that Markdown or GitHub could read as something else as code spans.
fn words(out: &mut String, text: &str) {
    if text.starts_with(' ') {
        out.push(' ');
    }
    let mut held: Vec<&str> = Vec::new();
    let mut first = true;
    for word in text.split_whitespace() {
        let bare = is_bare(word) && !(out.trim().is_empty() && held.is_empty() && is_number_of_list(word));
        if !bare {
            held.push(word);
            continue;
        }
        flush(out, &mut held, &mut first);
        space(out, &mut first);
        out.push_str(word);
    }
    flush(out, &mut held, &mut first);
    if text.ends_with(' ') && !out.ends_with(' ') {
        out.push(' ');
    }
}

fn flush(out: &mut String, held: &mut Vec<&str>, first: &mut bool) {
    if !held.is_empty() {
        let all = held.join(" ");
        let core = all.trim_end_matches(['.', ',', ';', ':']);
        // What ends a clause belongs to the sentence, not to the code.
        let (core, end) = if core.is_empty() { (all.as_str(), "") } else { all.split_at(core.len()) };
        space(out, first);
        put(out, &span(core));
        out.push_str(end);
        held.clear();
    }
}

fn space(out: &mut String, first: &mut bool) {
    if !*first {
        out.push(' ');
    }
    *first = false;
}

/// Whether a word at the beginning of a line begins a numbered list.
fn is_number_of_list(word: &str) -> bool {
    word.strip_suffix(['.', ')']).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a word is only that.
fn is_bare(word: &str) -> bool {
    let end = ['.', ',', ';', ':', '!', '?', ')', '\'', '"'];
    let core = word.trim_end_matches(end);
    if core.is_empty() {
        return true;
    }
    let plain = |c: char| {
        c.is_alphanumeric()
            || !c.is_ascii()
            || matches!(c, '.' | ',' | ';' | '(' | ')' | '%' | '\'' | '"' | '+' | '-' | '/')
    };
    let says_something =
        matches!(core, "%" | "/") || core.chars().any(|c| c.is_alphanumeric() || !c.is_ascii());
    let lower = core.to_ascii_lowercase();
    core.chars().all(plain) && says_something && !lower.contains("www.") && !is_reference(core)
}

/// `GH-12` and the like, or what could be a commit.
fn is_reference(word: &str) -> bool {
    let ticket = word.as_bytes().windows(3).any(|three| match three {
        [before, b'-', after] => before.is_ascii_alphabetic() && after.is_ascii_digit(),
        _ => false,
    });
    let commit = |part: &str| part.len() >= 7 && part.bytes().all(|b| b.is_ascii_hexdigit());
    ticket || word.split(|c: char| !c.is_ascii_alphanumeric()).any(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_prose_and_the_rest_becomes_code() {
        let cases = [
            ("measured 32.040 % of 1,234 spans (too many).", "measured 32.040 % of 1,234 spans (too many)."),
            (
                "`loss.rate <= 1 %` does not hold for `a b`: no",
                "`loss.rate <= 1 %` does not hold for `a b`: no",
            ),
            ("see @name and #12, GH-7", "see `@name` and `#12, GH-7`"),
            ("https://x.example [a](b) <b> **c** d_e", "`https://x.example [a](b) <b> **c** d_e`"),
            ("1. not a list", "`1`. not a list"),
            ("`a` with b=1: no", "`a` with `b=1`: no"),
            ("- nor this", "`-` nor this"),
            ("all 3.", "all 3."),
            ("a ` b", "a ````` ` ````` b".replace("`````", "``").as_str()),
            ("at deadbeef1", "at `deadbeef1`"),
            ("`a``b`", "`a` `b`"),
            ("two\nlines", "two lines"),
        ]
        .map(|(text, made)| (text.to_owned(), made.to_owned()));
        for (text, made) in cases {
            assert_eq!(Inline::prose(&text, 200).as_str(), made, "{text}");
        }
    }

    #[test]
    fn code_holds_backticks_and_pipes() {
        assert_eq!(Inline::code("a``b", 9).as_str(), "```a``b```");
        assert_eq!(Inline::code("`", 9).as_str(), "`` ` ``");
        assert_eq!(Inline::code("a|b\\|c", 9).cell(), "`a\\|b\\¦c`");
        assert_eq!(Inline::code("", 9).as_str(), NONE);
    }
}
