//! The script of a receiver: which answers it gives on purpose, and when.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use spanfate_model::fault::answer::ScriptedAnswer;
use tokio::sync::Notify;

/// What one receiver does on purpose; of no effect when empty. Clones share it, so that another thread can switch while the
/// receiver serves. A script belongs to one receiver: it numbers that one's requests.
///
/// It acts on requests with spans alone; metrics and logs are taken as ever. What becomes of a request is decided when its
/// head has arrived. Where several entries would act on it the first does. A request that is not valid or over a limit of
/// the receiver itself is refused as ever.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<ScriptShared>);

/// One answer of a script.
#[derive(Clone, PartialEq, Debug)]
pub struct ScriptEntry {
    /// Number of the fault, 254 at most; the wire log says it + 1.
    pub fault: u8,
    /// What is done.
    pub answer: ScriptedAnswer,
    /// With which requests.
    pub when: EntryWhen,
}

/// When an entry acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryWhen {
    /// While it is switched on.
    Switched,
    /// With requests of these numbers; never for [`Answer::Down`]. Every request with spans, of whatever connection, gets
    /// a number when its head has arrived, from 0 in the order of arrival, also if it is never completed.
    Requests {
        /// The first.
        from: u32,
        /// The last.
        to: u32,
        /// Every how many from the first; 0 stands for 1.
        every: u32,
    },
}

#[derive(Debug, Default)]
struct ScriptShared {
    entries: Vec<Armed>,
    /// Requests numbered so far.
    requests: AtomicU32,
    door: Mutex<DoorState>,
    /// The door became what is wanted, or nobody minds it any more.
    settled: Condvar,
    /// Another door is wanted.
    wanted: Notify,
}

#[derive(Debug)]
struct Armed {
    entry: ScriptEntry,
    on: AtomicBool,
    acted: AtomicU64,
}

/// Whether connections are taken.
#[derive(Debug, Default)]
struct DoorState {
    minded: bool,
    closed: bool,
    to_be_closed: bool,
}

impl Script {
    /// A script in which nothing is switched on.
    pub fn new(entries: Vec<ScriptEntry>) -> Self {
        let armed = |entry| Armed { entry, on: AtomicBool::new(false), acted: AtomicU64::new(0) };
        Self(Arc::new(ScriptShared {
            entries: entries.into_iter().map(armed).collect(),
            ..ScriptShared::default()
        }))
    }

