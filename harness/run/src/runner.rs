//! One run: fixtures built, trials executed one after the other, manifests kept up to date.

pub(crate) mod journal;
pub mod repeat;
mod turns;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use spanfate_model::finding::noise::Disturbance;
use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::{FORMAT, RunManifest, SpoiltAttempt, Status};
use spanfate_model::plan::{Plan, PlannedTrial, PlannedVariant};
use spanfate_model::quantity::stamp;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::environment::{BuiltSdk, Environment};

use self::repeat::RepeatBudget;
use self::turns::Turns;
use crate::fixture::{self, BuildLine, Builder};
use crate::host::clock;
use crate::host::limits::raise_descriptors;
use crate::host::machine;
use crate::host::machine::Cpus;
use crate::host::project::Project;
use crate::process::guard::Guard;
use crate::process::interrupt::Interrupt;
use crate::process::shim;
use crate::receiver::Upstream;
use crate::store::SCRATCH_PREFIX;
use crate::trial::Trial;
use crate::trial::fault;
use crate::trial::fault::surroundings::Surroundings;
use crate::trial::progress::Progress;
use crate::trial::progress::Tick;
use crate::{RunError, store};

/// What a run is made of.
#[derive(Debug)]
pub struct RunOrder<'a> {
    /// Where fixtures are.
    pub project: &'a Project,
    /// The scenario file's folder: where commands of the user's own begin.
    pub base: &'a Path,
    /// Where results go; the run makes a directory of its own in it.
    pub results: PathBuf,
    /// The plan.
    pub plan: &'a Plan,
    /// The scenario file's text, kept beside the plan.
    pub scenario: &'a str,
    /// Ctrl-C.
    pub interrupt: &'a Interrupt,
    /// When it ends early, and when it does not.
    pub limits: Limits,
    /// Where all that is received goes on to.
    pub relay: Option<&'a Upstream>,
    /// What a self-test does to the machine meanwhile.
    pub disturbance: Option<Disturbance>,
}

/// When a run ends before its last trial.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// No trial begins that would not end within this time.
    pub most: Option<Duration>,
    /// A trial that fails does not end the run.
    pub keep_going: bool,
    /// A run that is resumed on another machine goes on, and says so.
    pub any_machine: bool,
    /// How often a trial that the machine spoilt is run again; nothing: as the run began.
    pub repeat_spoilt: Option<u16>,
    /// How long a trial waits for a quiet machine.
    pub quiet: Option<Duration>,
}

/// What a caller is told and asked while a run goes on.
pub trait Watcher {
    /// Something worth showing.
    fn show(&mut self, progress: Progress);

    /// After each trial: whether what ran is enough, and why. A block holds one trial of each variant.
    fn enough(&mut self, done: &PlannedTrial, last_of_its_block: bool) -> Option<String>;

    /// What spoilt a trial that ran, for something that is needed of it and that stays open: a line for each mark, none where it was
    /// not spoilt; and what it measured against expectations. Which attempt it was is not the watcher's to say.
    fn spoilt(&mut self, done: &PlannedTrial) -> SpoiltAttempt;
}

/// Space on tmpfs, bytes, without which the logs of a program go to disk that nobody knows the number of spans of.
const OPEN_SCRATCH_BYTES: u64 = 1 << 30;

/// Space a run needs at most, bytes: ledgers, receipts and requests of all trials.
fn estimated_bytes(plan: &Plan) -> u64 {
    let per_trial =
        |variant| plan.spans_per_trial(variant) * (128 + 64) + plan.requests_per_trial(variant) * 40;
    let variants = plan.trials.iter().filter_map(|trial| plan.variant_of(trial));
    variants.map(|variant| per_trial(variant) + (1 << 20)).fold(0, u64::saturating_add)
}

