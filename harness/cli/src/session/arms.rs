//! What two arms of a comparison differ in, or the steps of a search: the SDK of the fixtures, or the collectors in the path.

use std::path::{Path, PathBuf};

use spanfate_model::scenario::pipeline::{CollectorVersion, OwnCollector, Pipeline};
use spanfate_model::scenario::{Scenario, Variant};

use crate::error::Error;

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Arm {
    /// What it is called.
    pub(crate) called: String,
    build: ArmBuild,
}

/// What is built or started with.
#[derive(Clone, PartialEq, Eq, Debug)]
enum ArmBuild {
    /// An SDK, as a variant names it.
    Sdk(String),
    /// A collector, in place of all that stand in the path. Their configurations stay.
    Collector(OwnCollector),
}

impl Arm {
    /// A released version of the SDK.
    pub(crate) fn release(version: &str) -> Self {
        Self { called: version.to_owned(), build: ArmBuild::Sdk(version.to_owned()) }
    }

    /// An SDK as the command line names it: a checkout begins where the user stands, not where the scenario is.
    pub(crate) fn sdk(written: &str) -> Self {
        let found =
            written.strip_prefix("path:").and_then(|path| std::path::absolute(PathBuf::from(path)).ok());
        let found = found.map_or_else(|| written.to_owned(), |path| format!("path:{}", path.display()));
        Self { called: written.to_owned(), build: ArmBuild::Sdk(found) }
    }

    /// A collector as the command line names it: a version of the project's own, or a program, seen from where the user stands.
    pub(crate) fn collector(written: &str) -> Self {
        let version = CollectorVersion::ALL.into_iter().find(|version| version.as_str() == written);
        let path = Path::new(written);
        let located = written.contains('/') || path.is_file();
        let absolute = std::path::absolute(path).ok().filter(|_| located);
        let found = absolute.map_or_else(|| written.to_owned(), |path| path.display().to_string());
        let binary = version.is_none().then_some(found);
        let own = OwnCollector { binary, version, config: None };
        Self { called: written.to_owned(), build: ArmBuild::Collector(own) }
    }

    /// The SDK as a variant names it, where it is one.
    pub(crate) fn written(&self) -> Option<&str> {
        match &self.build {
            ArmBuild::Sdk(sdk) => Some(sdk),
            ArmBuild::Collector(_) => None,
        }
    }

    /// The name of the variant that it makes.
    pub(crate) fn name(&self) -> String {
        match &self.build {
            ArmBuild::Sdk(_) => format!("sdk={}", self.called),
            ArmBuild::Collector(_) => format!("collector={}", self.called),
        }
    }

    /// Whether it needs a collector in the path.
    const fn is_collector(&self) -> bool {
        matches!(self.build, ArmBuild::Collector(_))
    }

    /// Gives a variant what it differs in.
    pub(crate) fn set(&self, pipeline: &Pipeline, variant: &mut Variant) {
        match &self.build {
            ArmBuild::Sdk(sdk) => variant.sdk = Some(sdk.clone()),
            ArmBuild::Collector(own) => {
                for hop in &pipeline.hop {
                    let before = variant.collectors.get(&hop.name).or(hop.collector.as_ref());
                    let config = before.and_then(|before| before.config.clone());
                    variant.collectors.insert(hop.name.clone(), OwnCollector { config, ..own.clone() });
                }
            }
        }
    }
}

/// Refuses collectors where a scenario has none in its path.
pub(crate) fn fitting(arms: &[Arm], scenario: &Scenario) -> Result<(), Error> {
    if arms.iter().any(Arm::is_collector) && scenario.pipeline.hop.is_empty() {
        let what = "there is no collector in the path of this scenario; --collector changes those of `[[pipeline.hop]]`";
        return Err(Error::Refused(what.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_keeps_the_configuration_of_its_hop() {
        let hops = r#"{"hop": [{"name": "agent", "collector": {"binary": "./old", "config": "agent.yaml"}}, {"name": "gateway"}]}"#;
        let pipeline: Pipeline = serde_json::from_str(hops).unwrap();
        let mut variant = Variant::default();
        let arm = Arm::collector("0.160");
        arm.set(&pipeline, &mut variant);
        let of = |name: &str| variant.collectors[name].clone();
        let meant = OwnCollector { version: Some(CollectorVersion::V0160), ..OwnCollector::default() };
        assert_eq!(of("gateway"), meant);
        assert_eq!(of("agent"), OwnCollector { config: Some("agent.yaml".to_owned()), ..meant });
        assert_eq!(arm.name(), "collector=0.160");
        // A program begins where the user stands; a name without a folder is looked up in PATH.
        let here = std::env::current_dir().unwrap();
        for (written, found) in [("./bin/otelcol", here.join("bin/otelcol")), ("otelcol", "otelcol".into())] {
            let ArmBuild::Collector(own) = Arm::collector(written).build else { panic!("{written}") };
            assert_eq!((own.binary.map(PathBuf::from), own.version), (Some(found), None), "{written}");
        }
    }

    #[test]
    fn without_a_collector_in_the_path_there_is_none_to_change() {
        let scenario = Scenario::new("x".to_owned(), spanfate_model::scenario::Load::default());
        assert!(fitting(&[Arm::collector("0.160")], &scenario).is_err());
        assert!(fitting(&[Arm::release("1.44.0")], &scenario).is_ok());
    }
}
