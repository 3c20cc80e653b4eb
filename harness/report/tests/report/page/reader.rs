//! A small reader of HTML: tags with their attributes, and the text between them. Enough to say whether a page is
//! well-formed and whether something foreign got into it.

use std::collections::BTreeSet;

/// A tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) closing: bool,
    /// Whether it is written as `<x/>`.
    pub(crate) empty: bool,
    pub(crate) attributes: Vec<(String, String)>,
}

/// A page, read.
pub(crate) struct Page {
    pub(crate) tags: Vec<Tag>,
    /// The text behind each tag, up to the next one.
    pub(crate) after: Vec<String>,
    pub(crate) text: String,
}

/// Reads a page; says what is wrong with it.
pub(crate) fn read(page: &str) -> Result<Page, String> {
    let mut out = Page { tags: Vec::new(), after: Vec::new(), text: String::new() };
    let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
    while let Some(at) = rest.find('<') {
        text(&rest[..at], &mut out)?;
        let end = rest[at..].find('>').ok_or("a tag without end")? + at;
        let tag = tag(&rest[at + 1..end])?;
        rest = &rest[end + 1..];
        // What is inside these is no markup.
        if (tag.name == "style" || tag.name == "script") && !tag.closing {
            rest = &rest[rest.find(&format!("</{}>", tag.name)).ok_or("no end of style or script")?..];
        }
        out.tags.push(tag);
    }
    text(rest, &mut out)?;
    Ok(out)
}

fn text(text: &str, out: &mut Page) -> Result<(), String> {
    if text.contains('>') {
        return Err(format!("a bare > in `{text}`"));
    }
    let read = unescape(text)?;
    out.text.push_str(&read);
    if !out.tags.is_empty() {
        out.after.push(read);
    }
    out.text.push('\n');
    Ok(())
}

fn unescape(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or_else(|| format!("a bare & before `{part}`"))?;
        out.push_str(match name {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            other => return Err(format!("unknown entity `{other}`")),
        });
        out.push_str(rest);
    }
    Ok(out)
}

fn tag(inner: &str) -> Result<Tag, String> {
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let (empty, inner) = inner.strip_suffix('/').map_or((false, inner), |inner| (true, inner));
    let (name, mut rest) = inner.split_once(' ').unwrap_or((inner, ""));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(format!("a strange tag `{name}`"));
    }
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        let (key, after) =
            rest.split_once("=\"").ok_or_else(|| format!("a strange attribute in `{inner}`"))?;
        let (value, after) = after.split_once('"').ok_or("an attribute without end")?;
        attributes.push((key.trim().to_owned(), unescape(value)?));
        rest = after;
    }
    Ok(Tag { name: name.to_owned(), closing, empty, attributes })
}

impl Page {
    /// Whether every tag is closed, in order.
    pub(crate) fn balance(&self) -> Result<(), String> {
        let mut open: Vec<&str> = Vec::new();
        for tag in &self.tags {
            match (tag.closing, tag.empty || tag.name == "meta") {
                (_, true) => {}
                (false, false) => open.push(&tag.name),
                (true, false) => match open.pop() {
                    Some(name) if name == tag.name => {}
                    other => return Err(format!("{:?} closed by {}", other, tag.name)),
                },
            }
        }
        if open.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
    }

    /// All values of an attribute.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let all = self.tags.iter().flat_map(|tag| &tag.attributes);
        all.filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Names of tags and attributes in order: what does not depend on text.
    pub(crate) fn shape(&self) -> Vec<(&str, bool, Vec<&str>)> {
        let keys = |tag: &'_ Tag| -> Vec<usize> { (0..tag.attributes.len()).collect() };
        self.tags
            .iter()
            .map(|tag| {
                let names = keys(tag).into_iter().map(|at| tag.attributes[at].0.as_str()).collect();
                (tag.name.as_str(), tag.closing, names)
            })
            .collect()
    }

    /// How many tags of a name are opened.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.tags.iter().filter(|tag| tag.name == name && !tag.closing).count()
    }

    /// Ids that occur twice, and anchors or labels that lead nowhere.
    pub(crate) fn dangling(&self) -> Vec<String> {
        let ids = self.values("id");
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        let mut out = Vec::new();
        if known.len() != ids.len() {
            out.push("an id occurs twice".to_owned());
        }
        let anchors = self.values("href").into_iter().filter_map(|href| href.strip_prefix('#'));
        let labels = self.values("aria-labelledby").into_iter().flat_map(|ids| ids.split(' '));
        out.extend(anchors.chain(labels).filter(|id| !known.contains(id)).map(str::to_owned));
        out
    }
}
