//! What a user brings of a collector: found, read, and held against the collector itself before a run begins.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use spanfate_model::format::manifest::HopRewrite;
use spanfate_model::plan::Plan;
use spanfate_model::scenario::pipeline::{CollectorHop, OwnCollector, with_places_behind};

use super::HopPorts;
use super::rewrite::{HopSite, Rewritten, Unplaced, rewrite};
use super::yaml;
use crate::process::child::{Managed, command, installed};
use crate::process::guard::Guard;
use crate::{RunError, store};

/// Longest time for a collector to say what it is made of, or whether it takes a configuration.
const BOUND: Duration = Duration::from_secs(30);
/// Most that is shown of what it said, bytes.
const SHOWN: usize = 4_000;
/// Components that the project's usual collector does not have and its larger one has.
const LARGER: [&str; 4] = ["tail_sampling", "loadbalancing", "load_balancing", "probabilistic_sampler"];
/// Sections of a configuration that name components.
const SECTIONS: [&str; 5] = ["receivers", "processors", "exporters", "extensions", "connectors"];

/// A configuration of a user's.
#[derive(Clone, Debug)]
pub(crate) struct OwnConfig {
    pub(crate) file: PathBuf,
    /// What it says, or why that cannot be read.
    value: Result<Value, String>,
}

/// Which of the project's collectors has what a configuration names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum ComponentSet {
    /// The newest, with few components.
    Core,
    /// An older one that has tail sampling and load balancing, too.
    Contrib,
}

impl OwnConfig {
    /// Reads a file, seen from the scenario's folder.
    pub(crate) fn read(base: &Path, name: &str) -> Result<Self, RunError> {
        let file = base.join(name);
        let text = fs::read_to_string(&file).map_err(RunError::file("read", &file))?;
        Ok(Self { value: yaml::read(&text), file })
    }

    /// The folder from which its collector runs: relative files that it names begin there.
    pub(crate) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }

    /// Which collector of the project has its components.
    pub(crate) fn set(&self) -> ComponentSet {
        let Ok(value) = &self.value else { return ComponentSet::Core };
        let names = SECTIONS.iter().filter_map(|section| value.get(section)?.as_object());
        let mut types = names.flatten().map(|(id, _)| id.split('/').next().unwrap_or(id));
        if types.any(|one| LARGER.contains(&one)) { ComponentSet::Contrib } else { ComponentSet::Core }
    }

    /// Makes it ready for a place in a path.
    pub(crate) fn placed(&self, site: &mut HopSite<'_>) -> Result<Rewritten, RunError> {
        let value = self.value.as_ref().map_err(|why| self.unfit(why.clone()))?;
        rewrite(value, site).map_err(|why| match why {
            Unplaced::Because(text) => self.unfit(text),
            Unplaced::Failed(error) => error,
        })
    }

    fn unfit(&self, said: String) -> RunError {
        RunError::CollectorConfig { config: self.file.clone(), said }
    }

    /// Makes it ready for no place in particular, before so many others: ports are 0.
    fn sketched(&self, storage: &Path, behind: usize) -> Result<Rewritten, RunError> {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        self.placed(&mut HopSite {
            ports: HopPorts { grpc: 0, http: 0, metrics: 0 },
            next: &vec![nowhere; behind],
            free: &mut || Ok(0),
            end: &mut |_| Ok(nowhere),
            storage,
        })
    }
}

/// The program that a user names: a path seen from the scenario's folder, or a name that PATH has.
pub(crate) fn program(base: &Path, name: &str) -> Result<PathBuf, RunError> {
    let path = if name.contains('/') { Some(base.join(name)) } else { installed(name) };
    let found = path.filter(|path| path.is_file());
    found.ok_or_else(|| RunError::NoCollector {
        program: PathBuf::from(name),
        why: "there is no such file".to_owned(),
    })
}

/// What a scenario's collectors of users' own are made of, each once: what is otherwise in their configurations, as lines to be shown
/// before a run. Nothing where a configuration cannot be read: then the collector itself says what is wrong with it.
pub fn preview(plan: &Plan, base: &Path) -> Result<Vec<String>, RunError> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    for (hop, behind) in plan.variants.iter().flat_map(|variant| with_places_behind(&variant.hops)) {
        let Some(name) = hop.own_config() else { continue };
        if !seen.insert((&hop.name, name)) {
            continue;
        }
        let config = OwnConfig::read(base, name)?;
        if let Ok(sketch) = config.sketched(Path::new("TRIAL"), behind) {
            out.push(told(hop, name, &sketch));
        }
    }
    Ok(out)
}

