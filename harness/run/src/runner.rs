//! One run: fixtures built, trials executed one after the other, manifests kept up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spanfate_model::layout::RunDir;
use spanfate_model::manifest::{FORMAT, RunManifest, Status};
use spanfate_model::plan::Plan;

use crate::fixture::{self, BuildLine, Builder};
use crate::guard::Guard;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::project::Project;
use crate::store::SCRATCH_PREFIX;
use crate::trial::{Tick, Trial};
use crate::{Error, clock, fault, machine, shim, store};

/// What a run is made of.
#[derive(Debug)]
pub struct Run<'a> {
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
}

/// Space a run needs at most, bytes: ledgers, receipts and requests of all trials.
fn estimated_bytes(plan: &Plan) -> u64 {
    let per_trial =
        |variant| plan.spans_per_trial(variant) * (128 + 64) + plan.requests_per_trial(variant) * 40;
    let variants = plan.trials.iter().filter_map(|trial| plan.variant_of(trial));
    variants.map(|variant| per_trial(variant) + (1 << 20)).fold(0, u64::saturating_add)
}

impl Run<'_> {
    /// Makes the run's directory, named after the scenario and the time.
    pub fn prepare(&self) -> Result<RunDir, Error> {
        fs::create_dir_all(&self.results).map_err(Error::unwritten(&self.results))?;
        let needed = estimated_bytes(self.plan);
        if let Some(free) = machine::free_bytes(&self.results).filter(|free| *free < needed) {
            let remedy = format!(
                "the run needs about {} MiB there, {} MiB are free; free some or choose another directory with --out",
                needed >> 20,
                free >> 20
            );
            return Err(Error::Absent { what: format!("disk space in {}", self.results.display()), remedy });
        }
        let dir =
            RunDir(unused_directory(&self.results, &format!("{}-{}", self.plan.name, stamp(clock::wall())))?);
        store::write_bytes(&dir.scenario(), self.scenario.as_bytes())?;
        store::write_plan(&dir, self.plan)?;
        store::write_json(&dir.manifest(), &new_manifest(&dir))?;
        Ok(dir)
    }

    /// Executes the plan. After an error the directory holds a valid partial result, as after an interruption.
    pub fn execute(&self, dir: &RunDir, show: &mut dyn FnMut(Progress)) -> Result<(), Error> {
        let mut manifest: RunManifest = store::read_json(&dir.manifest())?;
        let done = self.trials(dir, &mut manifest, show);
        match (&done, self.interrupt.signal()) {
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
        show: &mut dyn FnMut(Progress),
    ) -> Result<(), Error> {
        let cpus = machine::divide_cpus();
        machine::raise_file_limit();
        // One trial at a time: span ledger, receipts, requests.
        let scratch_root = machine::scratch_root(fixture::scratch_bytes(self.plan), &dir.0);
        store::write_json(&dir.environment(), &machine::environment(&cpus, &scratch_root))?;
        fault::require(self.plan)?;
        let guard = Arc::new(Guard::start()?);
        let builder =
            Builder { project: self.project, base: self.base, guard: &guard, interrupt: self.interrupt };
        let mut say = |name: &str, line: BuildLine| show(Progress::Build { fixture: name.to_owned(), line });
        let Some(programs) = builder.build(self.plan, &mut say)? else { return Ok(()) };
        // From here on the harness stays off the fixture's core. Threads started later inherit it.
        shim::pin(&cpus.harness).map_err(|e| Error::system("choose the harness's cores")(e.into()))?;
        let total = self.plan.trials.len();
        for (place, planned) in self.plan.trials.iter().enumerate() {
            if self.interrupt.requested() {
                return Ok(());
            }
            let Some(variant) = self.plan.variant_of(planned) else { continue };
            manifest.trials.push(planned.index);
            store::write_json(&dir.manifest(), manifest)?;
            let estimated_s = self.plan.estimated_seconds(&self.plan.trials[place..]);
            let began = clock::now();
            let left = |done_s: f64| (estimated_s - done_s).max(0.0);
            let variant_name = variant.name.clone();
            show(Progress::TrialBegan {
                index: planned.index,
                total,
                variant: variant_name,
                left_s: left(0.0),
            });
            let trial = Trial {
                plan: self.plan,
                planned,
                variant,
                dir: dir.trial(planned.index),
                programs: &programs,
                cpus: &cpus,
                scratch: scratch_root.join(scratch_name(&dir.id(), planned.index)),
                guard: &guard,
                interrupt: self.interrupt,
            };
            trial.run(&mut |tick: Tick| {
                let left_s = left((clock::now() - began) as f64 / 1e9);
                let Tick { phase, started, intended, received } = tick;
                show(Progress::Tick { phase, started, intended, received, left_s });
            })?;
            show(Progress::TrialEnded { index: planned.index });
        }
        Ok(())
    }
}

fn new_manifest(dir: &RunDir) -> RunManifest {
    RunManifest {
        format: FORMAT.to_owned(),
        run_id: dir.id(),
        started_at: clock::wall() / 1_000_000_000,
        ..RunManifest::default()
    }
}

/// The process id keeps runs apart that began in the same second in different places.
fn scratch_name(run_id: &str, trial: u16) -> String {
    format!("{SCRATCH_PREFIX}{run_id}-{}-{trial}", std::process::id())
}

/// Makes a directory that was not there before.
pub(crate) fn unused_directory(parent: &Path, name: &str) -> Result<PathBuf, Error> {
    let mut number = 1;
    loop {
        let path = parent.join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Error::unwritten(&path)(error)),
        }
    }
}

/// `20261123T043720Z` of a wall-clock time: sorts by time, needs no escaping.
fn stamp(wall_ns: u64) -> String {
    let seconds = wall_ns / 1_000_000_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Year, month and day of a day number since 1970 (proleptic Gregorian calendar, by counting).
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_name_the_second() {
        assert_eq!(stamp(0), "19700101T000000Z");
        assert_eq!(stamp(951_827_696_000_000_000), "20000229T123456Z");
        assert_eq!(stamp(1_795_408_640_000_000_000), "20261123T043720Z");
    }
}
