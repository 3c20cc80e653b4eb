//! The shutdowns of tracer providers: each call and its return, on one goroutine.

use std::collections::BTreeMap;

use spanfate_model::format::probe::{ProbeKind, Record};
use spanfate_model::result::ShutdownCourse;

use super::Processors;
use crate::evidence::probe::ProbeLog;
use crate::evidence::shutdown::ProviderShutdown;

impl Processors {
    /// Notes what became of the shutdown of each provider. The first call counts: a later one returns at once.
    pub(super) fn close(&mut self, log: &ProbeLog<'_>) {
        let whole = log.has_all(ProbeKind::Closing) && !log.lacks(ProbeKind::Closing);
        let not_called = if whole { ShutdownCourse::NotCalled } else { ShutdownCourse::Unseen };
        let unseen = ProviderShutdown { course: not_called, ..ProviderShutdown::default() };
        self.shutdowns = vec![unseen; self.providers.len().max(1)];
        let sees_return = log.about.sees_return && log.has_all(ProbeKind::Closed);
        let called = if sees_return { ShutdownCourse::DidNotReturn } else { ShutdownCourse::ReturnUnseen };
        // Who is in such a call on a goroutine, outermost first; nobody where it is one that does not count.
        let mut inside: BTreeMap<u64, Vec<Option<u16>>> = BTreeMap::new();
        for record in log.each() {
            let Record::Moment(moment) = record else { continue };
            match moment.kind {
                ProbeKind::Closing => {
                    // A program that records no span has a provider that no span tells the address of.
                    let only = || self.providers.is_empty().then_some(0);
                    let known = self.providers.get(&moment.a).copied().or_else(only);
                    let first = known.filter(|provider| self.shutdowns[usize::from(*provider)].called == 0);
                    inside.entry(moment.goroutine).or_default().push(first);
                    if let Some(provider) = first {
                        self.shutdowns[usize::from(provider)] =
                            ProviderShutdown { course: called, called: moment.at, returned: 0 };
                    }
                }
                ProbeKind::Closed => {
                    let of_it = inside.get_mut(&moment.goroutine).and_then(Vec::pop).flatten();
                    let Some(provider) = of_it.filter(|_| sees_return) else { continue };
                    let shutdown = &mut self.shutdowns[usize::from(provider)];
                    shutdown.returned = moment.at;
                    shutdown.course =
                        if moment.a == 0 { ShutdownCourse::Returned } else { ShutdownCourse::ReturnedError };
                }
                _ => {}
            }
        }
    }

    /// What was seen of the shutdown of each provider.
    pub(in crate::evidence::probe) fn shutdowns(&self) -> Vec<ProviderShutdown> {
        self.shutdowns.clone()
    }
}