fn told(hop: &CollectorHop, config: &str, sketch: &Rewritten) -> String {
    // A port that is not known yet has a word in its place.
    let free = |text: &str| text.replace("127.0.0.1:0", "127.0.0.1:PORT");
    let mut out = format!("collector `{}`: {config}, but for", hop.name);
    for HopRewrite { key, was, now } in &sketch.changes {
        if let Some(was) = was {
            out += &format!("\n  - {key}: {was}");
        }
        out += &format!("\n  + {key}: {}", free(now));
    }
    for exporter in &sketch.elsewhere {
        out += &format!("\n  `{exporter}` is left as it is: what it sends leaves this machine");
    }
    out
}

/// Holds what a user brings against the collector itself.
pub(crate) struct OwnCheck<'a> {
    pub(crate) base: &'a Path,
    /// A folder for what is written meanwhile.
    pub(crate) folder: &'a Path,
    pub(crate) guard: &'a Arc<Guard>,
}

impl OwnCheck<'_> {
    /// Whether a program is a collector that takes a configuration, before so many others.
    pub(crate) fn check(&self, own: &OwnCollector, program: &Path, behind: usize) -> Result<(), RunError> {
        if own.binary.is_some() {
            self.is_collector(program)?;
        }
        let Some(name) = own.config.as_deref() else { return Ok(()) };
        let config = OwnConfig::read(self.base, name)?;
        let storage = self.folder.join(format!("storage.{}", std::process::id()));
        let sketch = config.sketched(&storage, behind);
        let overlay = self.folder.join(format!("overlay.{}.yaml", std::process::id()));
        let mut files = vec![config.file.clone()];
        if let Ok(sketch) = &sketch {
            for folder in &sketch.folders {
                fs::create_dir_all(folder).map_err(RunError::unwritten(folder))?;
            }
            store::write_bytes(&overlay, sketch.overlay.to_string().as_bytes())?;
            files.push(overlay.clone());
        }
        let mut arguments = vec!["validate".to_owned()];
        for file in &files {
            arguments.extend(["--config".to_owned(), file.display().to_string()]);
        }
        let asked = self.ask(program, &arguments, Some(config.folder()));
        drop(fs::remove_file(&overlay));
        drop(fs::remove_dir_all(&storage));
        match asked? {
            Some((status, _)) if status.success() => sketch.map(drop),
            Some((_, said)) => Err(RunError::CollectorConfig { config: config.file, said }),
            None => Err(RunError::CollectorConfig {
                config: config.file,
                said: format!("it did not say within {} s whether it takes it", BOUND.as_secs()),
            }),
        }
    }

    /// Every collector of the last years lists its components.
    fn is_collector(&self, program: &Path) -> Result<(), RunError> {
        let why = match self.ask(program, &["components".to_owned()], None) {
            Ok(Some((status, said))) if status.success() && said.contains("buildinfo:") => return Ok(()),
            Ok(Some(_)) => "`components` does not list the components of a collector",
            Ok(None) => "`components` came to no end",
            Err(RunError::Fixture { problem, .. }) => {
                return Err(RunError::NoCollector { program: program.to_owned(), why: problem });
            }
            Err(error) => return Err(error),
        };
        Err(RunError::NoCollector { program: program.to_owned(), why: why.to_owned() })
    }

    /// Runs a program to its end; how it ended and what it said, or nothing where it did not end in time.
    fn ask(
        &self,
        program: &Path,
        arguments: &[String],
        folder: Option<&Path>,
    ) -> Result<Option<(ExitStatus, String)>, RunError> {
        let output = self.folder.join(format!("said.{}", std::process::id()));
        let mut process = command(program, &[]);
        process.args(arguments);
        if let Some(folder) = folder {
            process.current_dir(folder);
        }
        let file = File::create(&output).map_err(RunError::unwritten(&output))?;
        process.stderr(file.try_clone().map_err(RunError::unwritten(&output))?);
        process.stdout(file);
        let mut child = Managed::spawn(process, self.guard, &program.display().to_string())?;
        let ended = child.wait(BOUND)?;
        if ended.is_none() {
            child.kill_group();
        }
        drop(child);
        let said = String::from_utf8_lossy(&fs::read(&output).unwrap_or_default()).trim().to_owned();
        drop(fs::remove_file(&output));
        let end = (0..=SHOWN.min(said.len())).rev().find(|at| said.is_char_boundary(*at)).unwrap_or(0);
        Ok(ended.map(|status| (status, said[..end].to_owned())))
    }
}
