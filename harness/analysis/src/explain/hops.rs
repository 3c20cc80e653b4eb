//! What the taps before collectors and engines tell of a span: which of them took it, and when.

use spanfate_model::fate::witness::Witness;
use spanfate_model::quantity::id::SpanKey;

use super::steps::Steps;
use crate::evidence::opened::Opened;

/// The steps that taps tell.
pub(super) fn tell(opened: &Opened<'_>, key: &SpanKey, steps: &mut Steps) {
    let place = opened.processes.iter().enumerate().find_map(|(at, process)| Some((at, process.find(key)?)));
    let Some((process, number)) = place else { return };
    tell_engine(opened, (process, number), steps);
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

/// What the storage engine at the end of a path took, and showed when it was read back.
fn tell_engine(opened: &Opened<'_>, (process, number): (usize, usize), steps: &mut Steps) {
    let Some(engine) = &opened.engine else { return };
    if let Some(receipt) = engine.tap.of(process, number).filter(|receipt| receipt.copies > 0) {
        let what = format!("the storage engine `{}` took it", engine.name);
        steps.say(receipt.first, Some(Witness::Wire), what);
    }
    let read = engine.manifest.and_then(|manifest| manifest.back.as_ref()).map(|back| back.at);
    let shown = engine.shown(process, number, &opened.receipts);
    if let (Some(at), true) = (read, engine.read_back) {
        let what = if shown { "showed it" } else { "did not show it" };
        steps.say(at, Some(Witness::Wire), format!("`{}` was read back and {what}", engine.name));
    }
}
