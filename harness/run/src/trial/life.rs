//! A trial without a load of ours: programs run as they always do, until they end or their user ends them.

use std::time::Duration;

use nix::sys::signal::Signal;
use spanfate_model::format::manifest::ProcessEnd;

use super::{STOP_LOOK, Trial};
use crate::host::clock;
use crate::receiver::RunningReceiver;
use crate::trial::fault::FaultScene;
use crate::trial::progress::{Life, Tick};
use crate::{RunError, store};

/// How often the programs are looked at.
const LOOK: Duration = Duration::from_millis(20);

impl Trial<'_> {
    /// Lets the programs go and watches them to their end. What the user asks of us is handed on to them: it ends them, and cuts
    /// nothing short.
    pub(super) fn life(
        &self,
        scene: &mut FaultScene<'_, '_, '_>,
        receiver: &RunningReceiver,
        tick: &mut dyn FnMut(Tick),
    ) -> Result<(), RunError> {
        scene.services.release();
        let began = clock::now();
        let phases = &mut scene.watch.manifest.phases;
        (phases.ready, phases.load_began, phases.measured_from) = (began, began, began);
        store::write_json(&self.dir.manifest(), scene.watch.manifest)?;
        let mut said = None;
        loop {
            let now = clock::now();
            let trouble = receiver.relay_trouble();
            if trouble != said {
                said.clone_from(&trouble);
                tick(Tick::Relay(trouble));
            }
            scene.services.look(&mut scene.watch, &|_| None)?;
            scene.hops.look(&mut scene.watch, &|_| None)?;
            if !scene.services.run() {
                break;
            }
            if let Some(signal) = self.interrupt.signal() {
                scene.services.hand_on(Signal::try_from(signal).unwrap_or(Signal::SIGTERM))?;
            }
            tick(Tick::Life(life(scene, receiver)));
            clock::sleep_until(now + LOOK.as_nanos() as u64);
        }
        for hop in 0..scene.hops.len() {
            while scene.hops.wind_up(hop, &mut scene.watch)? {
                scene.hops.look(&mut scene.watch, &|_| None)?;
                clock::sleep_until(clock::now() + STOP_LOOK.as_nanos() as u64);
            }
        }
        // Until then it worked: what comes after is its shutdown.
        let manifest = &mut *scene.watch.manifest;
        let worked = |end: &ProcessEnd| end.asked_to_stop.unwrap_or(end.at);
        let ends = manifest.processes.iter().filter_map(|process| process.end.as_ref());
        let until = ends.map(worked).max().unwrap_or(manifest.phases.stopped);
        (manifest.phases.load_ended, manifest.phases.drained) = (until, until);
        store::write_json(&self.dir.manifest(), manifest)
    }
}

fn life(scene: &FaultScene<'_, '_, '_>, receiver: &RunningReceiver) -> Life {
    let counts = receiver.counts();
    let not_taken = counts.relay.refused + counts.relay.unanswered;
    Life { received: counts.accepted, not_taken, ..scene.services.seen() }
}
