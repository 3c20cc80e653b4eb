//! The services of a trial: those that are called start before those that call them, and stop after them. One that a fault
//! has ended may be started again.

mod place;
mod stage;

use std::net::SocketAddr;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use spanfate_model::format::event::{EventKind, LiveState};
use spanfate_model::format::manifest::{ProcessEnd, TrialManifest};
use spanfate_model::plan::topology::callers_first;
use spanfate_model::quantity::unit::{MonoNs, Period};
use spanfate_model::scenario::Service;

use crate::fixture::{RunningService, Switched};
use crate::host::clock;
use crate::probe::LiveCounts;
use crate::trial::events::EventLog;
use crate::trial::progress::Life;
use crate::trial::usage::Sampler;
use crate::{RunError, store};
use place::ServicePlace;
pub(crate) use stage::TrialStage;

/// What a service gets beyond its own shutdown deadline before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Services that run, in the plan's order.
#[derive(Debug)]
pub(crate) struct Services {
    places: Vec<ServicePlace>,
    /// Indices, callers first.
    order: Vec<usize>,
    /// The user asked for the end: whoever stops from now on stops for that.
    for_user: bool,
}

/// What looking after services needs.
pub(crate) struct ServiceWatch<'a, 'b> {
    pub(crate) stage: &'a TrialStage<'b>,
    pub(crate) manifest: &'a mut TrialManifest,
    pub(crate) events: &'a mut EventLog,
    pub(crate) sampler: &'a Sampler,
}

/// Something that became of a service.
#[derive(Clone, Debug)]
pub(crate) enum ServiceChange {
    /// Its process ended.
    Ended(usize),
    /// It was started again and serves.
    Back(usize),
}

/// The fault that a service's end is put down to, and how long it then stays away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Blame {
    pub(crate) fault: usize,
    pub(crate) restart_after: Option<u64>,
}

impl Services {
    /// Starts all services. The manifest is on disk before each start, so that a torn trial can be analysed. `say` hears what is
    /// waited for, where that takes long.
    pub(crate) fn start(
        stage: &TrialStage<'_>,
        manifest: &mut TrialManifest,
        events: &mut EventLog,
        say: &mut dyn FnMut(String),
    ) -> Result<Self, RunError> {
        let services = &stage.plan.services;
        let order = callers_first(services)
            .map_err(|error| RunError::Fixture { fixture: "chain".to_owned(), problem: error.to_string() })?;
        manifest.processes = (0..services.len()).map(|index| stage.process(index, 0)).collect();
        store::write_json(&stage.dir.manifest(), manifest)?;
        let place = |(entry, service): (usize, &Service)| ServicePlace {
            entry,
            shutdown: service.shutdown.0,
            ..ServicePlace::default()
        };
        let mut out =
            Self { places: services.iter().enumerate().map(place).collect(), order, for_user: false };
        for index in out.order.clone().into_iter().rev() {
            let running = stage.start_one(index, &out.addresses(), say)?;
            out.places[index].enter(running, index, stage, manifest, events)?;
        }
        Ok(out)
    }

    /// Where they serve, in the plan's order.
    fn addresses(&self) -> Vec<Option<SocketAddr>> {
        self.places.iter().map(|place| place.address).collect()
    }

    /// Address and path of the requests: the first service gets them.
    pub(crate) fn entry(&self) -> Result<(SocketAddr, String), RunError> {
        let first = self.places.first();
        first.and_then(|place| Some((place.address?, place.path.clone()))).ok_or_else(|| RunError::Fixture {
            fixture: "chain".to_owned(),
            problem: "has no service that could take the load".to_owned(),
        })
    }

    /// Where a service that runs serves.
    pub(crate) fn address_of(&self, service: usize) -> Option<SocketAddr> {
        self.places.get(service)?.address
    }

    /// Process id of a service that runs.
    pub(crate) fn pid(&self, service: usize) -> Option<u32> {
        self.places.get(service)?.running.as_ref().map(RunningService::pid)
    }

    /// State of a service as its span ledger says; `None` without one.
    pub(crate) fn state(&self, service: usize) -> Option<LiveState> {
        self.places.get(service)?.state()
    }

    /// Sends a running service a signal; whether there was one.
    pub(crate) fn signal(&self, service: usize, signal: Signal) -> bool {
        let running = self.places.get(service).and_then(|place| place.running.as_ref());
        running.map(|running| running.signal(signal)).is_some()
    }

    /// Puts the end of a service, which is to come, down to a fault.
    pub(crate) fn blame(&mut self, service: usize, blame: Blame) {
        if let Some(place) = self.places.get_mut(service) {
            place.blame = Some(blame);
        }
    }

    /// Tells a running service to switch a fault of its code; whether there was one.
    pub(crate) fn switch(&mut self, service: usize, fault: usize, on: bool) -> bool {
        let running = self.places.get_mut(service).and_then(|place| place.running.as_mut());
        running.map(|running| running.switch(fault, on)).is_some()
    }

    /// What a service has said of its faults.
    pub(crate) fn heard(&mut self, service: usize) -> Vec<Switched> {
        let running = self.places.get_mut(service).and_then(|place| place.running.as_mut());
        running.map(RunningService::heard).unwrap_or_default()
    }

    /// Whether somebody is on the way: starting, due to be started, or asked to stop.
    pub(crate) fn is_busy(&self) -> bool {
        self.places.iter().any(ServicePlace::is_busy)
    }

