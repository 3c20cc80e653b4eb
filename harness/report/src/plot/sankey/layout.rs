//! Where the nodes, ribbons and labels of a Sankey diagram lie.
//!
//! Those who stay on the way keep to the top; those who leave it go down, each to a row of its own, the first ones to leave
//! the lowest. So no ribbon crosses another, and right of a row there is nothing but its label.

use super::super::figure::WIDTH;
use crate::figures::funnel::{Course, Funnel, FunnelExit};
use crate::text::number::PAGE;

/// Width of a plot that does not fit a phone.
pub(crate) const WIDE: u32 = 800;
/// Width of a node, and the gap between a mark and its label.
const NODE: f64 = 8.0;
const GAP: f64 = 6.0;
/// Height of what all created spans are drawn as, where none of them had to be widened.
const ALL: f64 = 150.0;
/// Least height of what stands for something.
const LEAST: f64 = 1.5;
/// About the width of a character, and the height of a line of text.
const CHARACTER: f64 = 7.2;
const LINE: f64 = 15.0;
/// Space between rows.
const APART: f64 = 7.0;
/// Least distance between stages.
const STEP: f64 = 84.0;

/// Two lines of text: a name, and a number below it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Label {
    pub(crate) lines: [String; 2],
    /// Left edge, and the middle of each line.
    pub(crate) left: f64,
    pub(crate) middles: [f64; 2],
}

/// Where spans come together.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub(crate) course: Course,
    pub(crate) spans: u64,
    /// Left and right edge.
    pub(crate) across: (f64, f64),
    /// Upper and lower edge; the same where there are no spans.
    pub(crate) down: (f64, f64),
    pub(crate) label: Label,
}

/// The spans that go from one node to another.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Ribbon {
    /// Indices of the nodes at its ends.
    pub(crate) ends: (usize, usize),
    pub(crate) spans: u64,
    /// Upper and lower edge where it begins and where it ends.
    pub(crate) down: [(f64, f64); 2],
}

/// The whole diagram.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) size: (u32, u32),
    pub(crate) nodes: Vec<Node>,
    pub(crate) ribbons: Vec<Ribbon>,
}

impl Layout {
    /// Lays out a way.
    pub(crate) fn of(way: &Funnel) -> Self {
        let steps = way.stretches.len();
        let (width, step) = width(way);
        let thick = Thickness { per_span: ALL / way.created.max(1) as f64 };
        let top = 2.0 * LINE + GAP;
        let mut out = Self { size: (width, 0), ..Self::default() };
        // Backwards, so that each node is as high as all that goes on from it.
        let heights = heights(way, &thick);
        out.push(0, step, ("created", way.created), (top, heights.first().copied().unwrap_or_default()));
        for (at, stretch) in way.stretches.iter().enumerate() {
            let height = heights.get(at + 1).copied().unwrap_or_default();
            out.push(at + 1, step, (stretch.reached, stretch.onward), (top, height));
        }
        let mut begin: Vec<f64> = vec![top; steps + 1];
        for (at, stretch) in way.stretches.iter().enumerate() {
            out.join((at, at + 1), stretch.onward, &mut begin);
        }
        let last = out.nodes.last().map_or(top, |node| node.down.1.max(top + 2.0 * LINE));
        let mut below = last + APART;
        for (at, stretch) in way.stretches.iter().enumerate().rev() {
            for exit in &stretch.exits {
                below = out.leave(exit, (at, step, way.created), thick.of(exit.spans), below, &mut begin);
            }
        }
        for exit in &way.unseen {
            below = out.leave(exit, (0, step, way.created), thick.of(exit.spans), below, &mut begin);
        }
        if let Some(node) = out.nodes.get_mut(steps) {
            node.course = Course::Received;
            node.label = beside(node, [node.label.lines[0].clone(), shared(node.spans, way.created)]);
        }
        out.size.1 = (below - APART + 1.0).ceil() as u32;
        out
    }

    /// A node on the way; its label stands above it.
    fn push(&mut self, at: usize, step: f64, (name, spans): (&str, u64), (top, height): (f64, f64)) {
        let left = step * at as f64;
        let label =
            Label { lines: [name.to_owned(), PAGE.count(spans)], left, middles: [LINE / 2.0, LINE * 1.5] };
        let (across, down) = ((left, left + NODE), (top, top + height));
        self.nodes.push(Node { course: Course::Onward, spans, across, down, label });
    }

    /// A ribbon between nodes on the way.
    fn join(&mut self, ends: (usize, usize), spans: u64, begin: &mut [f64]) {
        let (Some(to), Some(begin)) = (self.nodes.get(ends.1), begin.get_mut(ends.0)) else { return };
        let height = to.down.1 - to.down.0;
        if spans > 0 {
            self.ribbons.push(Ribbon { ends, spans, down: [(*begin, *begin + height), to.down] });
        }
        *begin += height;
    }

