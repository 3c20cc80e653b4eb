//! The parts of a configuration that matter for a path.

use std::time::Duration;

use serde_json::{Map, Value};

/// The type of a component, of its name `type/of-it`.
pub(super) fn type_of(id: &str) -> &str {
    id.split_once('/').map_or(id, |(of_type, _)| of_type)
}

/// A table of a configuration.
pub(super) fn map_at<'a>(config: &'a Value, path: &[&str]) -> Option<&'a Map<String, Value>> {
    let mut at = config;
    for key in path {
        at = at.get(key)?;
    }
    at.as_object()
}

/// Receivers and exporters of the pipelines of traces, each once, in the order in which the pipelines name them. Connectors, which
/// are both, are left out.
pub(super) struct TracePipelines {
    pub(super) receivers: Vec<String>,
    pub(super) exporters: Vec<String>,
}

impl TracePipelines {
    pub(super) fn of(config: &Value) -> Result<Self, String> {
        let unseen = |what: &str| {
            format!(
                "`{what}` is not written out in it, so what leads on the path cannot be seen; put it into this file"
            )
        };
        for section in ["receivers", "exporters", "service"] {
            if config.get(section).is_some_and(Value::is_string) {
                return Err(unseen(section));
            }
        }
        let pipelines =
            map_at(config, &["service", "pipelines"]).ok_or_else(|| unseen("service::pipelines"))?;
        let connectors = map_at(config, &["connectors"]);
        let mut out = Self { receivers: Vec::new(), exporters: Vec::new() };
        for (name, pipeline) in pipelines.iter().filter(|(name, _)| type_of(name) == "traces") {
            for (key, all) in [("receivers", &mut out.receivers), ("exporters", &mut out.exporters)] {
                let ids = pipeline.get(key).and_then(Value::as_array);
                let ids = ids.ok_or_else(|| unseen(&format!("service::pipelines::{name}::{key}")))?;
                for id in ids.iter().filter_map(Value::as_str) {
                    let is_connector = connectors.is_some_and(|connectors| connectors.contains_key(id));
                    if !is_connector && !all.iter().any(|known| known == id) {
                        all.push(id.to_owned());
                    }
                }
            }
        }
        Ok(out)
    }
}

/// The components of a kind that pipelines of any signal use.
pub(super) fn used_in(config: &Value, kind: &str) -> Vec<String> {
    let defined = map_at(config, &[kind]).into_iter().flatten().map(|(id, _)| id);
    let pipelines = map_at(config, &["service", "pipelines"]);
    let is_used = |id: &&String| {
        let lists =
            pipelines.into_iter().flatten().filter_map(|(_, pipeline)| pipeline.get(kind)?.as_array());
        lists.flatten().any(|one| one.as_str() == Some(id.as_str()))
    };
    defined.filter(is_used).cloned().collect()
}

/// How long processors and the batches of exporters may hold a span, all together.
pub(super) fn holding(config: &Value) -> Duration {
    let time = |of: &Value, key: &str, usual: u64| {
        let written = of.get(key).and_then(Value::as_str).and_then(go_time);
        written.unwrap_or(Duration::from_millis(usual))
    };
    let all = |kind: &'static str| {
        let used = used_in(config, kind).into_iter();
        used.filter_map(move |id| {
            let of = config.get(kind)?.get(&id)?;
            Some((id, of))
        })
    };
    let of_processors = all("processors").map(|(id, of)| match type_of(&id) {
        "tail_sampling" => time(of, "decision_wait", 30_000),
        "groupbytrace" => time(of, "wait_duration", 1_000),
        "batch" => time(of, "timeout", 200),
        _ => Duration::ZERO,
    });
    let batch = |(_, of): (String, &Value)| {
        let batch = of.get("sending_queue")?.get("batch")?;
        Some(time(batch, "flush_timeout", 200))
    };
    of_processors.sum::<Duration>() + all("exporters").filter_map(batch).max().unwrap_or_default()
}

/// A time as Go writes it: `1m30s`, `200ms`.
pub(super) fn go_time(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit_end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty())
}
