//! The trials of a run, one after the other, each at its place; what was spoilt again at the same place.

use std::path::PathBuf;
use std::sync::Arc;

use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::{Quiet, RunManifest, SpoiltAttempt};
use spanfate_model::plan::{PlannedTrial, PlannedVariant};
use spanfate_model::quantity::unit::MonoNs;

use super::repeat::{self, Portion, RepeatBudget};
use super::{RunOrder, Watcher, scratch_name};
use crate::fixture::Programs;
use crate::host::machine::Cpus;
use crate::host::quiet;
use crate::process::guard::Guard;
use crate::process::shim;
use crate::trial::Trial;
use crate::trial::progress::Progress;
use crate::{RunError, store};

/// What all trials of a run share.
pub(super) struct Turns<'a> {
    pub(super) order: &'a RunOrder<'a>,
    pub(super) dir: &'a RunDir,
    pub(super) programs: &'a Programs,
    pub(super) guard: &'a Arc<Guard>,
    pub(super) scratch_root: PathBuf,
    /// When the run began.
    pub(super) began: MonoNs,
    /// Who has which cores now.
    pub(super) cpus: Cpus,
    /// How often what is spoilt is run again.
    pub(super) budget: RepeatBudget,
    /// The first error of a trial after which the run went on.
    pub(super) failed: Option<RunError>,
}

impl Turns<'_> {
    /// Runs what is missing.
    pub(super) fn take(
        &mut self,
        manifest: &mut RunManifest,
        missing: &[PlannedTrial],
        watcher: &mut dyn Watcher,
    ) -> Result<(), RunError> {
        let plan = self.order.plan;
        let mut portions = repeat::portions(plan, missing, manifest.repeat_spoilt > 0);
        while let Some(portion) = portions.pop_front() {
            for (place, planned) in portion.missing.iter().enumerate() {
                if self.is_over(manifest) {
                    return Ok(());
                }
                let rest = portion.missing.get(place..).unwrap_or_default().iter();
                let rest = rest.chain(portions.iter().flat_map(|next| &next.missing)).copied();
                let first = portion.trials.first() == Some(planned);
                self.one(manifest, planned, first, &rest.collect::<Vec<_>>(), watcher)?;
            }
            if self.is_over(manifest) {
                return Ok(());
            }
            if let Some(again) = self.again(manifest, &portion, watcher)? {
                portions.push_front(again);
            } else if let Some(last) = portion.missing.last() {
                let next = portions.front().and_then(|next| next.missing.first());
                let ends = next.is_none_or(|next| next.repetition != last.repetition);
                manifest.enough = watcher.enough(last, ends);
            }
        }
        Ok(())
    }

    fn is_over(&self, manifest: &RunManifest) -> bool {
        self.order.stopped_by().is_some() || manifest.enough.is_some()
    }

    /// One trial. `first`: it begins what is judged together, so the fixture may get another core. `rest`: what is still to be run,
    /// with it.
    fn one(
        &mut self,
        manifest: &mut RunManifest,
        planned: &PlannedTrial,
        first: bool,
        rest: &[PlannedTrial],
        watcher: &mut dyn Watcher,
    ) -> Result<(), RunError> {
        let Some(variant) = self.order.plan.variant_of(planned) else { return Ok(()) };
        self.order.in_time(self.began, variant)?;
        let quiet = self.quiet(first, planned, watcher)?;
        if !manifest.trials.contains(&planned.index) {
            manifest.trials.push(planned.index);
        }
        store::write_json(&self.dir.manifest(), manifest)?;
        match self.trial(planned, variant, quiet, rest, watcher) {
            Err(error) if self.order.limits.keep_going && error.is_of_one_trial() => {
                watcher.show(Progress::TrialFailed { index: planned.index, why: error.to_string() });
                self.failed.get_or_insert(error);
                Ok(())
            }
            done => done,
        }
    }

    fn trial(
        &self,
        planned: &PlannedTrial,
        variant: &PlannedVariant,
        quiet: Option<Quiet>,
        rest: &[PlannedTrial],
        watcher: &mut dyn Watcher,
    ) -> Result<(), RunError> {
        let trial = Trial {
            plan: self.order.plan,
            planned,
            variant,
            dir: self.dir.trial(planned.index),
            programs: self.programs,
            cpus: &self.cpus,
            stolen: self.order.disturbance.map_or(0.0, |what| what.stolen),
            quiet,
            scratch: self.scratch_root.join(scratch_name(&self.dir.id(), planned.index)),
            guard: self.guard,
            interrupt: self.order.interrupt,
            limits: Arc::default(),
            relay: self.order.relay,
        };
        self.order.one(&trial, self.order.plan.estimated_seconds(rest), watcher)
    }

    /// Waits for a quiet machine where that was wished for, and gives the fixture the core that is stolen least.
    fn quiet(
        &mut self,
        may_choose: bool,
        planned: &PlannedTrial,
        watcher: &mut dyn Watcher,
    ) -> Result<Option<Quiet>, RunError> {
        let Some(most) = self.order.limits.quiet else { return Ok(None) };
        if !self.order.plan.subject().is_kept_apart() {
            return Ok(None);
        }
        let (cpus, quiet) = quiet::wait(&self.cpus, most, may_choose, || self.order.stopped_by().is_some());
        if cpus != self.cpus {
            shim::pin(&cpus.harness).map_err(|e| RunError::system("choose the harness's cores")(e.into()))?;
            self.cpus = cpus;
        }
        watcher.show(Progress::Waited { index: planned.index, quiet: quiet.clone() });
        Ok(Some(quiet))
    }

    /// What of a portion that was run is to be run again: all of it, where the machine spoilt one of its trials and there is an
    /// attempt and the time left. What was spoilt is set aside.
    fn again(
        &mut self,
        manifest: &RunManifest,
        portion: &Portion,
        watcher: &mut dyn Watcher,
    ) -> Result<Option<Portion>, RunError> {
        if manifest.repeat_spoilt == 0 {
            return Ok(None);
        }
        let mut made = 1;
        for trial in &portion.trials {
            made = made.max(1 + repeat::attempts(self.dir, trial.index)?.len() as u16);
        }
        let spoilt: Vec<SpoiltAttempt> = portion
            .trials
            .iter()
            .map(|trial| SpoiltAttempt { attempt: made, ..watcher.spoilt(trial) })
            .collect();
        let variants = portion.trials.iter().filter_map(|trial| self.order.plan.variant_of(trial));
        let in_time =
            variants.map(|variant| self.order.in_time(self.began, variant)).all(|time| time.is_ok());
        let budget = self.budget.of(manifest.repeat_spoilt);
        if !in_time || !repeat::is_run_again(&spoilt, made, budget) {
            self.budget.settle(&spoilt, made);
            return Ok(None);
        }
        for (trial, spoilt) in portion.trials.iter().zip(spoilt) {
            let (index, attempt, most) = (trial.index, made + 1, budget + 1);
            watcher.show(Progress::Again { index, attempt, most, by: spoilt.by.clone() });
            repeat::set_aside(self.dir, trial.index, &spoilt)?;
        }
        Ok(Some(Portion { trials: portion.trials.clone(), missing: portion.trials.clone() }))
    }
}
