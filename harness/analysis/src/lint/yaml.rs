//! YAML as a tree in which everything knows its place.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

/// Values that a file may have, aliases counted as often as they are used.
const MOST_NODES: usize = 100_000;
/// Maps and lists in each other.
const DEEPEST: usize = 64;

/// Why a file is no YAML, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenYaml {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong there.
    pub what: String,
}

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct YamlNode {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) value: YamlValue,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum YamlValue {
    /// Text without quotes is a number or a truth value where one is asked for.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<YamlNode>),
    Map(Vec<(YamlNode, YamlNode)>),
}

impl YamlNode {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Nothing, as `otlp:` alone has it.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, YamlValue::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    pub(crate) fn list(&self) -> &[Self] {
        match &self.value {
            YamlValue::List(items) => items,
            _ => &[],
        }
    }

    /// The pairs of a map; none of anything else.
    pub(crate) fn pairs(&self) -> &[(Self, Self)] {
        match &self.value {
            YamlValue::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// What stands under a key; a key of its own comes before merged ones.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let own = self.pairs().iter().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value);
        own.or_else(|| {
            let merged = self.pairs().iter().find(|(known, _)| known.text() == Some("<<"))?;
            merged.1.get(key).or_else(|| merged.1.list().iter().find_map(|one| one.get(key)))
        })
    }

    /// The same through several keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
}

/// A value with what it holds: how many values, and how many levels of maps and lists.
#[derive(Clone)]
struct MeasuredNode {
    node: YamlNode,
    values: usize,
    levels: usize,
}

/// A map or list that is not at its end, with the key whose value comes next.
struct UnfinishedNode {
    so_far: MeasuredNode,
    key: Option<YamlNode>,
    /// The texts of its keys so far.
    keys: BTreeSet<String>,
    anchor: usize,
}

impl UnfinishedNode {
    fn new(node: YamlNode, anchor: usize) -> Self {
        Self { so_far: MeasuredNode { node, values: 1, levels: 1 }, key: None, keys: BTreeSet::new(), anchor }
    }
}

/// The first document of a text; nothing for an empty one.
pub(crate) fn read(text: &str) -> Result<Option<YamlNode>, BrokenYaml> {
    let (mut stack, mut anchors) = (Vec::<UnfinishedNode>::new(), Vec::<(usize, MeasuredNode)>::new());
    let (mut values, mut anchored) = (0, 0);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| broken(&error))?;
        let place = |value| YamlNode { line: line(&span.start), column: column(&span.start), value };
        let (done, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let node = place(YamlValue::Scalar { text: text.into_owned(), plain });
                values += 1;
                (MeasuredNode { node, values: 1, levels: 0 }, anchor)
            }
            Event::Alias(anchor) => {
                let known = anchors.iter().rev().find(|(id, _)| *id == anchor).map(|(_, known)| known);
                let known = known.ok_or_else(|| at(&span.start, "alias of a value that is not complete"))?;
                values += known.values;
                deep(stack.len() + known.levels, &span.start)?;
                many(values, &span.start)?;
                (known.clone(), 0)
            }
            Event::SequenceStart(anchor, _) => {
                deep(stack.len() + 1, &span.start)?;
                stack.push(UnfinishedNode::new(place(YamlValue::List(Vec::new())), anchor));
                continue;
            }
            Event::MappingStart(anchor, _) => {
                deep(stack.len() + 1, &span.start)?;
                stack.push(UnfinishedNode::new(place(YamlValue::Map(Vec::new())), anchor));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(done) => (done.so_far, done.anchor),
                None => continue,
            },
            Event::DocumentEnd => return Ok(None),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => continue,
        };
        many(values, &span.start)?;
        if anchor > 0 {
            // Anchors within anchors would be held once for each of them.
            anchored += done.values;
            many(anchored, &span.start)?;
            anchors.push((anchor, done.clone()));
        }
        let Some(around) = stack.last_mut() else { return Ok(Some(done.node)) };
        put(around, done)?;
    }
    Ok(None)
}

