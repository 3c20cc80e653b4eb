//! Times in which faults kept the load from reaching the service: what did not start then is the fault's doing, not the
//! generator's.

use spanfate_model::fault::measure::Measured;
use spanfate_model::fault::{Family, FaultKind, Target};
use spanfate_model::format::event::{Event, EventKind, FaultEvent};
use spanfate_model::plan::PlannedVariant;
use spanfate_model::quantity::unit::MonoNs;

/// A fault that began, and its end; `MonoNs::MAX` where it had none.
#[derive(Clone, Debug)]
pub(crate) struct Acted {
    pub(crate) fault: usize,
    pub(crate) from: MonoNs,
    pub(crate) to: MonoNs,
    /// The fixture has said since when.
    confirmed: bool,
    pub(crate) applied: FaultEvent,
    /// What was said when it ended.
    pub(crate) cleared: Option<FaultEvent>,
}

impl Acted {
    /// Whether it set a quota on the CPU time of a service.
    pub(crate) fn is_quota(&self) -> bool {
        self.cleared.as_ref().is_some_and(|said| said.measured.contains_key(&Measured::ThrottledNs.into()))
    }
}

/// Something a fault's event says, in the order of time.
fn said(events: &[Event]) -> impl Iterator<Item = (&Event, FaultEvent)> {
    let of_faults =
        [EventKind::FaultApplied, EventKind::FaultConfirmed, EventKind::FaultCleared, EventKind::FaultMissed];
    events
        .iter()
        .filter(move |event| of_faults.contains(&event.kind))
        .filter_map(|event| Some((event, serde_json::from_value(event.data.clone()).ok()?)))
}

/// When each fault acted.
pub(crate) fn acted(events: &[Event]) -> Vec<Acted> {
    let mut out: Vec<Acted> = Vec::new();
    for (event, data) in said(events) {
        let open = out.iter_mut().rfind(|acted| acted.fault == data.fault && acted.cleared.is_none());
        match (event.kind, open) {
            (EventKind::FaultApplied, _) => {
                let from = event.at;
                let (fault, to) = (data.fault, MonoNs::MAX);
                out.push(Acted { fault, from, to, confirmed: false, applied: data, cleared: None });
            }
            // The fixture knows better than the harness when it began. A later start of it says so again.
            (EventKind::FaultConfirmed, Some(acted)) if data.applied == Some(true) && !acted.confirmed => {
                acted.from = data.since.unwrap_or(acted.from).max(acted.from);
                acted.confirmed = true;
            }
            (EventKind::FaultCleared, Some(acted)) => {
                acted.to = event.at;
                acted.cleared = Some(data);
            }
            // A fault that counts requests acts from the beginning; only its end is said.
            (EventKind::FaultCleared, None) => {
                let applied = FaultEvent { fault: data.fault, ..FaultEvent::default() };
                let fault = data.fault;
                out.push(Acted {
                    fault,
                    from: 0,
                    to: event.at,
                    confirmed: false,
                    applied,
                    cleared: Some(data),
                });
            }
            _ => {}
        }
    }
    out
}

/// Why faults did not begin, or could not act.
pub(crate) fn missed(events: &[Event], fault: usize) -> Vec<String> {
    let missed =
        said(events).filter(|(event, data)| event.kind == EventKind::FaultMissed && data.fault == fault);
    missed.map(|(_, data)| data.why).collect()
}

/// The times in which requests could not be sent as planned, or not to anybody, because a fault was on a service or on a link
/// between load and services. One that ends a process lasts until the trial's end: it may come back or not.
pub(crate) fn excused(variant: &PlannedVariant, acted: &[Acted]) -> Vec<(MonoNs, MonoNs)> {
    let counts = |acted: &&Acted| {
        let fault = variant.faults.get(acted.fault);
        fault.is_some_and(|fault| match (fault.kind.family(), &fault.on) {
            // A rule holds nobody up.
            _ if matches!(fault.kind, FaultKind::SamplingRule(_)) => false,
            // A collector takes no request of the load, and neither does an engine.
            (_, Some(on)) if on.service().is_some_and(|name| variant.places().any(|known| known == name)) => {
                false
            }
            (Family::Network, Some(link)) if is_to_engine(link, variant) => false,
            (Family::Receiver, _) | (Family::Network, Some(Target::Link { to: None, .. })) => false,
            (Family::Network | Family::Process | Family::Code, _) => true,
        })
    };
    let length = |acted: &Acted| {
        let kind = variant.faults.get(acted.fault).map(|fault| &fault.kind);
        let ends = kind.is_some_and(|kind| kind.ends_process().is_some());
        (acted.from, if ends { MonoNs::MAX } else { acted.to })
    };
    acted.iter().filter(counts).map(length).collect()
}

/// Whether a link leads to the storage engine at the end of a path.
fn is_to_engine(link: &Target, variant: &PlannedVariant) -> bool {
    let engine = variant.engine.as_ref().map(|engine| &engine.name);
    matches!(link, Target::Link { to: Some(to), .. } if Some(to) == engine)
}

/// CPU time that neighbours of faults took within a window, nanoseconds: of one that lies partly in it, its share.
pub(crate) fn neighbours_ns(acted: &[Acted], window: (MonoNs, MonoNs)) -> u64 {
    let within = |acted: &Acted| {
        let cpu = *acted.cleared.as_ref()?.measured.get(&Measured::CpuNs.into())?;
        let lasted = acted.to.saturating_sub(acted.from).max(1);
        let inside = acted.to.min(window.1).saturating_sub(acted.from.max(window.0));
        Some((cpu as f64 * inside as f64 / lasted as f64) as u64)
    };
    acted.iter().filter_map(within).sum()
}
