//! Spans that share their ids, as an id generator of a program's own may give them. They are told apart by turns.

use spanfate_model::quantity::id::{SpanId, SpanKey};

use super::{Gathered, Process, SpanBooks};

impl Gathered {
    /// Puts the spans in the order of their ids.
    pub(crate) fn index(&mut self) {
        let key = |number: u32| self.spans[number as usize].key;
        self.by_id = (0..self.spans.len() as u32).map(|number| (key(number).span, number)).collect();
        self.by_id.sort_unstable_by_key(|(id, number)| (*id, key(*number).trace, *number));
        let same = |pair: &&[(SpanId, u32)]| key(pair[0].1) == key(pair[1].1);
        self.sharing = self.by_id.windows(2).filter(same).count() as u64;
    }

    /// The places of a key, in the order of their making: several where spans share it.
    pub(super) fn places(&self, key: &SpanKey) -> impl Iterator<Item = usize> + '_ {
        let key = *key;
        let of = move |number: u32| self.spans[number as usize].key;
        let from =
            self.by_id.partition_point(|(id, number)| (*id, of(*number).trace) < (key.span, key.trace));
        let rest = self.by_id[from..].iter().map(|(_, number)| *number);
        rest.take_while(move |number| of(*number) == key).map(|number| number as usize)
    }
}

impl Process<'_> {
    /// Spans whose ids an earlier span of the same trace has, too, as an id generator of a program's own may give them.
    pub(crate) const fn sharing(&self) -> u64 {
        match &self.spans {
            SpanBooks::Ledger(_) => 0,
            SpanBooks::Gathered(gathered) => gathered.sharing,
        }
    }

    /// The place of the span that an appearance on the wire is about, which `first` shares its ids with: the first by turns that was
    /// handed over and of which `came` does not say that it is there already.
    pub(crate) fn in_turn(&self, first: usize, came: impl Fn(usize) -> bool) -> usize {
        let SpanBooks::Gathered(gathered) = &self.spans else { return first };
        let Some(key) = self.key_at(first).filter(|_| gathered.sharing > 0) else { return first };
        let handed = |at: &usize| {
            (0..self.paths.len()).any(|path| self.on_path(*at, path).is_some_and(|on| on.exported != 0))
        };
        let mut due = gathered.places(&key).filter(handed).filter(|at| !came(*at));
        due.next().unwrap_or(first)
    }
}
