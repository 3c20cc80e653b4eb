//! `[pipeline]`: collectors between the services and the receiver, in the order in which spans pass them, and where spans end.

mod knobs;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::Period;
pub use knobs::{HopCompression, HopKnobs, QueueSizer, QueueStorage};

/// Collectors in the path, and its ends.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// The collectors, in order: services send to the first, the last sends to the receiver.
    pub hop: Vec<CollectorHop>,
    /// Where spans end: at the receiver, in Jaeger, or in both, each by an export path of its own. None named: at the receiver.
    pub ends: Vec<PathEnd>,
}

/// Where spans end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum PathEnd {
    /// The receiver.
    Receiver,
    /// Jaeger, which keeps them in memory and is read back by its query API.
    Jaeger,
}

/// A storage engine at the end of a path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreEngine {
    /// Its name in tables, and for faults.
    pub name: String,
    /// There is no receiver beside it: what it shows is all that arrived.
    pub alone: bool,
}

/// Name of Jaeger as the end of a path.
pub const JAEGER: &str = "jaeger";

/// A collector in the path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectorHop {
    /// Its name in tables, and for faults.
    pub name: String,
    /// A collector of the user's own: its binary, its configuration, or both; absent: the project's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<OwnCollector>,
    /// The hop beside which it stands, in place of behind it: the one before both balances between them. Absent: it stands behind the
    /// hop before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// How it is set up.
    #[serde(default, skip_serializing_if = "HopKnobs::is_empty")]
    pub knobs: HopKnobs,
    /// How long it may take to stop before it is killed.
    #[serde(default = "thirty_seconds")]
    pub shutdown: Period,
    /// At the end of a trial: how long it may take to send what it holds before it is asked to stop.
    #[serde(default = "thirty_seconds")]
    pub drain: Period,
}

/// What a user brings of a collector.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnCollector {
    /// The program: a path, seen from the scenario file's folder, or a name that PATH has; absent: the project's own collector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// Which of the project's own collectors; absent: the newest that has the components of `config`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<CollectorVersion>,
    /// Its configuration, seen from the scenario file's folder. Endpoints of exporters that lead on the path and ports on which it
    /// listens are set for a trial, everything else is as it stands there. Absent: what `knobs` say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}

/// A version of the project's own collector.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum CollectorVersion {
    /// 0.160, with tail sampling, sampling by probability and load balancing.
    #[serde(rename = "0.160")]
    V0160,
    /// 0.165.
    #[serde(rename = "0.165")]
    V0165,
}

impl CollectorVersion {
    /// All, from the oldest to the newest.
    pub const ALL: [Self; 2] = [Self::V0160, Self::V0165];

    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0160 => "0.160",
            Self::V0165 => "0.165",
        }
    }
}

impl Pipeline {
    /// The hops with what a variant sets of them, by their names: knobs, and other collectors.
    pub fn with(
        &self,
        knobs: &BTreeMap<String, HopKnobs>,
        collectors: &BTreeMap<String, OwnCollector>,
    ) -> Vec<CollectorHop> {
        let one = |hop: &CollectorHop| CollectorHop {
            knobs: knobs.get(&hop.name).map_or(hop.knobs, |own| own.over(hop.knobs)),
            collector: collectors.get(&hop.name).or(hop.collector.as_ref()).cloned(),
            ..hop.clone()
        };
        self.hop.iter().map(one).collect()
    }

    /// The engine in which spans end, where there is one.
    pub fn engine(&self) -> Option<StoreEngine> {
        let alone = !self.ends.contains(&PathEnd::Receiver);
        self.ends.contains(&PathEnd::Jaeger).then(|| StoreEngine { name: JAEGER.to_owned(), alone })
    }
}

