//! Which service calls which, and what one request makes of each: the arithmetic that says which spans must exist.

use std::ops::RangeInclusive;

use crate::scenario::Service;

/// What one request makes of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// Calls between the load and it, the shortest way: 0 for the service the load talks to.
    pub depth: u16,
    /// Calls to it per request.
    pub visits: u32,
    /// Spans per request, fewest and most: a cache makes fewer on a hit.
    pub spans: RangeInclusive<u32>,
}

/// Spans a cache look-up makes: `cache.Get` and `cache.lru`, and on a miss `pool.wait` and `store.GET`.
const CACHE_SPANS: RangeInclusive<u32> = 2..=4;

/// Something that keeps the services from being a chain.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TopologyError {
    /// Somebody calls a service that is not there.
    #[error("`{caller}` names the service `{called}`, which is not there")]
    Unknown {
        /// Who.
        caller: String,
        /// Whom.
        called: String,
    },
    /// A service calls itself, perhaps through others.
    #[error("the calls from `{0}` come back to it")]
    Circle(String),
    /// More calls per request than can be meant.
    #[error("one request makes more than {MOST_VISITS} calls")]
    Many,
}

/// Most calls to one service per request.
const MOST_VISITS: u32 = 10_000;

/// The share of every service, in the services' order. The load talks to the first.
pub fn shares(services: &[Service]) -> Result<Vec<Share>, TopologyError> {
    let order = callers_first(services)?;
    let mut visits = vec![0_u32; services.len()];
    let mut depth = vec![u16::MAX; services.len()];
    if let (Some(visits), Some(depth)) = (visits.first_mut(), depth.first_mut()) {
        (*visits, *depth) = (1, 0);
    }
    for caller in order {
        for called in called_by(services, caller)? {
            visits[called] = visits[called].saturating_add(visits[caller]);
            if visits[called] > MOST_VISITS {
                return Err(TopologyError::Many);
            }
            depth[called] = depth[called].min(depth[caller].saturating_add(1));
        }
    }
    let share = |(index, service): (usize, &Service)| {
        let (least, most) = spans_per_visit(service);
        let times = |spans: u32| spans.saturating_mul(visits[index]);
        Share { depth: depth[index], visits: visits[index], spans: times(least)..=times(most) }
    };
    Ok(services.iter().enumerate().map(share).collect())
}

/// Spans of one call: its own, one client span per call it makes, and those of its cache.
fn spans_per_visit(service: &Service) -> (u32, u32) {
    if !service.makes_spans() {
        return (0, 0);
    }
    let fixed = service.spans_per_request.get().saturating_add(service.calls.len() as u32);
    let cache = if service.cache.is_some() { CACHE_SPANS } else { 0..=0 };
    (fixed.saturating_add(*cache.start()), fixed.saturating_add(*cache.end()))
}

/// Services in an order in which every caller comes before those it calls. Stopping goes this way, starting the other.
pub fn callers_first(services: &[Service]) -> Result<Vec<usize>, TopologyError> {
    let mut state = vec![VisitState::New; services.len()];
    let mut out = Vec::with_capacity(services.len());
    for index in 0..services.len() {
        visit(services, index, &mut state, &mut out)?;
    }
    out.reverse();
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum VisitState {
    New,
    Open,
    Done,
}

fn visit(
    services: &[Service],
    index: usize,
    state: &mut [VisitState],
    out: &mut Vec<usize>,
) -> Result<(), TopologyError> {
    match state[index] {
        VisitState::Done => return Ok(()),
        VisitState::Open => return Err(TopologyError::Circle(services[index].name.clone())),
        VisitState::New => {}
    }
    state[index] = VisitState::Open;
    for called in called_by(services, index)? {
        visit(services, called, state, out)?;
    }
    state[index] = VisitState::Done;
    out.push(index);
    Ok(())
}

/// Indices of the services that one service calls; its store is one of them.
pub fn called_by(services: &[Service], caller: usize) -> Result<Vec<usize>, TopologyError> {
    let Some(service) = services.get(caller) else { return Ok(Vec::new()) };
    let names = service.calls.iter().chain(service.cache.as_ref().map(|cache| &cache.store));
    names
        .map(|name| {
            services
                .iter()
                .position(|other| other.name == *name)
                .ok_or_else(|| TopologyError::Unknown { caller: service.name.clone(), called: name.clone() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::scenario::{Cache, Fixture};

    fn service(name: &str, calls: &[&str]) -> Service {
        Service {
            name: name.to_owned(),
            calls: calls.iter().map(|&name| name.to_owned()).collect(),
            spans_per_request: NonZeroU32::new(3).unwrap(),
            ..Service::default()
        }
    }

    #[test]
    fn a_chain_makes_a_client_span_per_hop() {
        let chain = [service("a", &["b"]), service("b", &["c"]), service("c", &[])];
        let shares = shares(&chain).unwrap();
        let spans: Vec<_> =
            shares.iter().map(|share| (share.depth, share.visits, *share.spans.end())).collect();
        assert_eq!(spans, [(0, 1, 4), (1, 1, 4), (2, 1, 3)]);
    }

    #[test]
    fn a_service_reached_twice_works_twice() {
        let diamond =
            [service("a", &["b", "c"]), service("b", &["d"]), service("c", &["d", "d"]), service("d", &[])];
        let shares = shares(&diamond).unwrap();
        assert_eq!(shares[3], Share { depth: 2, visits: 3, spans: 9..=9 });
        assert_eq!(callers_first(&diamond).unwrap().first(), Some(&0));
        assert_eq!(callers_first(&diamond).unwrap().last(), Some(&3));
    }

    #[test]
    fn a_cache_makes_two_spans_or_four_and_its_store_none() {
        let mut front = service("front", &[]);
        let four = NonZeroU32::MIN.saturating_add(3);
        front.cache = Some(Cache { store: "store".to_owned(), pool: four, entries: four, keys: four });
        let store = Service { name: "store".to_owned(), fixture: Fixture::Store, ..Service::default() };
        let shares = shares(&[front, store]).unwrap();
        assert_eq!(shares[0].spans, 5..=7);
        assert_eq!(shares[1], Share { depth: 1, visits: 1, spans: 0..=0 });
    }

    #[test]
    fn circles_and_strangers_are_named() {
        let circle = [service("a", &["b"]), service("b", &["a"])];
        assert_eq!(shares(&circle), Err(TopologyError::Circle("a".to_owned())));
        let stranger = shares(&[service("a", &["x"])]).unwrap_err().to_string();
        assert_eq!(stranger, "`a` names the service `x`, which is not there");
    }
}