    /// Switches the [`When::Switched`] entries of a fault for the requests that arrive from now on. For [`Answer::Down`]
    /// it returns when the listener is closed and all connections are cut, or when it listens again; a receiver that
    /// ended is not waited for. Do not call it on the receiver's own thread.
    pub fn switch(&self, fault: u8, on: bool) {
        let mut minds_door = false;
        for armed in self.of(fault).filter(|armed| armed.entry.when == EntryWhen::Switched) {
            armed.on.store(on, Ordering::Release);
            minds_door |= armed.entry.answer == ScriptedAnswer::Down;
        }
        if !minds_door {
            return;
        }
        let mut door = self.door();
        door.to_be_closed = self.0.entries.iter().any(Armed::is_down);
        self.0.wanted.notify_one();
        while door.minded && door.closed != door.to_be_closed {
            door = self.0.settled.wait(door).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// On how many requests a fault has acted: those whose message was complete and which were treated as it wants, for
    /// slow reading those of which reading began. For [`Answer::Down`] the connections it cut; nobody knows how many it
    /// kept out.
    pub fn acted(&self, fault: u8) -> u64 {
        self.of(fault).map(|armed| armed.acted.load(Ordering::Relaxed)).sum()
    }

    fn of(&self, fault: u8) -> impl Iterator<Item = &Armed> {
        self.0.entries.iter().filter(move |armed| armed.entry.fault == fault)
    }

    fn door(&self) -> MutexGuard<'_, DoorState> {
        self.0.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers a request with spans and says which entry is to act on it.
    pub(super) fn decide(&self) -> Option<ActingEntry> {
        if self.0.entries.is_empty() {
            return None;
        }
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let entry = self.0.entries.iter().position(|armed| armed.takes(number))?;
        Some(ActingEntry { script: self.clone(), entry })
    }

    /// Whether it may close the door.
    pub(super) fn minds_door(&self) -> bool {
        self.0.entries.iter().any(|armed| armed.entry.answer == ScriptedAnswer::Down)
    }

    /// From now on, until the value is dropped, somebody opens and closes the door as it is wanted.
    pub(super) fn mind_door(&self) -> Minding {
        self.door().minded = true;
        Minding(self.clone())
    }

    /// Waits until another door is wanted.
    pub(super) async fn door_wanted(&self) {
        self.0.wanted.notified().await;
    }

    /// Whether the door is to be closed.
    pub(super) fn wants_closed(&self) -> bool {
        self.door().to_be_closed
    }

    /// The door is closed, with so many connections cut, or open again.
    pub(super) fn settle(&self, closed: bool, cut: u64) {
        if let Some(down) = self.0.entries.iter().find(|armed| armed.is_down()) {
            down.acted.fetch_add(cut, Ordering::Relaxed);
        }
        self.door().closed = closed;
        self.0.settled.notify_all();
    }
}

impl Armed {
    fn is_down(&self) -> bool {
        self.entry.answer == ScriptedAnswer::Down && self.on.load(Ordering::Acquire)
    }

    fn takes(&self, number: u32) -> bool {
        if self.entry.answer == ScriptedAnswer::Down {
            return false;
        }
        match self.entry.when {
            EntryWhen::Switched => self.on.load(Ordering::Acquire),
            EntryWhen::Requests { from, to, every } => {
                (from..=to).contains(&number) && (number - from).is_multiple_of(every.max(1))
            }
        }
    }
}

/// Says when nobody minds the door any more, so that nobody waits for it.
#[derive(Debug)]
pub(super) struct Minding(Script);

impl Drop for Minding {
    fn drop(&mut self) {
        self.0.door().minded = false;
        self.0.0.settled.notify_all();
    }
}

/// The entry that is to act on a request.
#[derive(Clone, Debug)]
pub(super) struct ActingEntry {
    script: Script,
    entry: usize,
}

impl ActingEntry {
    pub(super) fn answer(&self) -> &ScriptedAnswer {
        &self.script.0.entries[self.entry].entry.answer
    }

    /// The fault as the wire log says it.
    pub(super) fn fault(&self) -> u8 {
        self.script.0.entries[self.entry].entry.fault.saturating_add(1)
    }

    /// It acted.
    pub(super) fn acted(&self) {
        self.script.0.entries[self.entry].acted.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fault: u8, answer: ScriptedAnswer, when: EntryWhen) -> ScriptEntry {
        ScriptEntry { fault, answer, when }
    }

    #[test]
    fn requests_are_taken_by_their_number_and_the_first_entry_wins() {
        let by_number = EntryWhen::Requests { from: 3, to: 8, every: 2 };
        let script = Script::new(vec![
            entry(0, ScriptedAnswer::Goaway, by_number),
            entry(1, ScriptedAnswer::Malformed, EntryWhen::Requests { from: 5, to: 6, every: 0 }),
        ]);
        let faults: Vec<_> = (0..10).map(|_| script.decide().map_or(0, |acting| acting.fault())).collect();
        assert_eq!(faults, [0, 0, 0, 1, 0, 1, 2, 1, 0, 0]);
    }

    #[test]
    fn a_switched_entry_acts_while_it_is_on() {
        let script = Script::new(vec![entry(4, ScriptedAnswer::Malformed, EntryWhen::Switched)]);
        assert!(script.decide().is_none());
        script.switch(3, true);
        assert!(script.decide().is_none());
        script.switch(4, true);
        script.decide().unwrap().acted();
        assert_eq!((script.acted(4), script.acted(3)), (1, 0));
        script.switch(4, false);
        assert!(script.decide().is_none());
    }

    #[test]
    fn nobody_waits_for_a_door_that_nobody_minds() {
        let script = Script::new(vec![entry(0, ScriptedAnswer::Down, EntryWhen::Switched)]);
        script.switch(0, true);
        assert!(script.wants_closed() && script.decide().is_none());
        drop(script.mind_door());
        script.switch(0, false);
        assert!(!script.wants_closed());
    }
}
