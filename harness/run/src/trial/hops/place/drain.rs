//! A place at the end of a trial: what it holds is sent, a storage engine is read back, and then it is asked to stop.

use spanfate_model::format::manifest::{EngineManifest, TrialManifest};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::pipeline::StoreEngine;

use super::{HopPlace, HopStage};
use crate::hop::page::{self, HeldInside};
use crate::host::clock;
use crate::trial::engine::EngineReading;
use crate::trial::services::ServiceWatch;
use crate::{RunError, store};

/// How often it is looked what it still holds.
const DRAIN_LOOK_NS: u64 = 100_000_000;
/// It holds no more when nothing has changed for so long, beyond the time of its batches, and its queues are empty.
const STILL_NS: u64 = 2_000_000_000;

/// How far a collector is with what it holds.
pub(super) struct HopDrain {
    /// When the patience ends.
    until: MonoNs,
    next: MonoNs,
    held: HeldInside,
    /// Since when nothing has changed.
    since: MonoNs,
    page: Option<(MonoNs, String)>,
}

impl HopPlace {
    /// Lets it send what it holds and then asks it to stop; whether it is still there. One that is due to come back does: its queue
    /// may lie on disk.
    pub(in crate::trial::hops) fn wind_up(
        &mut self,
        stage: &HopStage<'_>,
        watch: &mut ServiceWatch<'_, '_>,
    ) -> Result<bool, RunError> {
        if self.running.is_none() {
            if self.again_at.is_none() {
                self.read_back(stage, watch.manifest)?;
            }
            return Ok(self.again_at.is_some());
        }
        if self.until.is_some() || self.awaited.is_some() || self.reload.is_some() {
            return Ok(true);
        }
        let now = clock::now();
        let drain = self.drain.get_or_insert_with(|| HopDrain {
            // What a processor holds on purpose is not late.
            until: now + self.hop.drain.nanos().max(self.set.holds.saturating_add(2 * STILL_NS)),
            next: now,
            held: HeldInside::default(),
            since: now,
            page: None,
        });
        if now < drain.next {
            return Ok(true);
        }
        drain.next = now + DRAIN_LOOK_NS;
        if let Some(page) = (!self.stopped).then(|| page::of(self.set.metrics)).flatten() {
            let held = match &self.set.engine {
                Some(_) => HeldInside::of_engine(&page, self.tap.counts().accepted),
                None => HeldInside::of(&page, &self.set.exporters()),
            };
            if held != drain.held {
                (drain.held, drain.since) = (held, now);
            }
            drain.page = Some((now, page));
        }
        let still = now >= drain.since + STILL_NS + self.set.holds && !drain.held.is_queued();
        // What a second start sends of a queue on disk it has not taken itself: its counters do not say when it is done.
        let empty = self.starts == 1 && drain.page.is_some() && drain.held.is_nothing();
        if empty || still || now >= drain.until {
            let page = drain.page.take();
            if let Some((at, page)) = page {
                self.keep(stage, watch.manifest, at, &page)?;
            }
            self.read_back(stage, watch.manifest)?;
            self.ask_to_stop(None)?;
        }
        Ok(true)
    }

    /// Reads back what a storage engine holds, once. One that is gone has nothing left.
    fn read_back(&self, stage: &HopStage<'_>, manifest: &mut TrialManifest) -> Result<(), RunError> {
        let Some(reading) = &self.set.engine else { return Ok(()) };
        let read = manifest.engine.as_ref().is_some_and(|engine| engine.back.is_some());
        if read {
            return Ok(());
        }
        let back = reading.read(self.running.is_some())?;
        let EngineReading { engine: StoreEngine { name, alone }, .. } = reading.clone();
        manifest.engine = Some(EngineManifest { name, alone, back: Some(back) });
        store::write_json(&stage.dir.manifest(), manifest)
    }
}
