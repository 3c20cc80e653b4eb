//! What the taps before collectors tell of a span: which of them took it, and when.

use spanfate_model::fate::witness::Witness;
use spanfate_model::quantity::id::SpanKey;

use super::steps::Steps;
use crate::evidence::opened::Opened;

/// The steps that taps tell.
pub(super) fn tell(opened: &Opened<'_>, key: &SpanKey, steps: &mut Steps) {
    let place = opened.processes.iter().enumerate().find_map(|(at, process)| Some((at, process.find(key)?)));
    let Some((process, number)) = place else { return };
    for hop in &opened.hops.hops {
        let Some(receipt) = hop.receipts.of(process, number).filter(|receipt| receipt.copies > 0) else {
            continue;
        };
        let copies = match receipt.copies {
            1 => String::new(),
            copies => format!(", {copies} copies of it in all"),
        };
        steps.say(
            receipt.first,
            Some(Witness::Wire),
            format!("the collector `{}` took it{copies}", hop.name),
        );
        for end in &hop.ends {
            let there = end.receipts.of(process, number).filter(|receipt| receipt.copies > 0);
            if let Some(there) = there {
                let what =
                    format!("received at the end of `{}` of the collector `{}`", end.exporter, hop.name);
                steps.say(there.first, Some(Witness::Wire), what);
            }
        }
    }
}
