//! Where the paths of a variant end: at the receiver, or in a storage engine.

use super::PlannedVariant;
use crate::exporter::Exporter;
use crate::fault::answer::ScriptedAnswer;
use crate::fault::{FaultKind, Target};
use crate::plan::Plan;
use crate::quantity::unit::Period;
use crate::scenario::pipeline::Pipeline;
use crate::scenario::{ExportPath, Fault, Service};

impl PlannedVariant {
    /// Names of what stands in the path: its collectors, and last the engine at its end.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.hops
            .iter()
            .map(|hop| hop.name.as_str())
            .chain(self.engine.iter().map(|engine| engine.name.as_str()))
    }

    /// How long the receiver leaves each call of a service's exporter unanswered at least, by the script; zero where something else answers.
    pub fn least_answer(&self) -> Period {
        let scripted = |fault: &Fault| matches!(fault.kind, FaultKind::Answer(ScriptedAnswer::After(_)));
        let by_receiver = self.hops.is_empty() && self.engine.is_none() && !self.faults.iter().any(scripted);
        self.receiver.answer_after.filter(|_| by_receiver).unwrap_or(Period::millis(0))
    }

    /// The link on which the spans of a service's main path go out.
    pub fn exports_of(&self, service: &str) -> Target {
        match &self.engine {
            Some(engine) if engine.alone && self.hops.is_empty() => self.to_engine(service),
            _ => Target::exports_of(service),
        }
    }

    /// The link from a service to the engine in which spans end.
    pub fn to_engine(&self, service: &str) -> Target {
        let to = self.engine.as_ref().map(|engine| engine.name.clone());
        Target::Link { from: Some(service.to_owned()), to }
    }
}

impl Plan {
    /// The further export paths of a service in a variant. The knobs of that to an engine are those of the service's main path, but
    /// for what belongs to its provider.
    pub fn paths_of(&self, variant: &PlannedVariant, service: &Service) -> Vec<ExportPath> {
        let engine = variant.engine.as_ref().map(|engine| engine.name.as_str());
        let own = || self.exporter_of(variant, service);
        let one = |path: &ExportPath| {
            let leads = Some(path.name.as_str()) == engine;
            let exporter = if leads {
                Exporter { sampler: None, ratio: None, via: None, ..own() }
            } else {
                path.exporter
            };
            ExportPath { exporter, ..path.clone() }
        };
        service.paths.iter().map(one).collect()
    }
}

/// Every fixture has one more export path where spans end both at the receiver and in an engine, and no collector sends to both. Its
/// knobs are those of the main path, whatever a variant makes of them.
pub(super) fn with_engine(mut services: Vec<Service>, pipeline: &Pipeline) -> Vec<Service> {
    let engine = pipeline.engine().filter(|engine| !engine.alone && pipeline.hop.is_empty());
    if let Some(engine) = engine {
        for service in services.iter_mut().filter(|service| service.makes_spans() && !service.is_own()) {
            service.paths.push(ExportPath::to_engine(&engine));
        }
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::unit::Rate;
    use crate::scenario::{Load, Scenario};

    fn plan(ends: &str, hops: &str) -> Plan {
        let pipeline = serde_json::from_str(&format!(r#"{{"ends": [{ends}], "hop": [{hops}]}}"#)).unwrap();
        let exporter = serde_json::from_str(r#"{"batch": 64, "sampler": "always_on"}"#).unwrap();
        let load = Load::steady(Rate(10.0), Period::millis(1000));
        Plan::resolve(&Scenario {
            services: vec![Service::default()],
            pipeline,
            exporter,
            ..Scenario::new("x".to_owned(), load)
        })
    }

    #[test]
    fn fixtures_send_to_both_ends_by_paths_of_the_same_knobs() {
        let both = plan(r#""receiver", "jaeger""#, "");
        let (variant, service) = (&both.variants[0], &both.services[0]);
        let paths = both.paths_of(variant, service);
        assert_eq!((paths.len(), paths[0].name.as_str()), (1, "jaeger"));
        assert_eq!((paths[0].exporter.batch, paths[0].exporter.sampler), (Some(64), None));
        assert_eq!(variant.exports_of("http").to_string(), "http -> receiver");
        assert_eq!(variant.to_engine("http").to_string(), "http -> jaeger");
        assert_eq!(variant.places().collect::<Vec<_>>(), ["jaeger"]);
    }

    #[test]
    fn one_end_is_one_path() {
        let alone = plan(r#""jaeger""#, "");
        assert!(alone.services[0].paths.is_empty());
        assert_eq!(alone.variants[0].exports_of("http").to_string(), "http -> jaeger");
        let behind = plan(r#""jaeger""#, r#"{"name": "agent"}"#);
        assert_eq!(behind.variants[0].exports_of("http").to_string(), "http -> receiver");
        assert_eq!(behind.variants[0].places().collect::<Vec<_>>(), ["agent", "jaeger"]);
        assert!(plan("", "").variants[0].engine.is_none());
    }

    #[test]
    fn only_the_receiver_answers_as_late_as_the_script_says() {
        let late = |ends: &str, hops: &str| {
            let mut plan = plan(ends, hops);
            plan.variants[0].receiver.answer_after = Some(Period::millis(30));
            plan.variants.remove(0)
        };
        let mut plain = late("", "");
        assert_eq!(plain.least_answer(), Period::millis(30));
        let after = serde_json::from_str(r#"{"kind": {"answer": {"after": {"time": "1ms"}}}}"#).unwrap();
        plain.faults.push(after);
        assert_eq!(plain.least_answer(), Period::millis(0));
        assert_eq!(late(r#""jaeger""#, "").least_answer(), Period::millis(0));
    }
}