impl CollectorHop {
    /// A hop with a name, set up in no way.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            collector: None,
            beside: None,
            knobs: HopKnobs::default(),
            shutdown: thirty_seconds(),
            drain: thirty_seconds(),
        }
    }

    /// The place of an engine, which is started, stopped and put faults on like a collector.
    pub fn of_engine(engine: &StoreEngine) -> Self {
        Self {
            name: engine.name.clone(),
            collector: None,
            beside: None,
            knobs: HopKnobs::default(),
            shutdown: thirty_seconds(),
            drain: thirty_seconds(),
        }
    }

    /// The user's own configuration, where there is one.
    pub fn own_config(&self) -> Option<&str> {
        self.collector.as_ref()?.config.as_deref()
    }

    /// The version of the project's collector that it names.
    pub fn version(&self) -> Option<CollectorVersion> {
        self.collector.as_ref()?.version
    }

    /// The user's own program, where there is one.
    pub fn own_binary(&self) -> Option<&str> {
        self.collector.as_ref()?.binary.as_deref()
    }
}

/// The stage of the path in which each hop stands, from 0: those beside each other share one.
pub fn stages(hops: &[CollectorHop]) -> Vec<usize> {
    let mut stage = 0;
    let one = |(index, hop): (usize, &CollectorHop)| {
        stage += usize::from(index > 0 && hop.beside.is_none());
        stage
    };
    hops.iter().enumerate().map(one).collect()
}

/// Every hop of a path with how many places it sends to: the hops of the stage behind it, or the receiver.
pub fn with_places_behind(hops: &[CollectorHop]) -> impl Iterator<Item = (&CollectorHop, usize)> {
    let all = stages(hops);
    let of_stage = all.clone();
    let behind = move |stage: usize| of_stage.iter().filter(|one| **one == stage + 1).count().max(1);
    hops.iter().zip(all).map(move |(hop, stage)| (hop, behind(stage)))
}

const fn thirty_seconds() -> Period {
    Period::millis(30_000)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn hops_beside_each_other_share_a_stage() {
        let hops = r#"{"hop": [{"name": "agent"}, {"name": "one"}, {"name": "two", "beside": "one"}, {"name": "last"}]}"#;
        let pipeline: Pipeline = serde_json::from_str(hops).unwrap();
        assert_eq!(stages(&pipeline.hop), [0, 1, 1, 2]);
        assert!(stages(&[]).is_empty());
        let behind: Vec<usize> = with_places_behind(&pipeline.hop).map(|(_, behind)| behind).collect();
        assert_eq!(behind, [2, 1, 1, 1]);
    }

    #[test]
    fn a_variant_sets_knobs_of_a_hop_and_keeps_the_others() {
        let hop = r#"{"hop": [{"name": "agent", "knobs": {"queue_size": 100, "retry": false}}, {"name": "gateway"}]}"#;
        let pipeline: Pipeline = serde_json::from_str(hop).unwrap();
        let set: BTreeMap<String, HopKnobs> =
            serde_json::from_str(r#"{"agent": {"queue_size": 7, "storage": "disk"}}"#).unwrap();
        let own: BTreeMap<String, OwnCollector> =
            serde_json::from_str(r#"{"gateway": {"config": "gateway.yaml"}}"#).unwrap();
        let hops = pipeline.with(&set, &own);
        assert_eq!((hops[0].own_config(), hops[1].own_config()), (None, Some("gateway.yaml")));
        assert_eq!(hops[0].knobs.queue_size.map(NonZeroU32::get), Some(7));
        assert_eq!((hops[0].knobs.retry, hops[0].knobs.is_persistent()), (Some(false), true));
        assert!(hops[1].knobs.is_empty() && hops[1].knobs.has_batch_processor());
        assert_eq!(pipeline.with(&BTreeMap::new(), &BTreeMap::new()), pipeline.hop);
    }

    #[test]
    fn an_engine_stands_alone_where_no_receiver_is_named() {
        let alone = |ends: &str| {
            let pipeline: Pipeline = serde_json::from_str(&format!(r#"{{"ends": {ends}}}"#)).unwrap();
            pipeline.engine().map(|engine| engine.alone)
        };
        assert_eq!(alone("[]"), None);
        assert_eq!(alone(r#"["receiver"]"#), None);
        assert_eq!(alone(r#"["jaeger"]"#), Some(true));
        assert_eq!(alone(r#"["jaeger", "receiver"]"#), Some(false));
    }
}
