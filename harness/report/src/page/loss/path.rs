//! The path of a variant as it is drawn: a box for each place, from left to right, those beside each other in one column.

use spanfate_model::result::HopResult;

use crate::figures::hops::{losses, losses_of};
use crate::markup::Html;
use crate::text::number::PAGE;

/// The path of spans from the services to the receiver, with what each place took and what was lost at it.
pub(super) fn drawing(created: u64, hops: &[HopResult], received: u64) -> Html {
    let mut columns: Vec<Vec<Html>> = vec![vec![place("services", created, "created", &[])]];
    for hop in hops {
        let made = place(&hop.name, hop.accepted, "accepted", &said(hop));
        match columns.last_mut().filter(|_| hop.beside) {
            Some(column) => column.push(made),
            None => columns.push(vec![made]),
        }
    }
    columns.push(vec![place("receiver", received, "received", &[])]);
    let column = |places: Vec<Html>| Html::element("li", &[], places.into_iter().collect());
    Html::element("ol", &[("class", "path")], columns.into_iter().map(column).collect())
}

/// A line, and whether it tells of a loss.
type PathLine = (String, bool);

/// What is said of a hop: its losses, what it left out on purpose, and its further exporters.
fn said(hop: &HopResult) -> Vec<PathLine> {
    let lost = losses(hop, PAGE).into_iter().map(|line| (line, true));
    let decided = losses_of(&hop.decided, PAGE).into_iter().map(|line| (line, false));
    let further = hop.further.iter().map(|end| {
        let mut line = format!("also to {}: {} arrived", end.exporter, PAGE.count(end.arrived));
        for part in losses_of(&end.lost, PAGE).into_iter().chain(losses_of(&end.decided, PAGE)) {
            line += &format!(", {part}");
        }
        (line, end.lost_in_all() > 0)
    });
    lost.chain(decided).chain(further).collect()
}

fn place(name: &str, count: u64, what: &str, lines: &[PathLine]) -> Html {
    let bad = lines.iter().any(|(_, lost)| *lost);
    let mut inner = Html::leaf("b", "", name);
    inner.push(&Html::leaf("span", "", format!("{} {what}", PAGE.count(count))));
    for (line, _) in lines {
        inner.push(&Html::leaf("small", "", line));
    }
    Html::element("div", &[("class", if bad { "at bad" } else { "at" })], inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use spanfate_model::fate::{CollectorLoss, Fate};
    use spanfate_model::result::HopEndResult;

    use super::*;

    #[test]
    fn every_place_has_its_count_and_what_was_lost_at_it() {
        let hop = |name: &str, beside, accepted| HopResult {
            name: name.to_owned(),
            beside,
            accepted,
            ..HopResult::default()
        };
        let full = BTreeMap::from([(Fate::LostInCollector(CollectorLoss::QueueFull), 7)]);
        let end = HopEndResult { exporter: "otlp/2".to_owned(), arrived: 80, ..HopEndResult::default() };
        let agent = HopResult { further: vec![end], lost: full, ..hop("agent", false, 100) };
        let made = drawing(100, &[agent, hop("one", false, 50), hop("two", true, 43)], 93).into_string();
        assert_eq!(
            made,
            "<ol class=\"path\"><li><div class=\"at\"><b>services</b><span>100 created</span></div></li>\
             <li><div class=\"at bad\"><b>agent</b><span>100 accepted</span><small>7 collector queue full</small>\
             <small>also to otlp/2: 80 arrived</small></div></li>\
             <li><div class=\"at\"><b>one</b><span>50 accepted</span></div>\
             <div class=\"at\"><b>two</b><span>43 accepted</span></div></li>\
             <li><div class=\"at\"><b>receiver</b><span>93 received</span></div></li></ol>"
        );
    }
}
