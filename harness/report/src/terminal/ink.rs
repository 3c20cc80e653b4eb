//! Colour. While a summary is laid out, colour is a character without width; at the end it becomes ANSI or nothing.
//! Such characters never come from outside: [`crate::text::fit::clean`] replaces them.

/// How a piece of text is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TermInk {
    Good,
    Warn,
    Bad,
    Bold,
    Soft,
}

const MARKS: [(TermInk, char, &str); 5] = [
    (TermInk::Good, '\u{2061}', "\u{1b}[32m"),
    (TermInk::Warn, '\u{2062}', "\u{1b}[33m"),
    (TermInk::Bad, '\u{2063}', "\u{1b}[31m"),
    (TermInk::Bold, '\u{2064}', "\u{1b}[1m"),
    (TermInk::Soft, '\u{206a}', "\u{1b}[2m"),
];
const END: (char, &str) = ('\u{2060}', "\u{1b}[0m");

/// The text in an ink.
pub(crate) fn paint(ink: TermInk, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mark = MARKS.iter().find(|(known, _, _)| *known == ink).map_or(END.0, |(_, mark, _)| *mark);
    format!("{mark}{text}{}", END.0)
}

/// The text with its marks turned into ANSI, or without them.
pub(crate) fn finish(text: &str, color: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match MARKS.iter().map(|(_, mark, code)| (*mark, *code)).chain([END]).find(|(mark, _)| *mark == c) {
            Some((_, code)) if color => out.push_str(code),
            Some(_) => {}
            None => out.push(c),
        }
    }
    out
}

/// Columns a line takes, marks not counted.
pub(crate) fn width(line: &str) -> usize {
    line.chars().filter(|c| !is_mark(*c)).count()
}

fn is_mark(c: char) -> bool {
    c == END.0 || MARKS.iter().any(|(_, mark, _)| *mark == c)
}

/// A line in pieces that fit, broken at spaces; what follows is indented. Tables are made to fit and stay as they are.
pub(crate) fn wrap(line: &str, most: Option<usize>) -> Vec<String> {
    const INDENT: &str = "            ";
    let Some(most) = most.filter(|most| width(line) > *most && *most > 2 * INDENT.len()) else {
        return vec![line.to_owned()];
    };
    let mut out = vec![String::new()];
    // A number stays with its unit.
    let line = line.replace(" %", "\u{a0}%");
    for (at, word) in line.split(' ').enumerate() {
        let last = out.last().map_or(0, |last| width(last));
        if at > 0 && last > INDENT.len() && last + 1 + width(word) > most {
            out.push(format!("{INDENT}{word}"));
        } else if let Some(current) = out.last_mut() {
            current.push_str(if at > 0 { " " } else { "" });
            current.push_str(word);
        }
    }
    out.into_iter().map(|line| line.replace('\u{a0}', " ")).collect()
}
