//! A controller outside of the services: it looks at what the probes on them count, and while exporting is in trouble it asks their
//! sampling endpoints for less. It decides as the one inside does (`go-fixtures/samplingctl/switch.go`).

use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use spanfate_model::fault::SamplingRule;
use spanfate_model::fixture::endpoint_token;
use spanfate_model::format::event::{AskedEvent, EventKind};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::{Design, EndpointDesign, Fixture, Service, SwitchDesign, SwitchDrive};

use crate::RunError;
use crate::host::clock;
use crate::probe::LiveCounts;
use crate::trial::endpoint;
use crate::trial::events::EventLog;
use crate::trial::services::{Services, TrialStage};

/// Share of the bound below which a queue must fall before a switch is off again: between the two it stays as it is.
const SLACK: f64 = 0.5;

/// How exporting goes, as the probes saw it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct ExportHealth {
    /// Share of the fullest queue that is filled.
    filled: f64,
    /// Batches whose export has failed so far.
    failed: u64,
}

impl ExportHealth {
    fn of(seen: &LiveCounts) -> Self {
        Self { filled: seen.filled(), failed: seen.failed.load(Ordering::Relaxed) }
    }

    /// Exports that failed since the look before. A process that was started again begins at nothing.
    fn failed_since(self, before: Self) -> u64 {
        self.failed.checked_sub(before.failed).unwrap_or(self.failed)
    }
}

/// The switches of a trial's services; none where the scenario sets none that is driven from outside.
pub(super) struct ProbeSwitch(Vec<ServiceSwitch>);

/// The switch of one service.
struct ServiceSwitch {
    design: SwitchDesign,
    /// Its number, and its name.
    service: usize,
    name: String,
    token: String,
    rules: Vec<SamplingRule>,
    on: bool,
    before: ExportHealth,
    /// It is asked no earlier.
    again: MonoNs,
    /// Sends the rules, which may take as long as the service lets it wait.
    asking: Option<Asking>,
}

struct Asking {
    thread: JoinHandle<Result<(), String>>,
    event: AskedEvent,
}

impl ProbeSwitch {
    pub(super) fn of(stage: &TrialStage<'_>) -> Self {
        let Some(Design::Endpoint(EndpointDesign { switch: Some(design) })) = stage.variant.design else {
            return Self(Vec::new());
        };
        let token = endpoint_token(&stage.planned.tag);
        let has_one =
            |service: &Service| design.by == SwitchDrive::Probes && service.fixture == Fixture::Http;
        let services = stage.plan.services.iter().enumerate().filter(|(_, service)| has_one(service));
        let switch = |(service, of): (usize, &Service)| ServiceSwitch {
            rules: rules(&design, of),
            design,
            service,
            name: of.name.clone(),
            token: token.clone(),
            on: false,
            before: ExportHealth::default(),
            again: 0,
            asking: None,
        };
        Self(services.map(switch).collect())
    }

    /// Looks at each service, and asks where that is due. To be called often.
    pub(super) fn step(&mut self, services: &Services, events: &mut EventLog) -> Result<(), RunError> {
        self.0.iter_mut().try_for_each(|switch| {
            switch.hear(false, events)?;
            // While it is not there nobody can be asked.
            let Some(seen) = services.seen_of(switch.service) else { return Ok(()) };
            switch.look(ExportHealth::of(seen), services)
        })
    }

    /// Waits for answers that are still to come.
    pub(super) fn finish(mut self, events: &mut EventLog) -> Result<(), RunError> {
        self.0.iter_mut().try_for_each(|switch| switch.hear(true, events))
    }
}

impl ServiceSwitch {
    fn look(&mut self, health: ExportHealth, services: &Services) -> Result<(), RunError> {
        let before = std::mem::replace(&mut self.before, health);
        self.on = next(self.on, self.design.filled, before, health);
        let due = self.on && self.asking.is_none() && clock::now() >= self.again;
        let Some(address) = services.address_of(self.service).filter(|_| due) else { return Ok(()) };
        let (rules, token) = (self.rules.clone(), self.token.clone());
        let thread = std::thread::Builder::new()
            .name("switch".to_owned())
            .spawn(move || rules.iter().try_for_each(|rule| endpoint::send(address, &token, rule)))
            .map_err(RunError::system("start a thread"))?;
        let event = AskedEvent {
            service: self.name.clone(),
            filled: health.filled,
            failed: health.failed_since(before),
            problem: None,
        };
        self.asking = Some(Asking { thread, event });
        Ok(())
    }

    /// Notes what the endpoint answered, once it has; `wait` for that. Rules that hold are asked for anew when half of their time is over.
    fn hear(&mut self, wait: bool, events: &mut EventLog) -> Result<(), RunError> {
        let Some(asking) = self.asking.take_if(|asking| wait || asking.thread.is_finished()) else {
            return Ok(());
        };
        let answer = asking.thread.join().unwrap_or_else(|_| Err("the rules could not be sent".to_owned()));
        if answer.is_ok() {
            self.again = clock::now() + self.design.lasting.nanos() / 2;
        }
        let event = AskedEvent { problem: answer.err(), ..asking.event };
        events.say(EventKind::SamplingAsked, serde_json::to_value(event).unwrap_or_default())
    }
}

/// Whether a switch is on after a look.
fn next(on: bool, at: f64, before: ExportHealth, now: ExportHealth) -> bool {
    now.failed_since(before) > 0 || now.filled >= at || (on && now.filled >= at * SLACK)
}

/// A rule for each name that the service gives to its spans.
fn rules(design: &SwitchDesign, service: &Service) -> Vec<SamplingRule> {
    let rule = |span: &str| SamplingRule {
        span: span.to_owned(),
        rate: design.rate,
        condition: Some("error".to_owned()),
        lasting: Some(design.lasting),
    };
    service.names_of_spans().into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_decides_as_the_one_in_the_service_does() {
        let health = |filled, failed| ExportHealth { filled, failed };
        for (on, before, now, then) in [
            (false, health(0.0, 0), health(0.49, 0), false),
            (false, health(0.0, 0), health(0.5, 0), true),
            // Between half of the bound and the bound it stays as it was.
            (true, health(0.6, 0), health(0.26, 0), true),
            (false, health(0.2, 0), health(0.26, 0), false),
            (true, health(0.6, 0), health(0.24, 0), false),
            (false, health(0.0, 3), health(0.0, 4), true),
            (true, health(0.0, 4), health(0.0, 4), false),
            // Started again.
            (false, health(0.0, 4), health(0.0, 0), false),
            (false, health(0.0, 4), health(0.0, 1), true),
        ] {
            assert_eq!(next(on, 0.5, before, now), then, "{on} {before:?} {now:?}");
        }
    }

    #[test]
    fn each_name_has_a_rule() {
        let text = r#"{"filled":0.5,"rate":0.05,"lasting":"1s","by":"probes"}"#;
        let design: SwitchDesign = serde_json::from_str(text).unwrap();
        for (service, names) in [
            (Service::default(), vec!["GET /work", "work.child"]),
            (
                Service { span_names: vec!["cart.Load".to_owned()], ..Service::default() },
                vec!["GET /work", "cart.Load"],
            ),
        ] {
            let rules = rules(&design, &service);
            let spans: Vec<&str> = rules.iter().map(|rule| rule.span.as_str()).collect();
            assert_eq!(spans, names);
            assert!(rules.iter().all(|rule| rule.condition.as_deref() == Some("error")));
        }
    }
}
