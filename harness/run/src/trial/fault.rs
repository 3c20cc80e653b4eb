//! The faults of a trial: applied and cleared when they are due, each logged on the one clock with what it measured.

mod agenda;
mod cgroup;
mod process;
mod require;
pub(crate) mod surroundings;

use std::collections::{BTreeMap, BTreeSet};

use nix::sys::signal::Signal;
use spanfate_model::fault::measure::Measured;
use spanfate_model::fault::{Family, FaultKind, Target};
use spanfate_model::fixture::endpoint_token;
use spanfate_model::format::event::{Amounts, EventKind, FaultEvent, LiveState};
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::quantity::unit::{MonoNs, Period};
use spanfate_model::scenario::Fault;

use crate::host::clock;
use crate::receiver::Script;
use crate::trial::endpoint;
use crate::trial::hops::{HopEnded, Hops};
use crate::trial::links::TrialLinks;
use crate::trial::services::{Blame, ServiceChange, ServiceWatch, Services};
use crate::{RunError, fixture};

pub(crate) use require::{MachineNeed, require};

use agenda::{Agenda, AgendaItem};
use process::Injected;

/// How often it is looked while something may happen at any moment.
const CLOSE_LOOK_NS: u64 = 500_000;

/// What the faults of a trial act on.
pub(crate) struct FaultScene<'a, 'b, 'c> {
    pub(crate) services: &'a mut Services,
    pub(crate) hops: &'a mut Hops<'c>,
    pub(crate) watch: ServiceWatch<'b, 'c>,
    pub(crate) links: &'a TrialLinks,
    pub(crate) script: &'a Script,
}

impl FaultScene<'_, '_, '_> {
    /// The place of a collector in the path, by its number behind those of the services.
    fn hop(&self, place: usize) -> Option<usize> {
        place.checked_sub(self.watch.stage.plan.services.len())
    }

    /// Process id of what runs in a place.
    pub(crate) fn pid(&self, place: usize) -> Option<u32> {
        self.hop(place).map_or_else(|| self.services.pid(place), |hop| self.hops.pid(hop))
    }

    pub(crate) fn signal(&mut self, place: usize, signal: Signal) {
        match self.hop(place) {
            Some(hop) => self.hops.signal(hop, signal),
            None => _ = self.services.signal(place, signal),
        }
    }

    /// Puts the end of a process, which is to come, down to a fault. What a collector counted until then is kept.
    pub(crate) fn blame(&mut self, place: usize, blame: Blame) -> Result<(), RunError> {
        let Some(hop) = self.hop(place) else {
            self.services.blame(place, blame);
            return Ok(());
        };
        self.hops.look_inside(hop, self.watch.manifest)?;
        self.hops.blame(hop, blame);
        Ok(())
    }

    /// Asks a process to stop; `grace`: when it is killed, in place of what its own settings say.
    pub(crate) fn ask_to_stop(&mut self, place: usize, grace: Option<Period>) -> Result<(), RunError> {
        match self.hop(place) {
            Some(hop) => self.hops.ask_to_stop(hop, grace),
            None => self.services.ask_to_stop(place, grace).map(drop),
        }
    }

    /// Sends the rule of a fault to the sampling endpoint of the service it is on; why it was not taken. Other faults send none.
    fn tell(&self, kind: &FaultKind, service: usize) -> Result<(), String> {
        let FaultKind::SamplingRule(rule) = kind else { return Ok(()) };
        let address = self.services.address_of(service).ok_or("the service it is put on has no address")?;
        endpoint::send(address, &endpoint_token(&self.watch.stage.planned.tag), rule)
    }

    /// Has a collector read its configuration again. What it counted until then is kept: its counters begin anew.
    pub(crate) fn reload(&mut self, place: usize, fault: usize) -> Result<(), RunError> {
        let Some(hop) = self.hop(place) else { return Ok(()) };
        self.hops.look_inside(hop, self.watch.manifest)?;
        self.hops.reload(hop, fault);
        Ok(())
    }
}

