//! What was seen in tests: rows of the books, whole spans, requests in JSON.

use std::borrow::Cow;

use spanfate_model::books::row::{Position, SpanRow, Standing};
use spanfate_model::fate::Fate;
use spanfate_model::finding::contract::{Contract, ContractResult, WholeAttribute, WholeSpan};
use spanfate_model::quantity::id::{SpanId, TraceId};

use crate::contract::{ContractEvidence, ExportedSignal, HowToSee, judge, read};

pub(super) const HOW: HowToSee =
    HowToSee { whole_spans: "keep spans", signals: "keep all", created: "attach" };

pub(super) fn contract(text: &str) -> Contract {
    read("c.yml", text).unwrap_or_else(|wrong| panic!("{wrong:?}\n{text}"))
}

/// A contract and what was seen.
pub(super) struct World {
    pub(super) evidence: ContractEvidence,
}

impl World {
    pub(super) fn new(text: &str) -> Self {
        Self { evidence: ContractEvidence::new(Some(&contract(text)), HOW) }
    }

    /// So many spans of the books with a standing; nothing for a fate stands for unaccounted.
    pub(super) fn rows(mut self, name: &str, fate: Option<Fate>, count: u64) -> Self {
        self.evidence.has_books();
        for _ in 0..count {
            self.evidence.row(&SpanRow {
                trial: 0,
                variant: "v",
                service: "shop",
                incarnation: Some(0),
                trace_id: TraceId([1; 16]),
                span_id: SpanId([1; 8]),
                parent_span_id: None,
                name,
                kind: "server",
                request: None,
                created_ms: None,
                ended_ms: None,
                exported_ms: None,
                fate: fate.map_or(Standing::Unaccounted, Standing::Fate),
                copies: 1,
                delay_ms: None,
                received_ms: None,
                position: Position::Root,
                paths: String::new(),
            });
        }
        self
    }

    /// A whole span of the service `shop`.
    pub(super) fn whole(mut self, name: &str, attributes: &[(&str, &'static str, &str)]) -> Self {
        self.evidence.has_whole_spans();
        let attribute = |(name, of, text): &(&str, &'static str, &str)| WholeAttribute {
            name: Cow::Owned((*name).to_owned()),
            of,
            text: Cow::Owned((*text).to_owned()),
        };
        self.evidence.span(&WholeSpan {
            service: "shop".into(),
            name: name.into(),
            kind: 2,
            attributes: attributes.iter().map(attribute).collect(),
        });
        self
    }

    /// A request in JSON.
    pub(super) fn request(mut self, signal: ExportedSignal, json: &str) -> Self {
        self.evidence.has_signals();
        self.evidence.request(signal, true, json.as_bytes()).unwrap();
        self
    }

    pub(super) fn judged(&self, text: &str) -> ContractResult {
        judge(&contract(text), "c.yml", &self.evidence, "run")
    }
}

/// Ids and places of the findings, as `id line:column`.
pub(super) fn ids(found: &ContractResult) -> Vec<String> {
    let all = found.rules.iter().flat_map(|rule| &rule.findings);
    all.map(|one| format!("{} {}:{}", one.id.name(), one.line, one.column)).collect()
}

/// What is open.
pub(super) fn open(found: &ContractResult) -> Vec<&str> {
    found.rules.iter().flat_map(|rule| &rule.open).map(String::as_str).collect()
}