    /// A node off the way in a row of its own, and the ribbon to it. Gives where the next row begins.
    fn leave(
        &mut self,
        exit: &FunnelExit,
        (from, step, created): (usize, f64, u64),
        height: f64,
        below: f64,
        begin: &mut [f64],
    ) -> f64 {
        let row = height.max(2.0 * LINE);
        let (left, middle) = (step * (from + 1) as f64, below + row / 2.0);
        let mut node = Node {
            course: exit.course,
            spans: exit.spans,
            across: (left, left + NODE),
            down: (middle - height / 2.0, middle + height / 2.0),
            label: Label { lines: <[String; 2]>::default(), left, middles: [0.0; 2] },
        };
        node.label = beside(&node, [exit.name.clone(), shared(exit.spans, created)]);
        if let Some(begin) = begin.get_mut(from) {
            let ends = (from, self.nodes.len());
            self.ribbons.push(Ribbon {
                ends,
                spans: exit.spans,
                down: [(*begin, *begin + height), node.down],
            });
            *begin += height;
        }
        self.nodes.push(node);
        below + row + APART
    }
}

/// How high spans are drawn.
struct Thickness {
    per_span: f64,
}

impl Thickness {
    fn of(&self, spans: u64) -> f64 {
        if spans == 0 { 0.0 } else { (spans as f64 * self.per_span).max(LEAST) }
    }
}

/// Heights of the nodes on the way, from the creation on: each the sum of what goes on from it.
fn heights(way: &Funnel, thick: &Thickness) -> Vec<f64> {
    let sum = |exits: &[FunnelExit]| exits.iter().map(|exit| thick.of(exit.spans)).sum::<f64>();
    let mut height = way.stretches.last().map_or(0.0, |stretch| thick.of(stretch.onward));
    let mut out = vec![height];
    for stretch in way.stretches.iter().rev() {
        height += sum(&stretch.exits);
        out.push(height);
    }
    if let Some(created) = out.last_mut() {
        *created += sum(&way.unseen);
    }
    out.reverse();
    out
}

/// A number of spans with its share of those created.
fn shared(spans: u64, created: u64) -> String {
    if spans == 0 || created == 0 {
        return PAGE.count(spans);
    }
    format!("{} · {}", PAGE.count(spans), PAGE.percent(spans as f64 / created as f64))
}

/// A label right of a node; it does not begin above it.
fn beside(node: &Node, lines: [String; 2]) -> Label {
    let middle = f64::midpoint(node.down.0, node.down.1);
    // The one of the receiver may be less high than its label, and what leaves the way lies below.
    let middle = if node.down.1 - node.down.0 < 2.0 * LINE && node.course == Course::Received {
        node.down.0 + LINE
    } else {
        middle
    };
    Label { lines, left: node.across.1 + GAP, middles: [middle - LINE / 2.0, middle + LINE / 2.0] }
}

/// About how wide lines of text are.
pub(crate) fn wide(lines: &[String]) -> f64 {
    lines.iter().map(|line| line.chars().count()).max().unwrap_or_default() as f64 * CHARACTER
}

