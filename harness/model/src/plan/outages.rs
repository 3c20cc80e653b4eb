//! Whom an outage hits: the services, or a collector in their path.

use crate::fault::{Family, Target};
use crate::scenario::Fault;
use crate::scenario::pipeline::{CollectorHop, stages};

/// The longest outage that the exporters of services meet, seconds. What stands behind a collector is that collector's business.
pub fn of_services(hops: &[CollectorHop], faults: &[&Fault]) -> f64 {
    let hits = faults.iter().filter(|fault| hit(hops, fault).is_none());
    hits.map(|fault| fault.outage_s()).fold(0.0, f64::max)
}

/// The longest outage that a collector of the path meets behind it, seconds.
pub fn of_hop(hops: &[CollectorHop], faults: &[&Fault], hop: usize) -> f64 {
    let hits = faults.iter().filter(|fault| hit(hops, fault).is_some_and(|hit| hit.contains(&hop)));
    hits.map(|fault| fault.outage_s()).fold(0.0, f64::max)
}

/// The collectors whose exports a fault hits; `None`: those of the services. Where there is a collector the receiver is behind the last of
/// them; a link to the end of a further exporter is no part of the path.
fn hit(hops: &[CollectorHop], fault: &Fault) -> Option<Vec<usize>> {
    let places = stages(hops);
    let last = *places.last()?;
    if fault.on.is_none() && fault.kind.family() != Family::Receiver {
        return None;
    }
    match fault.target("") {
        Target::Receiver => {
            let all = places.iter().enumerate().filter(|(_, stage)| **stage == last);
            Some(all.map(|(index, _)| index).collect())
        }
        Target::Link { from: Some(from), to } => {
            let hop = hops.iter().position(|hop| hop.name == from)?;
            let leads_on = to.is_none_or(|to| hops.iter().any(|hop| hop.name == to));
            Some(if leads_on { vec![hop] } else { Vec::new() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_hits_who_sends_there() {
        let faults = r#"[{"kind": "down", "at": "1s", "for": "1s"},
            {"kind": "down", "at": "1s", "for": "2s", "on": "agent -> gateway"},
            {"kind": {"answer": {"never": {}}}, "at": "1s", "for": "3s"},
            {"kind": "down", "at": "1s", "for": "4s", "on": "gateway -> otlp/second"},
            {"kind": {"kill": {}}, "at": "1s", "on": "gateway"}]"#;
        let read: Vec<Fault> = serde_json::from_str(faults).unwrap();
        let faults: Vec<&Fault> = read.iter().collect();
        let hops = ["agent", "gateway"].map(CollectorHop::new);
        let found = [of_services(&hops, &faults), of_hop(&hops, &faults, 0), of_hop(&hops, &faults, 1)];
        assert_eq!(found.map(|seconds| seconds.round() as u64), [1, 2, 3]);
        assert_eq!(of_services(&[], &faults[..3]).round() as u64, 3);
        // What a plan has resolved.
        let on = |text: &str| Fault { on: Some(text.to_owned().try_into().unwrap()), ..read[0].clone() };
        assert_eq!(of_hop(&hops, &[&on("http -> receiver")], 1).round() as u64, 0);
        assert_eq!(of_hop(&hops, &[&on("gateway -> receiver")], 1).round() as u64, 1);
    }
}
