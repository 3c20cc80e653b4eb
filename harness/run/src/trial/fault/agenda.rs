//! What is due when. All of it is known before the load begins, but for what begins by a state.

use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::Fault;

/// Something to do with a fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum AgendaItem {
    /// First: what ends and begins at the same time on one link must end before.
    Clear,
    Apply,
}

/// What is to be done, in the order of time.
#[derive(Debug)]
pub(super) struct Agenda {
    /// Latest first, so that the next is the last.
    steps: Vec<(MonoNs, AgendaItem, usize)>,
    /// Per fault: not before, and how long it lasts.
    bounds: Vec<(MonoNs, Option<u64>)>,
}

impl Agenda {
    /// The agenda of a trial whose load begins then and lasts that long, nanoseconds.
    pub(super) fn new(faults: &[Fault], seed: u64, began: MonoNs, load: u64) -> Self {
        let mut steps = Vec::new();
        for (number, fault) in faults.iter().enumerate() {
            for window in fault.windows(number, seed, load) {
                steps.push((began.saturating_add(window.from), AgendaItem::Apply, number));
                if !fault.kind.is_moment() && window.to != u64::MAX {
                    steps.push((began.saturating_add(window.to), AgendaItem::Clear, number));
                }
            }
        }
        let bound = |(number, fault): (usize, &Fault)| {
            let from = fault.at.map_or(0, |at| at.drawn(seed, number));
            (began.saturating_add(from), fault.lasting.map(spanfate_model::quantity::unit::Period::nanos))
        };
        let mut out = Self { steps, bounds: faults.iter().enumerate().map(bound).collect() };
        out.sort();
        out
    }

    fn sort(&mut self) {
        self.steps.sort_unstable_by_key(|step| std::cmp::Reverse(*step));
    }

    /// The next step that is due.
    pub(super) fn due(&mut self, now: MonoNs) -> Option<(usize, AgendaItem)> {
        let (at, step, number) = *self.steps.last()?;
        (at <= now).then(|| self.steps.pop())?;
        Some((number, step))
    }

    /// When the next step is due.
    pub(super) fn next(&self) -> Option<MonoNs> {
        self.steps.last().map(|(at, ..)| *at)
    }

    /// Whether a fault that waits for a state may begin.
    pub(super) fn may_begin(&self, number: usize, now: MonoNs) -> bool {
        self.bounds.get(number).is_some_and(|(from, _)| now >= *from)
    }

    /// A fault begins now by its state; it ends when its length is over.
    pub(super) fn begins(&mut self, number: usize, now: MonoNs) {
        if let Some(length) = self.bounds.get(number).and_then(|(_, length)| *length) {
            self.steps.push((now.saturating_add(length), AgendaItem::Clear, number));
            self.sort();
        }
    }

    /// A fault that could not begin, or has ended with its process, has no end of its own.
    pub(super) fn gone(&mut self, number: usize) {
        let next = self.steps.iter().rposition(|(_, step, n)| *n == number && *step == AgendaItem::Clear);
        let earlier = self.steps.iter().rposition(|(_, step, n)| *n == number && *step == AgendaItem::Apply);
        // The end that belongs to it stands before its next beginning.
        if let Some(at) = next.filter(|at| earlier.is_none_or(|earlier| *at > earlier)) {
            self.steps.remove(at);
        }
    }

    /// Nothing begins any more.
    pub(super) fn drop_beginnings(&mut self) {
        self.steps.retain(|(_, step, _)| *step == AgendaItem::Clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn steps_come_in_the_order_of_time_and_ends_before_beginnings() {
        let faults = [
            fault(r#"{"kind": "down", "at": "1s", "for": "1s"}"#),
            fault(r#"{"kind": "pause", "at": "2s", "for": "1s"}"#),
            fault(r#"{"kind": {"kill": {}}, "at": "4s"}"#),
        ];
        let mut agenda = Agenda::new(&faults, 1, 100, 10_000_000_000);
        let s = |n: u64| 100 + n * 1_000_000_000;
        assert_eq!(agenda.next(), Some(s(1)));
        assert_eq!(agenda.due(s(1) - 1), None);
        assert_eq!(agenda.due(s(2)), Some((0, AgendaItem::Apply)));
        assert_eq!(agenda.due(s(2)), Some((0, AgendaItem::Clear)));
        assert_eq!(agenda.due(s(2)), Some((1, AgendaItem::Apply)));
        agenda.gone(1);
        assert_eq!(agenda.next(), Some(s(4)));
        agenda.drop_beginnings();
        assert_eq!(agenda.next(), None);
    }

    #[test]
    fn what_begins_by_a_state_ends_by_its_length() {
        let faults =
            [fault(r#"{"kind": "down", "when": {"export_in_flight": true}, "at": "1s", "for": "2s"}"#)];
        let mut agenda = Agenda::new(&faults, 1, 0, 10_000_000_000);
        assert!(agenda.next().is_none());
        assert!(!agenda.may_begin(0, 999_999_999) && agenda.may_begin(0, 1_000_000_000));
        agenda.begins(0, 1_500_000_000);
        assert_eq!(agenda.next(), Some(3_500_000_000));
    }
}