/// The width of the plot and the distance of its stages: that of a phone if all labels fit there.
fn width(way: &Funnel) -> (u32, f64) {
    let needs = |exit: &FunnelExit| NODE + GAP + wide(&[exit.name.clone(), shared(exit.spans, way.created)]);
    let steps = way.stretches.len();
    let mut reaches: Vec<(usize, f64)> = way.unseen.iter().map(|exit| (1, needs(exit))).collect();
    for (at, stretch) in way.stretches.iter().enumerate() {
        reaches.extend(stretch.exits.iter().map(|exit| (at + 1, needs(exit))));
    }
    let received = way.stretches.last().map_or(0, |stretch| stretch.onward);
    reaches.push((steps.max(1), NODE + GAP + wide(&["received".to_owned(), shared(received, way.created)])));
    let mut names: Vec<(&str, u64)> = way.stretches.iter().map(|one| (one.reached, one.onward)).collect();
    names.pop();
    names.push(("created", way.created));
    let least = names.into_iter().map(|(name, spans)| wide(&[name.to_owned(), PAGE.count(spans)]) + GAP);
    let least = least.fold(STEP, f64::max);
    let step = |width: u32| {
        let room = |(at, reach): &(usize, f64)| (f64::from(width) - reach) / *at as f64;
        reaches.iter().map(room).fold(f64::INFINITY, f64::min)
    };
    let narrow = step(WIDTH);
    if narrow >= least { (WIDTH, narrow) } else { (WIDE, step(WIDE).max(0.0)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spanfate_model::fate::Fate;

    use super::*;

    /// Counts of very different sizes, many of them none.
    fn counts() -> impl Strategy<Value = Vec<u64>> {
        let count =
            prop_oneof![3 => Just(0_u64), 1 => 1_u64..100, 1 => 1_u64..1_000_000, 1 => 1_u64..20_000_000_000];
        prop::collection::vec(count, Funnel::kinds())
    }

    /// Left, top, right, bottom of a label.
    fn place(label: &Label) -> [f64; 4] {
        let [first, second] = label.middles;
        [label.left, first - LINE / 2.0, label.left + wide(&label.lines), second + LINE / 2.0]
    }

    fn meet(a: [f64; 4], b: [f64; 4]) -> bool {
        let slack = 1e-6;
        a[0] < b[2] - slack && b[0] < a[2] - slack && a[1] < b[3] - slack && b[1] < a[3] - slack
    }

    proptest! {
        #[test]
        fn as_many_go_out_of_a_node_as_come_in(counts in counts()) {
            let way = Funnel::made_up(&counts);
            let layout = Layout::of(&way);
            for (at, node) in layout.nodes.iter().enumerate() {
                let into = || layout.ribbons.iter().filter(move |ribbon| ribbon.ends.1 == at);
                let out = || layout.ribbons.iter().filter(move |ribbon| ribbon.ends.0 == at);
                let spans = |all: &mut dyn Iterator<Item = &Ribbon>| all.map(|ribbon| ribbon.spans).sum::<u64>();
                if at > 0 {
                    prop_assert_eq!(spans(&mut into()), node.spans);
                }
                if out().next().is_some() {
                    prop_assert_eq!(spans(&mut out()), node.spans);
                }
                // What begins at a node covers its edge from the top to the bottom, one beside the other.
                let mut edge = node.down.0;
                for ribbon in out() {
                    prop_assert!((ribbon.down[0].0 - edge).abs() < 1e-6, "a gap or an overlap at node {at}");
                    edge = ribbon.down[0].1;
                }
                if out().next().is_some() {
                    prop_assert!((edge - node.down.1).abs() < 1e-6);
                }
                for ribbon in into() {
                    prop_assert_eq!(ribbon.down[1], node.down);
                    let high = |(top, bottom): (f64, f64)| bottom - top;
                    prop_assert!((high(ribbon.down[0]) - high(ribbon.down[1])).abs() < 1e-6);
                    prop_assert!(high(ribbon.down[1]) >= LEAST - 1e-9);
                }
            }
            let exits = way.exits().map(|exit| exit.spans).sum::<u64>();
            let left: u64 = layout.nodes.iter().skip(way.stretches.len() + 1).map(|node| node.spans).sum();
            prop_assert_eq!(left, exits);
        }

        #[test]
        fn all_is_inside_and_no_label_lies_on_anything(counts in counts()) {
            let layout = Layout::of(&Funnel::made_up(&counts));
            let (width, height) = (f64::from(layout.size.0), f64::from(layout.size.1));
            prop_assert!(layout.size.0 == WIDTH || layout.size.0 == WIDE);
            for (at, node) in layout.nodes.iter().enumerate() {
                let own = place(&node.label);
                let edges = [node.across.0, node.down.0, node.across.1, node.down.1];
                for [left, top, right, bottom] in [own, edges] {
                    prop_assert!(left >= 0.0 && top >= 0.0, "{node:?}");
                    prop_assert!(right <= width + 1e-6 && bottom <= height, "{node:?} in {width} x {height}");
                }
                for (other_at, other) in layout.nodes.iter().enumerate() {
                    let edges = [other.across.0, other.down.0, other.across.1, other.down.1];
                    prop_assert!(!meet(own, edges), "{node:?} on {other:?}");
                    prop_assert!(other_at == at || !meet(own, place(&other.label)), "{node:?} on {other:?}");
                }
                // Right of what it ends at, a label has the ribbons behind it.
                for ribbon in layout.ribbons.iter().filter(|ribbon| ribbon.ends.0 != at) {
                    let ends = [ribbon.ends.0, ribbon.ends.1].map(|end| &layout.nodes[end]);
                    let low = ribbon.down.iter().map(|edge| edge.1).fold(0.0, f64::max);
                    let high = ribbon.down.iter().map(|edge| edge.0).fold(f64::INFINITY, f64::min);
                    let around = [ends[0].across.1, high, ends[1].across.0, low];
                    prop_assert!(!meet(own, around), "{node:?} on {ribbon:?}");
                }
            }
        }

        #[test]
        fn ribbons_are_proportional_but_for_the_thinnest(counts in counts()) {
            let way = Funnel::made_up(&counts);
            let layout = Layout::of(&way);
            for node in layout.nodes.iter().skip(way.stretches.len() + 1) {
                let drawn = node.down.1 - node.down.0;
                let due = ALL * node.spans as f64 / way.created as f64;
                prop_assert!((drawn - due.max(LEAST)).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_short_way_fits_a_phone_and_the_longest_does_not() {
        let mut counts = vec![0; Funnel::kinds()];
        counts[Funnel::place(Fate::Received)] = 100_000_000;
        assert_eq!(Layout::of(&Funnel::made_up(&counts)).size.0, WIDTH);
        counts[Funnel::place(Fate::DroppedQueueFull)] = 12;
        assert_eq!(Layout::of(&Funnel::made_up(&counts)).size.0, WIDTH);
        assert_eq!(Layout::of(&Funnel::made_up(&vec![100_000_000; Funnel::kinds()])).size.0, WIDE);
    }
}
