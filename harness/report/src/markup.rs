//! The one place where text becomes HTML.

use crate::text::fit::clean;

/// Well-formed HTML. It is made from literals of this crate, from escaped text and from elements of both; there is no
/// way to put a string in unescaped.
#[derive(Clone, Default)]
pub(crate) struct Html(String);

/// An attribute: its name is a literal, its value is escaped.
pub(crate) type HtmlAttribute<'a> = (&'static str, &'a str);

impl Html {
    /// Nothing.
    pub(crate) const fn new() -> Self {
        Self(String::new())
    }

    /// Markup written in this crate.
    pub(crate) fn literal(markup: &'static str) -> Self {
        Self(markup.to_owned())
    }

    /// Any text.
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        let mut out = Self::new();
        out.escape(text.as_ref());
        out
    }

    /// An element with its content.
    pub(crate) fn element(tag: &'static str, attributes: &[HtmlAttribute<'_>], inner: Self) -> Self {
        let mut out = Self::new();
        out.open(tag, attributes, ">");
        let Self(content) = inner;
        out.0.push_str(&content);
        out.0.push_str("</");
        out.0.push_str(tag);
        out.0.push('>');
        out
    }

    /// An element that holds only text.
    pub(crate) fn leaf(tag: &'static str, class: &str, text: impl AsRef<str>) -> Self {
        let class = [("class", class)];
        Self::element(tag, if class[0].1.is_empty() { &[] } else { &class }, Self::text(text))
    }

    /// An element without content (XML form, which SVG inside HTML takes as well).
    pub(crate) fn void(tag: &'static str, attributes: &[HtmlAttribute<'_>]) -> Self {
        let mut out = Self::new();
        out.open(tag, attributes, "/>");
        out
    }

    /// Appends.
    pub(crate) fn push(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// This and more.
    #[must_use]
    pub(crate) fn with(mut self, more: &Self) -> Self {
        self.push(more);
        self
    }

    /// Whether there is nothing in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The finished markup.
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    fn open(&mut self, tag: &'static str, attributes: &[HtmlAttribute<'_>], end: &'static str) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.escape(value);
            self.0.push('"');
        }
        self.0.push_str(end);
    }

    fn escape(&mut self, text: &str) {
        for c in clean(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        parts.into_iter().fold(Self::new(), |out, part| out.with(&part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let made = Html::element("p", &[("title", "\"><b>")], Html::text("<script>&'"));
        assert_eq!(made.into_string(), "<p title=\"&quot;&gt;&lt;b&gt;\">&lt;script&gt;&amp;&#39;</p>");
    }
}
