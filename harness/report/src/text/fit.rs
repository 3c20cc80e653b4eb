//! Text that others chose: names, reasons. Made harmless before it is laid out.

use unicode_width::UnicodeWidthChar;

/// The text without characters that steer a terminal or change the order of what is read.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || matches!(c as u32 & 0xffff, 0xfffe | 0xffff)
}

/// How many columns a character takes.
fn width(c: char) -> usize {
    c.width().unwrap_or_default()
}

/// The text, or its beginning and an ellipsis where it is wider than `most` columns.
pub(crate) fn clip(text: &str, most: usize) -> String {
    let cleaned = clean(text);
    if cleaned.chars().map(width).sum::<usize>() <= most {
        return cleaned;
    }
    let mut used = 1;
    let kept: String = cleaned
        .chars()
        .take_while(|c| {
            used += width(*c);
            used <= most
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// The text in lines of at most `most` columns, broken at spaces where there are any; at most `lines` of them.
pub(crate) fn wrap(text: &str, most: usize, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in clean(text).split_whitespace() {
        match out.last_mut() {
            Some(line) if line.chars().chain([' ']).chain(word.chars()).map(width).sum::<usize>() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(word.to_owned()),
        }
    }
    if out.len() > lines {
        let rest = out.split_off(lines.saturating_sub(1)).join(" ");
        out.push(rest);
    }
    out.iter().map(|line| clip(line, most)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steering_characters_are_replaced() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\u{9b}"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
        assert_eq!(clean("ünï 東京"), "ünï 東京");
    }

    #[test]
    fn long_text_is_clipped_and_wrapped() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("東京東京", 5), "東京…");
        // A combining mark takes no column of its own.
        assert_eq!(clip("e\u{301}e\u{301}e\u{301}", 3), "e\u{301}e\u{301}e\u{301}");
        assert_eq!(wrap("one two three four", 8, 2), ["one two", "three f…"]);
        assert!(wrap("", 8, 2).is_empty());
    }
}
