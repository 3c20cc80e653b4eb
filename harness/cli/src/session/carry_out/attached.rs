//! A program of the user's own, attached to without a scenario file: the scenario that stands for it, and its run.

use std::path::{Path, PathBuf};

use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};
use spanfate_model::scenario::{KeptContent, Load, Receiver, Scenario, Service};
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::{Limits, RunOrder};

use super::{Outcome, attend, begin, tell_changes};
use crate::error::Error;
use crate::session::Audience;

/// A program, and what is sent to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttachedProgram<'a> {
    pub(crate) command: &'a [String],
    /// Where a load of ours goes; without one the program is used by somebody else, or by nobody.
    pub(crate) load: Option<&'a str>,
    pub(crate) rate: Option<Rate>,
    pub(crate) lasting: Option<Period>,
    /// What the receiver keeps of what comes.
    pub(crate) keep: Option<KeptContent>,
}

impl AttachedProgram<'_> {
    /// The scenario that stands for the command line.
    pub(crate) fn scenario(&self) -> Result<Scenario, Error> {
        let name = name_of(self.command.first().map_or("", String::as_str));
        let service = Service {
            name: name.clone(),
            command: self.command.to_vec(),
            url: self.load.map(str::to_owned),
            inherit_env: true,
            ..Service::default()
        };
        if let Some(url) = self.load
            && spanfate_run::fixture::target_of(url).is_none()
        {
            return Err(Error::Usage(format!("`{url}` is no URL like http://127.0.0.1:8080/work")));
        }
        let load = Load {
            rate: Some(self.rate.unwrap_or(Rate(100.0))),
            lasting: Some(self.lasting.unwrap_or_else(|| Period::millis(10_000))),
            ..Load::default()
        };
        Ok(Scenario {
            description: format!("Every span of `{}`.", self.command.join(" ")),
            services: vec![service],
            receiver: Receiver { keep: self.keep, ..Receiver::default() },
            ebpf: Some(Ebpf { required: true, ..Ebpf::plain(EbpfMode::Events) }),
            ..Scenario::new(format!("attach-{name}"), load)
        })
    }

    /// What stands in the place of a scenario file.
    pub(crate) fn text(&self) -> String {
        format!("# spanfate attach -- {}\n", self.command.join(" ").replace(['\n', '\r'], " "))
    }

    /// Runs it to its end: under a load of ours, or until it ends or the user ends it.
    pub(crate) fn run(&self, results: PathBuf, audience: &mut dyn Audience) -> Result<Outcome, Error> {
        let here = here()?;
        let project = Project(here.clone());
        let plan = Plan::resolve(&self.scenario()?);
        let attended = self.load.is_none();
        // A program that is attended hears of a signal itself; its end is what was asked for then.
        let interrupt = Interrupt::listen(|_| ())?;
        let run = RunOrder {
            project: &project,
            base: &here,
            results,
            plan: &Plan { attached: attended, ..plan },
            scenario: &self.text(),
            interrupt: &interrupt,
            limits: Limits::default(),
            relay: None,
            disturbance: None,
        };
        if attended {
            return attend(&run, audience);
        }
        tell_changes(&run, audience)?;
        begin(&run, audience)
    }
}

/// Where the user stands.
pub(crate) fn here() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| {
        Error::Run(spanfate_run::RunError::System { action: "read the current directory", source })
    })
}

/// The name of a program, as far as a service may be called so.
fn name_of(program: &str) -> String {
    let file = Path::new(program).file_name().map(|name| name.to_string_lossy().into_owned());
    let keep = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = file.unwrap_or_default().chars().map(keep).take(40).collect();
    if name.is_empty() { "own".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gives_a_service_its_name() {
        assert_eq!(name_of("./bin/my service"), "my-service");
        assert_eq!(name_of("/usr/bin/api.v2"), "api.v2");
        assert_eq!(name_of(""), "own");
    }
}