fn deep(levels: usize, marker: &Marker) -> Result<(), BrokenYaml> {
    if levels > DEEPEST {
        return Err(at(marker, &format!("more than {DEEPEST} maps and lists in each other")));
    }
    Ok(())
}

fn many(values: usize, marker: &Marker) -> Result<(), BrokenYaml> {
    if values > MOST_NODES {
        return Err(at(marker, "more values than a configuration has"));
    }
    Ok(())
}

fn put(around: &mut UnfinishedNode, done: MeasuredNode) -> Result<(), BrokenYaml> {
    let MeasuredNode { node, values, levels } = done;
    around.so_far.values += values;
    around.so_far.levels = around.so_far.levels.max(levels + 1);
    match &mut around.so_far.node.value {
        YamlValue::List(items) => items.push(node),
        YamlValue::Map(pairs) => match around.key.take() {
            None => around.key = Some(node),
            Some(key) => {
                if let Some(name) = key.text().filter(|name| !around.keys.insert((*name).to_owned())) {
                    let what = format!("the key `{name}` is there twice");
                    return Err(BrokenYaml { line: key.line, column: key.column, what });
                }
                pairs.push((key, node));
            }
        },
        YamlValue::Scalar { .. } => {}
    }
    Ok(())
}

fn line(marker: &Marker) -> u32 {
    u32::try_from(marker.line()).unwrap_or(u32::MAX).max(1)
}

/// The parser counts columns from 0.
fn column(marker: &Marker) -> u32 {
    u32::try_from(marker.col()).unwrap_or(u32::MAX).saturating_add(1)
}

fn at(marker: &Marker, what: &str) -> BrokenYaml {
    BrokenYaml { line: line(marker), column: column(marker), what: what.to_owned() }
}

fn broken(error: &ScanError) -> BrokenYaml {
    at(error.marker(), error.info())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_knows_its_place() {
        let root = read("a:\n  b: [1, 'x']\n  # comment\n  c:\nd: &it {e: 5}\nf:\n  <<: *it\n  g: 6\n")
            .unwrap()
            .unwrap();
        let b = root.at(&["a", "b"]).unwrap();
        assert_eq!((b.line, b.column, b.list().len()), (2, 6, 2));
        assert_eq!(b.list()[1].value, YamlValue::Scalar { text: "x".to_owned(), plain: false });
        assert!(root.at(&["a", "c"]).unwrap().is_null());
        assert_eq!(root.at(&["f", "e"]).and_then(YamlNode::text), Some("5"));
        assert_eq!(root.at(&["f", "g"]).map(|node| (node.line, node.column)), Some((8, 6)));
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("# nothing\n").unwrap(), None);
    }

    #[test]
    fn what_is_broken_is_said_with_its_place() {
        let of = |text: &str| read(text).unwrap_err();
        assert_eq!(of("a: 1\nb: [1, 2\nc: 3\n").line, 3);
        let twice = of("a: 1\nb: 2\na: 3\n");
        assert_eq!((twice.line, twice.column, twice.what.as_str()), (3, 1, "the key `a` is there twice"));
        assert_eq!(of("a:\n\tb: 1\n").line, 2);
        assert!(of(&"[".repeat(100)).what.contains("in each other"));
        // Each line is ten times the one before it.
        let mut bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for i in 1..9 {
            bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(","));
        }
        assert!(of(&bomb).what.contains("more values"), "{:?}", of(&bomb));
        // Each anchor holds all that is in it.
        let open = (0..60).fold(String::new(), |text, i| text + &format!("&a{i} ["));
        let nested = format!("{open}{}{}", "1,".repeat(5_000), "]".repeat(60));
        assert!(of(&nested).what.contains("more values"), "{:?}", of(&nested));
    }
}