impl RunOrder<'_> {
    /// Makes the run's directory, named after the scenario and the time.
    pub fn prepare(&self) -> Result<RunDir, RunError> {
        fs::create_dir_all(&self.results).map_err(RunError::unwritten(&self.results))?;
        let needed = estimated_bytes(self.plan);
        if let Some(free) = machine::free_bytes(&self.results).filter(|free| *free < needed) {
            let remedy = format!(
                "the run needs about {} MiB there, {} MiB are free; free some or choose another directory with --out",
                needed >> 20,
                free >> 20
            );
            return Err(RunError::Absent {
                what: format!("disk space in {}", self.results.display()),
                remedy,
            });
        }
        let dir = RunDir(unused_directory(
            &self.results,
            &format!("{}-{}", self.plan.name, stamp::of(clock::wall())),
        )?);
        store::write_bytes(&dir.scenario(), self.scenario.as_bytes())?;
        store::write_plan(&dir, self.plan)?;
        store::write_json(&dir.manifest(), &self.new_manifest(&dir))?;
        Ok(dir)
    }

    /// Executes what the plan holds and the directory does not have yet. After an error the directory holds a valid partial
    /// result, as after an interruption.
    pub fn execute(&self, dir: &RunDir, watcher: &mut dyn Watcher) -> Result<(), RunError> {
        let mut manifest: RunManifest = store::read_json(&dir.manifest())?;
        (manifest.status, manifest.stopped_by) = (Status::Partial, None);
        let mut cpus = machine::divide_cpus();
        let apart = self.plan.subject().is_kept_apart();
        if !apart {
            cpus.fixture.clone_from(&cpus.allowed);
        }
        let mut done = self.trials(dir, &mut manifest, &cpus, watcher);
        if apart {
            // The next run of this process divides them again, and must see all of them.
            let freed =
                shim::pin(&cpus.allowed).map_err(|e| RunError::system("give the cores back")(e.into()));
            done = done.and(freed);
        }
        match (&done, self.stopped_by()) {
            (Err(error), _) => manifest.stopped_by = Some(error.to_string()),
            (Ok(()), Some(signal)) => {
                manifest.status = Status::Interrupted;
                let name = if signal == 2 { "Ctrl-C" } else { "SIGTERM" };
                manifest.stopped_by = Some(name.to_owned());
            }
            (Ok(()), None) => manifest.status = Status::Complete,
        }
        store::write_json(&dir.manifest(), &manifest)?;
        done
    }

    fn trials(
        &self,
        dir: &RunDir,
        manifest: &mut RunManifest,
        cpus: &Cpus,
        watcher: &mut dyn Watcher,
    ) -> Result<(), RunError> {
        let began = clock::now();
        manifest.repeat_spoilt = self.limits.repeat_spoilt.unwrap_or(manifest.repeat_spoilt);
        let missing = journal::missing(dir, self.plan, manifest)?;
        let subject = self.plan.subject();
        // One trial at a time: span ledger, receipts, requests.
        let scratch = if subject.has_load() { fixture::scratch_bytes(self.plan) } else { OPEN_SCRATCH_BYTES };
        let scratch_root = machine::scratch_root(scratch, &dir.0);
        let mut environment = machine::environment(cpus, &scratch_root);
        fault::require(self.plan)?;
        let guard = Arc::new(Guard::start()?);
        let builder = Builder {
            project: self.project,
            base: self.base,
            guard: &guard,
            interrupt: self.interrupt,
            keep_going: self.limits.keep_going,
        };
        let mut say =
            |name: &str, line: BuildLine| watcher.show(Progress::Build { fixture: name.to_owned(), line });
        let Some(programs) = builder.build(self.plan, &mut say)? else { return Ok(()) };
        environment.sdks.clone_from(&programs.sdks);
        self.fingerprint(dir, manifest, &environment)?;
        raise_descriptors();
        if subject.is_kept_apart() {
            // From here on the harness stays off the fixture's core. Threads started later inherit it.
            shim::pin(&cpus.harness).map_err(|e| RunError::system("choose the harness's cores")(e.into()))?;
        }
        let _disturbed =
            self.disturbance.map(|what| Surroundings::disturb(&what, &cpus.fixture, &guard)).transpose()?;
        let mut turns = Turns {
            order: self,
            dir,
            programs: &programs,
            guard: &guard,
            scratch_root,
            began,
            cpus: cpus.clone(),
            budget: RepeatBudget::default(),
            failed: None,
        };
        turns.take(manifest, &missing, watcher)?;
        turns.failed.map_or(Ok(()), Err)
    }

    /// One trial, shown while it goes on.
    fn one(&self, trial: &Trial<'_>, estimated_s: f64, watcher: &mut dyn Watcher) -> Result<(), RunError> {
        let index = trial.planned.index;
        let began = clock::now();
        let left = |done_s: f64| (estimated_s - done_s).max(0.0);
        if self.plan.subject().has_load() {
            watcher.show(Progress::TrialBegan {
                index,
                total: self.plan.trials.len(),
                variant: trial.variant.name.clone(),
                left_s: left(0.0),
            });
        }
        trial.run(&mut |tick: Tick| {
            watcher.show(match tick {
                Tick::Load { phase, started, intended, received } => {
                    let left_s = left((clock::now() - began) as f64 / 1e9);
                    Progress::Tick { phase, started, intended, received, left_s }
                }
                Tick::Life(life) => Progress::Life(life),
                Tick::Relay(trouble) => Progress::Relay(trouble),
                Tick::Awaits(text) => Progress::Awaits(text),
            });
        })?;
        watcher.show(Progress::TrialEnded { index });
        Ok(())
    }

    /// The signal by which the user stopped the run. What ends a program of theirs that we only attend ends no run.
    fn stopped_by(&self) -> Option<i32> {
        self.interrupt.signal().filter(|_| self.plan.subject().must_outlive_its_run())
    }

    /// Refuses a trial that would end after the time is over.
    fn in_time(&self, began: MonoNs, variant: &PlannedVariant) -> Result<(), RunError> {
        let Some(most) = self.limits.most else { return Ok(()) };
        let until = clock::now() - began + self.plan.estimated_trial(variant).nanos();
        if Duration::from_nanos(until) <= most {
            return Ok(());
        }
        Err(RunError::OutOfTime)
    }

    /// Writes down the machine, or holds it against the one that began the run.
    fn fingerprint(
        &self,
        dir: &RunDir,
        manifest: &mut RunManifest,
        now: &Environment,
    ) -> Result<(), RunError> {
        if manifest.trials.is_empty() {
            return store::write_json(&dir.environment(), now);
        }
        let then: Environment = store::read_json(&dir.environment())?;
        let mut differences = then.differences(now);
        let changed = |sdk: &&BuiltSdk| then.sdks.iter().any(|old| old.written == sdk.written && old != *sdk);
        differences.extend(now.sdks.iter().filter(changed).map(|sdk| format!("SDK: now {sdk}")));
        if !differences.is_empty() && !self.limits.any_machine {
            return Err(RunError::OtherMachine { differences: differences.join("; ") });
        }
        manifest.mixed = differences;
        Ok(())
    }

    fn new_manifest(&self, dir: &RunDir) -> RunManifest {
        RunManifest {
            format: FORMAT.to_owned(),
            run_id: dir.id(),
            started_at: clock::wall() / 1_000_000_000,
            base: Some(self.base.to_string_lossy().into_owned()),
            ..RunManifest::default()
        }
    }
}

/// The process id keeps runs apart that began in the same second in different places.
fn scratch_name(run_id: &str, trial: u16) -> String {
    format!("{SCRATCH_PREFIX}{run_id}-{}-{trial}", std::process::id())
}

/// Makes a directory for what is more than one run, named like one.
pub fn fresh_directory(parent: &Path, name: &str) -> Result<PathBuf, RunError> {
    fs::create_dir_all(parent).map_err(RunError::unwritten(parent))?;
    unused_directory(parent, &format!("{name}-{}", stamp::of(clock::wall())))
}

/// Makes a directory that was not there before.
pub(crate) fn unused_directory(parent: &Path, name: &str) -> Result<PathBuf, RunError> {
    let mut number = 1;
    loop {
        let path = parent.join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(RunError::unwritten(&path)(error)),
        }
    }
}