    /// Asks a service to stop, to be killed when its time is over, or after `grace`; whether there was one.
    pub(crate) fn ask_to_stop(&mut self, service: usize, grace: Option<Period>) -> Result<bool, RunError> {
        let for_user = self.for_user;
        let Some(place) = self.places.get_mut(service) else { return Ok(false) };
        if let Some(grace) = grace.filter(|_| place.running.is_some()) {
            place.until.get_or_insert(clock::now() + grace.nanos());
        }
        place.ask_to_stop(Signal::SIGTERM, STOP_GRACE, for_user)
    }

    /// Lets those that are held before their programs go.
    pub(crate) fn release(&self) {
        self.places.iter().filter_map(|place| place.running.as_ref()).for_each(RunningService::release);
    }

    /// Hands what the user asked of us on to all that run. It is for their users to say how long a shutdown takes, so nothing is
    /// added to that.
    pub(crate) fn hand_on(&mut self, signal: Signal) -> Result<(), RunError> {
        self.end_for_user();
        self.places.iter_mut().try_for_each(|place| place.ask_to_stop(signal, Duration::ZERO, true).map(drop))
    }

    /// Notes that the user asked for the end.
    pub(crate) fn end_for_user(&mut self) {
        self.for_user = true;
    }

    /// Whether any of them runs.
    pub(crate) fn run(&self) -> bool {
        self.places.iter().any(|place| place.running.is_some())
    }

    /// What probes have seen of those that run, put together.
    pub(crate) fn seen(&self) -> Life {
        let running = self.places.iter().filter_map(|place| place.running.as_ref());
        running.filter_map(RunningService::seen).map(Life::of).fold(Life::default(), Life::and)
    }

    /// What probes have seen of a service that runs.
    pub(crate) fn seen_of(&self, service: usize) -> Option<&LiveCounts> {
        self.places.get(service)?.running.as_ref()?.seen()
    }

    /// Looks after all: who has ended, who is ready, who is to be started again. Whoever ends without a fault that is known to
    /// have done it is put down to the suspect, if there is one.
    pub(crate) fn look(
        &mut self,
        watch: &mut ServiceWatch<'_, '_>,
        suspect: &dyn Fn(usize) -> Option<Blame>,
    ) -> Result<Vec<ServiceChange>, RunError> {
        let mut out = Vec::new();
        for service in 0..self.places.len() {
            if self.places[service].end_overdue_or_none(service, watch, suspect)? {
                out.push(ServiceChange::Ended(service));
            }
            if self.begin_again(service, watch)? {
                out.push(ServiceChange::Back(service));
            }
        }
        Ok(out)
    }

    /// Starts a service that is due; whether it has just become ready.
    fn begin_again(&mut self, service: usize, watch: &mut ServiceWatch<'_, '_>) -> Result<bool, RunError> {
        if self.places[service].again_at.is_some_and(|at| clock::now() >= at) {
            let incarnation = self.places[service].incarnation + 1;
            let listen = self.places[service].address;
            let addresses = self.addresses();
            let process = watch.stage.process(service, incarnation);
            let starting = watch.stage.begin(service, incarnation, listen, &addresses)?;
            watch.sampler.add(starting.pid(), watch.stage.ledger_of(service, incarnation));
            let place = &mut self.places[service];
            place.again_at = None;
            place.incarnation = incarnation;
            place.entry = watch.manifest.processes.len();
            watch.manifest.processes.push(process);
            store::write_json(&watch.stage.dir.manifest(), watch.manifest)?;
            place.starting = Some(starting);
        }
        let Some(starting) = self.places[service].starting.take() else { return Ok(false) };
        match starting.look(Duration::ZERO)? {
            Err(not_yet) => {
                self.places[service].starting = Some(not_yet);
                Ok(false)
            }
            Ok(running) => {
                self.places[service].enter(running, service, watch.stage, watch.manifest, watch.events)?;
                Ok(true)
            }
        }
    }

    /// In which order they stop: nobody calls a service that is gone.
    pub(crate) fn callers_first(&self) -> Vec<usize> {
        self.order.clone()
    }

    /// Asks a service to stop; whether it is still there. One that is due to come back does not; one that is on its way must
    /// be there before it can be stopped.
    pub(crate) fn forget_or_stop(&mut self, service: usize) -> Result<bool, RunError> {
        let Some(place) = self.places.get_mut(service) else { return Ok(false) };
        place.again_at = None;
        if place.starting.is_none() && place.running.is_none() {
            return Ok(false);
        }
        self.ask_to_stop(service, None)?;
        Ok(true)
    }
}

/// Notes how a process ended, before anything long: it decides fates.
fn note_end(
    service: usize,
    entry: usize,
    end: ProcessEnd,
    watch: &mut ServiceWatch<'_, '_>,
) -> Result<MonoNs, RunError> {
    let at = end.at;
    watch.manifest.phases.stopped = at;
    let name = &watch.stage.plan.services[service].name;
    let data = json!({"service": name, "code": end.code, "signal": end.signal});
    if let Some(process) = watch.manifest.processes.get_mut(entry) {
        process.end = Some(end);
    }
    store::write_json(&watch.stage.dir.manifest(), watch.manifest)?;
    watch.events.say(EventKind::ProcessExited, data)?;
    Ok(at)
}