/// The faults of a trial, on their way.
pub(crate) struct Driver<'a> {
    plan: &'a Plan,
    states: Vec<FaultState<'a>>,
    agenda: Agenda,
    cpus: &'a [u32],
}

/// A fault and how it stands.
struct FaultState<'a> {
    fault: &'a Fault,
    /// The service it is nearest to; a collector of the path has a number behind those of the services.
    service: usize,
    on: bool,
    /// Waits for its state.
    armed: bool,
    /// What was injected from outside.
    injected: Option<Injected>,
    /// Acted on at the receiver before it began this time.
    acted: u64,
}

impl<'a> Driver<'a> {
    /// The faults of a variant, for a load that begins then.
    pub(crate) fn new(
        plan: &'a Plan,
        variant: &'a PlannedVariant,
        seed: u64,
        began: MonoNs,
        cpus: &'a [u32],
    ) -> Self {
        let load = plan.load_of(variant);
        // How long a closed load lasts, nobody knows before.
        let length = match load.closed {
            Some(_) => u64::MAX / 4,
            None => load.warmup.nanos() + load.lasting.nanos(),
        };
        let service = |fault: &Fault| {
            let name = fault.on.as_ref().and_then(Target::service);
            let services = plan.services.iter().map(|service| service.name.as_str());
            services.chain(variant.places()).position(|known| Some(known) == name).unwrap_or(0)
        };
        let state = |fault: &'a Fault| FaultState {
            fault,
            service: service(fault),
            on: false,
            armed: fault.when.is_some(),
            injected: None,
            acted: 0,
        };
        Self {
            plan,
            states: variant.faults.iter().map(state).collect(),
            agenda: Agenda::new(&variant.faults, seed, began, length),
            cpus,
        }
    }

    /// Does what is due. To be called often; gives the time until when nothing is.
    pub(crate) fn step(&mut self, scene: &mut FaultScene<'_, '_, '_>) -> Result<MonoNs, RunError> {
        let suspects = self.suspects();
        let changes = scene.services.look(&mut scene.watch, &|service| suspects.get(&service).copied())?;
        for change in changes {
            match change {
                ServiceChange::Ended(service) => self.ended(service, scene)?,
                ServiceChange::Back(service) => self.back(service, scene),
            }
        }
        let services = self.plan.services.len();
        let suspect = |hop: usize| suspects.get(&(services + hop)).copied();
        for HopEnded(hop) in scene.hops.look(&mut scene.watch, &suspect)? {
            self.ended(services + hop, scene)?;
        }
        self.heard(scene)?;
        let now = clock::now();
        while let Some((number, step)) = self.agenda.due(now) {
            match step {
                AgendaItem::Apply => self.apply(number, ("", None), scene)?,
                AgendaItem::Clear => self.clear(number, scene)?,
            }
        }
        self.triggers(now, scene)?;
        let next = self.agenda.next().unwrap_or(MonoNs::MAX);
        let close = self.states.iter().any(|state| state.armed || state.fault.kind.ends_process().is_some());
        let close = close || scene.services.is_busy() || scene.hops.is_busy();
        Ok(if close { next.min(clock::now() + CLOSE_LOOK_NS) } else { next })
    }

    /// The load has ended: what has not begun does not begin any more.
    pub(crate) fn load_ended(&mut self, scene: &mut FaultScene<'_, '_, '_>) -> Result<(), RunError> {
        self.agenda.drop_beginnings();
        for number in 0..self.states.len() {
            if std::mem::take(&mut self.states[number].armed) {
                let why = "the state it waits for did not come before the load ended".to_owned();
                say(
                    scene,
                    EventKind::FaultMissed,
                    FaultEvent { fault: number, why, ..FaultEvent::default() },
                )?;
            }
        }
        Ok(())
    }

    /// Ends all that still acts.
    pub(crate) fn finish(&mut self, scene: &mut FaultScene<'_, '_, '_>) -> Result<(), RunError> {
        self.heard(scene)?;
        (0..self.states.len()).try_for_each(|number| self.clear(number, scene))?;
        // A fault that counts requests was never switched; the receiver says what it did.
        let counting = |state: &FaultState<'_>| state.fault.requests.is_some();
        for number in (0..self.states.len()).filter(|number| counting(&self.states[*number])) {
            let measured = Amounts::from([(Measured::Acted.into(), scene.script.acted(number as u8))]);
            let event = FaultEvent { fault: number, measured, ..FaultEvent::default() };
            say(scene, EventKind::FaultCleared, event)?;
        }
        Ok(())
    }

    fn triggers(&mut self, now: MonoNs, scene: &mut FaultScene<'_, '_, '_>) -> Result<(), RunError> {
        for number in 0..self.states.len() {
            let FaultState { fault, service, armed, .. } = &self.states[number];
            let Some(when) = fault.when.as_ref().filter(|_| *armed && self.agenda.may_begin(number, now))
            else {
                continue;
            };
            let named = when
                .service
                .as_ref()
                .and_then(|name| self.plan.services.iter().position(|service| service.name == *name));
            // A collector keeps no ledger: what is put on one and names no service waits for the first.
            let watched = named.unwrap_or(if *service < self.plan.services.len() { *service } else { 0 });
            let is_own = when.hop.is_none() && watched == *service;
            let state = match &when.hop {
                Some(hop) => scene.hops.state(hop),
                None => scene.services.state(watched),
            };
            let Some(state) = state else { continue };
            let holds = when.queue_at_least.is_none_or(|least| state.queue >= u64::from(least))
                && when.export_in_flight.is_none_or(|wanted| (state.in_flight > 0) == wanted)
                && when.spans_created.is_none_or(|least| state.created >= least);
            if holds {
                self.states[number].armed = false;
                self.agenda.begins(number, now);
                // A second look might say otherwise: it is this one that the fault acts on.
                self.apply(number, (&spoken(&state), is_own.then_some(state)), scene)?;
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        number: usize,
        (why, seen): (&str, Option<LiveState>),
        scene: &mut FaultScene<'_, '_, '_>,
    ) -> Result<(), RunError> {
        let FaultState { fault, service, .. } = &self.states[number];
        let (fault, service) = (*fault, *service);
        let state = seen.or_else(|| scene.services.state(service));
        let event = FaultEvent { fault: number, why: why.to_owned(), state, ..FaultEvent::default() };
        let mut injected = None;
        let gone = |scene: &FaultScene<'_, '_, '_>| scene.pid(service).is_none();
        match fault.kind.family() {
            Family::Network => {
                let link = fault.on.as_ref().ok_or_else(no_target)?;
                scene.links.apply(number, &fault.kind, link)?;
            }
            Family::Receiver => {
                self.states[number].acted = scene.script.acted(number as u8);
                scene.script.switch(number as u8, true);
            }
            Family::Process | Family::Code if gone(scene) => {
                self.agenda.gone(number);
                let why = "the process it is put on did not run".to_owned();
                return say(scene, EventKind::FaultMissed, FaultEvent { why, ..event });
            }
            Family::Process => {
                injected = process::apply(&fault.kind, number, service, self.cpus, scene)?;
            }
            Family::Code => {
                if let Err(why) = scene.tell(&fault.kind, service) {
                    return say(scene, EventKind::FaultMissed, FaultEvent { why, ..event });
                }
            }
        }
        if fixture::takes(fault) {
            scene.services.switch(service, number, true);
        }
        let state = &mut self.states[number];
        state.injected = injected;
        state.on = !fault.kind.is_moment();
        // A fault of code takes effect when the fixture says so; that comes as a time of its own.
        say(scene, EventKind::FaultApplied, event)
    }

    fn clear(&mut self, number: usize, scene: &mut FaultScene<'_, '_, '_>) -> Result<(), RunError> {
        let state = &mut self.states[number];
        if !std::mem::take(&mut state.on) {
            return Ok(());
        }
        let (fault, service, acted) = (state.fault, state.service, state.acted);
        let injected = state.injected.take();
        let mut measured = Amounts::new();
        match fault.kind.family() {
            Family::Network => {
                let link = fault.on.as_ref().ok_or_else(no_target)?;
                measured = scene.links.clear(number, &fault.kind, link)?;
            }
            Family::Receiver => {
                scene.script.switch(number as u8, false);
                measured
                    .insert(Measured::Acted.into(), scene.script.acted(number as u8).saturating_sub(acted));
            }
            Family::Process => {
                if let Some(injected) = injected {
                    measured = injected.end(service, scene)?;
                }
            }
            Family::Code => {}
        }
        if fixture::takes(fault) {
            scene.services.switch(service, number, false);
        }
        let event = FaultEvent { fault: number, measured, ..FaultEvent::default() };
        say(scene, EventKind::FaultCleared, event)
    }

    /// Which fault the end of each service would be put down to, if it ended now.
    fn suspects(&self) -> BTreeMap<usize, Blame> {
        let deadly = self.states.iter().enumerate().filter(|(_, state)| state.on);
        let blame = |(number, state): (usize, &FaultState<'_>)| {
            let restart = state.fault.kind.ends_process()?;
            let restart_after = restart.map(Period::nanos);
            Some((state.service, Blame { fault: number, restart_after }))
        };
        deadly.filter_map(blame).collect()
    }

    /// What was injected into a process from outside ends with it.
    fn ended(&mut self, service: usize, scene: &mut FaultScene<'_, '_, '_>) -> Result<(), RunError> {
        for number in 0..self.states.len() {
            let state = &self.states[number];
            let of_it = state.service == service && state.fault.kind.family() == Family::Process;
            if of_it && state.on && !matches!(state.fault.kind, FaultKind::Neighbour(_)) {
                self.clear(number, scene)?;
                self.agenda.gone(number);
            }
        }
        Ok(())
    }

    /// A service that is back has the faults of its code again that still act.
    fn back(&self, service: usize, scene: &mut FaultScene<'_, '_, '_>) {
        let acting =
            |state: &&FaultState<'_>| state.on && state.service == service && fixture::takes(state.fault);
        for (number, _) in self.states.iter().enumerate().filter(|(_, state)| acting(state)) {
            scene.services.switch(service, number, true);
        }
    }

    /// What fixtures have said of their faults: since when they act.
    fn heard(&self, scene: &mut FaultScene<'_, '_, '_>) -> Result<(), RunError> {
        let services: BTreeSet<usize> = self
            .states
            .iter()
            .filter(|state| fixture::takes(state.fault))
            .map(|state| state.service)
            .collect();
        for service in services {
            for word in scene.services.heard(service) {
                if let (Some(fault), Some(applied)) = (word.fault, word.applied) {
                    let (since, applied) = (Some(word.at), Some(applied));
                    let event = FaultEvent { fault, since, applied, ..FaultEvent::default() };
                    say(scene, EventKind::FaultConfirmed, event)?;
                }
                if let Some(problem) = word.error {
                    let fixture = self.plan.services[service].name.clone();
                    return Err(RunError::Fixture {
                        fixture,
                        problem: format!("could not switch a fault: {problem}"),
                    });
                }
            }
        }
        Ok(())
    }
}

fn say(scene: &mut FaultScene<'_, '_, '_>, kind: EventKind, event: FaultEvent) -> Result<(), RunError> {
    let data = serde_json::to_value(event).unwrap_or_default();
    scene.watch.events.say(kind, data)
}

fn no_target() -> RunError {
    let why = "a fault of the plan says nothing of what it is put on";
    RunError::system("read the plan")(std::io::Error::other(why))
}

/// The state that made a fault begin.
fn spoken(state: &LiveState) -> String {
    let LiveState { queue, in_flight, created } = state;
    format!("queue {queue}, {in_flight} exports in flight, {created} spans created")
}
