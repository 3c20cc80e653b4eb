//! The way of the spans as a Sankey diagram: ribbons as wide as their spans are many.

mod layout;

use plotters::element::{PathElement, Polygon};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::figure::{Area, Drawing, Drawn, WIDTH, px, stroke, write};
use super::svg::Ink;
use crate::figures::funnel::{Course, Funnel, FunnelExit};
use crate::markup::Html;
use crate::text::number::PAGE;
use layout::{Layout, Node, Ribbon};

/// Points of each edge of a ribbon.
const POINTS: u8 = 16;
/// Ribbons below that height get a line along their middle: where they go down steeply they would be thinner than a hair.
const THIN: f64 = 4.0;

/// The diagram of a way. `whose` completes "The way of the spans …".
pub(crate) fn sankey(key: &str, whose: &str, way: &Funnel) -> Html {
    let layout = Layout::of(way);
    let title = format!("The way of the spans {whose}");
    let figure =
        Drawing { key: key.to_owned(), title: &title, description: description(way), height: layout.size.1 };
    let drawn = figure.sized(layout.size.0, |area, _| draw(area, &layout));
    if layout.size.0 == WIDTH {
        return drawn;
    }
    let attributes = [("class", "wide"), ("role", "group"), ("tabindex", "0"), ("aria-label", &*title)];
    Html::element("div", &attributes, drawn)
}

fn description(way: &Funnel) -> String {
    let list = |exits: &[FunnelExit]| {
        let all: Vec<String> =
            exits.iter().map(|exit| format!("{} {}", PAGE.count(exit.spans), exit.name)).collect();
        all.join(", ")
    };
    let mut parts = vec![format!("Created {}", PAGE.count(way.created))];
    if !way.unseen.is_empty() {
        parts.push(format!("left at an unknown place: {}", list(&way.unseen)));
    }
    for stretch in &way.stretches {
        if !stretch.exits.is_empty() {
            parts.push(format!("left before {}: {}", stretch.reached, list(&stretch.exits)));
        }
        parts.push(format!("{} {}", stretch.reached, PAGE.count(stretch.onward)));
    }
    format!("{}.", parts.join("; "))
}

const fn inks(course: Course) -> (Ink, Ink) {
    match course {
        Course::Onward => (Ink::Created, Ink::OnwardFlow),
        Course::Received => (Ink::Received, Ink::ReceivedFlow),
        Course::Deliberate => (Ink::Deliberate, Ink::DeliberateFlow),
        Course::Lost => (Ink::Lost, Ink::LostFlow),
        Course::Unplaced => (Ink::Unplaced, Ink::UnplacedFlow),
    }
}

fn draw(area: &Area<'_>, layout: &Layout) -> Drawn {
    for ribbon in &layout.ribbons {
        if let (Some(from), Some(to)) = (layout.nodes.get(ribbon.ends.0), layout.nodes.get(ribbon.ends.1)) {
            flow(area, ribbon, from, to)?;
        }
    }
    for node in &layout.nodes {
        let (left, right) = node.across;
        let (top, bottom) = node.down;
        if bottom > top {
            let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
            let corners: Vec<(i32, i32)> = corners.iter().map(|(x, y)| (px(*x), px(*y))).collect();
            area.draw(&Polygon::new(corners, inks(node.course).0.color().filled()))?;
        }
        for (line, (text, middle)) in node.label.lines.iter().zip(node.label.middles).enumerate() {
            let ink = if line == 0 { Ink::Text } else { Ink::Soft };
            write(area, text, ink, (node.label.left, middle), HPos::Left)?;
        }
    }
    Ok(())
}

fn flow(area: &Area<'_>, ribbon: &Ribbon, from: &Node, to: &Node) -> Drawn {
    let (begin, end) = (from.across.1, to.across.0);
    let [first, last] = ribbon.down;
    let edge = |from: f64, to: f64| -> Vec<(i32, i32)> {
        // Level at both ends: 3t² − 2t³.
        let point = |at: u8| {
            let t = f64::from(at) / f64::from(POINTS);
            (px(begin + (end - begin) * t), px(from + (to - from) * t * t * 2.0f64.mul_add(-t, 3.0)))
        };
        // A level edge needs no more than its ends.
        let every = if px(from) == px(to) { POINTS } else { 1 };
        (0..=POINTS).step_by(usize::from(every)).map(point).collect()
    };
    let (line, fill) = inks(to.course);
    let mut points = edge(first.0, last.0);
    points.extend(edge(first.1, last.1).into_iter().rev());
    area.draw(&Polygon::new(points, fill.color().filled()))?;
    if last.1 - last.0 < THIN {
        let middle = edge(f64::midpoint(first.0, first.1), f64::midpoint(last.0, last.1));
        area.draw(&PathElement::new(middle, stroke(line, 1.0)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use spanfate_model::fate::Fate;

    use super::*;

    #[test]
    fn a_way_is_told_in_words_as_well() {
        let mut counts = vec![0; Funnel::kinds()];
        let unaccounted = counts.len() - 1;
        (
            counts[Funnel::place(Fate::Received)],
            counts[Funnel::place(Fate::DroppedQueueFull)],
            counts[unaccounted],
        ) = (90, 7, 3);
        assert_eq!(
            description(&Funnel::made_up(&counts)),
            "Created 100; left at an unknown place: 3 unaccounted; left before queued: 7 dropped_queue_full; queued 90; \
             received 90."
        );
    }
}
