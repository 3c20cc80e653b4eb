//! Parts of a page that is bounded: each has rows, of which as many stand as there is room for.

use super::inline::Inline;

/// Kept for the line that says how many rows are left out.
const SAID: usize = 120;

/// A part.
#[derive(Default)]
pub(super) struct Part {
    /// Stands before the rows, whatever the room.
    head: String,
    /// A line each.
    rows: Vec<String>,
    /// Stands behind them.
    tail: &'static str,
    /// What a row is, for the line that says how many are left out.
    what: &'static str,
}

impl Part {
    /// A part that is all head.
    pub(super) fn lines(lines: &[&Inline]) -> Self {
        let head = lines.iter().fold(String::new(), |out, line| out + line.as_str() + "\n\n");
        Self { head, ..Self::default() }
    }

    /// A list.
    pub(super) fn list(title: &Inline, items: impl Iterator<Item = Inline>, what: &'static str) -> Self {
        let rows = items.map(|item| format!("- {}\n", item.as_str())).collect();
        Self { rows, what, ..Self::lines(&[title]) }
    }

    /// A table. Columns whose title begins with `#` hold numbers.
    pub(super) fn table<const N: usize>(
        title: &Inline,
        columns: [&'static str; N],
        rows: impl Iterator<Item = [Inline; N]>,
        what: &'static str,
    ) -> Self {
        let names = columns.map(|column| column.trim_start_matches('#')).join(" | ");
        let rule = columns.map(|column| if column.starts_with('#') { "---:" } else { "---" }).join(" | ");
        let rows = rows.map(|cells| format!("| {} |\n", cells.map(|cell| cell.cell()).join(" | "))).collect();
        let Self { head, .. } = Self::lines(&[title]);
        Self { head: format!("{head}| {names} |\n| {rule} |\n"), rows, what, ..Self::default() }
    }

    /// A block of one line of code.
    pub(super) fn block(title: &Inline, line: &str) -> Self {
        let Self { head, .. } = Self::lines(&[title]);
        Self { head: format!("{head}```sh\n{line}\n```\n\n"), ..Self::default() }
    }

    /// The part, folded away. The title is a word of this crate.
    pub(super) fn folded(self, title: &'static str) -> Self {
        let head = format!("<details><summary>{title}</summary>\n\n{}", self.head);
        Self { head, tail: "</details>\n\n", ..self }
    }

    /// Whether there is nothing in its rows.
    pub(super) const fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The least room it takes, however many rows it has.
    pub(super) fn least(&self) -> usize {
        self.head.len() + self.tail.len() + if self.has_rows() { SAID } else { 0 }
    }

    /// Writes it into at most that many bytes.
    pub(super) fn write(&self, out: &mut String, room: usize) {
        let mut left = room.saturating_sub(self.least());
        out.push_str(&self.head);
        let mut kept = 0;
        for row in &self.rows {
            let Some(rest) = left.checked_sub(row.len()) else { break };
            left = rest;
            kept += 1;
            out.push_str(row);
        }
        if self.has_rows() {
            out.push('\n');
        }
        let more = self.rows.len() - kept;
        if more > 0 {
            *out += &format!("{more} more {} are left out here; result.json has all.\n\n", self.what);
        }
        out.push_str(self.tail);
    }
}

/// Writes parts one after the other into at most `most` bytes: the first take what they need, as long as the heads of the
/// others have room.
pub(super) fn page(parts: &[Part], most: usize) -> String {
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let later: usize = parts.iter().skip(at + 1).map(Part::least).sum();
        let room = most.saturating_sub(out.len() + later);
        part.write(&mut out, room);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_bound_and_says_what_is_missing() {
        let rows = |n: usize| (0..n).map(|at| [Inline::code(&format!("row {at}"), 20)]);
        let make = |n| Part::table(&Inline::literal("Rows"), ["a"], rows(n), "rows");
        let text = page(&[make(500), make(3)], 2000);
        assert!(text.len() <= 2000, "{}", text.len());
        assert!(text.contains("more rows are left out here") && text.matches("Rows").count() == 2);
        let text = page(&[make(2)], 2000);
        assert!(text.ends_with("| `row 0` |\n| `row 1` |\n\n"), "{text}");
    }
}
