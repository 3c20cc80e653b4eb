//! A second configuration that is merged over a first, with what it changes.

use serde_json::{Map, Value};
use spanfate_model::format::manifest::HopRewrite;

/// Grows key by key.
pub(super) struct Overlay<'a> {
    /// What it is merged over.
    pub(super) config: &'a Value,
    pub(super) tree: Value,
    pub(super) changes: Vec<HopRewrite>,
}

impl<'a> Overlay<'a> {
    pub(super) fn new(config: &'a Value) -> Self {
        Self { config, tree: Value::Object(Map::new()), changes: Vec::new() }
    }

    /// Sets a value, and notes what it was.
    pub(super) fn put(&mut self, path: &[&str], now: Value) {
        let mut was = Some(self.config);
        for key in path {
            was = was.and_then(|value| value.get(key));
        }
        let was = was.filter(|value| !value.is_null());
        if was != Some(&now) {
            let change = HopRewrite { key: path.join("::"), was: was.map(shown), now: shown(&now) };
            self.changes.push(change);
        }
        self.put_silently(path, now);
    }

    /// Sets a value of which something else says what it changes.
    pub(super) fn put_silently(&mut self, path: &[&str], now: Value) {
        let mut at = &mut self.tree;
        for key in path {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            at = &mut at[*key];
        }
        *at = now;
    }
}

/// A value for people; credentials in an address are left out.
pub(super) fn shown(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (user, rest))) if !user.contains('/') => format!("{scheme}://…@{rest}"),
        _ => text.clone(),
    }
}
