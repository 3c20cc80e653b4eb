//! By which export path an appearance on the wire came, where a process has several. A fixture's requests name their path. A
//! program of the user's own does not: there the calls of its exporters tell, by the time between their beginning and their end,
//! in which the receiver must have read what they sent.

use spanfate_model::format::wire::{self, Disposition, WireRecord};
use spanfate_model::quantity::unit::MonoNs;

use super::slot_of;
use crate::evidence::path::{ExportCall, ExportResult, Path};
use crate::evidence::process::Process;

/// What is known of the paths of all processes.
pub(super) struct Attribution<'a, 'b> {
    processes: &'b [Process<'a>],
    /// Per process, per path: nothing that only it can have sent arrived, and something that it sent did not.
    elsewhere: Vec<Vec<bool>>,
    /// Per process, per path, per place: an accepted copy was given to it already.
    given: Vec<Vec<Vec<bool>>>,
}

/// What the arrivals say of the calls of one path.
#[derive(Clone, Default)]
struct Calls {
    /// Calls without an error of which something may have arrived, in the order of their numbers.
    arrived: Vec<u32>,
    /// An arrival that no other path can have sent.
    own: bool,
}

impl<'a, 'b> Attribution<'a, 'b> {
    pub(super) fn of(processes: &'b [Process<'a>], log: Option<&[u8]>) -> Self {
        let several = |process: &Process<'_>| process.has_several_paths() && process.is_of_probes();
        let mut out = Self {
            processes,
            elsewhere: processes.iter().map(|process| vec![false; process.paths.len()]).collect(),
            given: processes.iter().map(|process| given(process, several(process))).collect(),
        };
        if processes.iter().any(several) {
            out.look(log);
        }
        out
    }

    pub(super) fn elsewhere(&self) -> Vec<Vec<bool>> {
        self.elsewhere.clone()
    }

    /// Holds all calls against all arrivals: a receiver that answers "taken" has read the spans before.
    fn look(&mut self, log: Option<&[u8]>) {
        let mut calls: Vec<Vec<Calls>> =
            self.processes.iter().map(|process| vec![Calls::default(); process.paths.len()]).collect();
        let mut at = 0;
        for record in log.and_then(wire::settled).into_iter().flatten() {
            match record {
                WireRecord::Request(request) => at = request.at,
                WireRecord::Span(span) if span.disposition == Disposition::Accepted => {
                    let Some((process, number)) = slot_of(&span.key, self.processes) else { continue };
                    let may: Vec<(usize, u32)> = self.open_calls(process, number, at).collect();
                    for (path, call) in &may {
                        let known = &mut calls[process][*path];
                        if known.arrived.last() != Some(call) {
                            known.arrived.push(*call);
                        }
                        known.own |= may.len() == 1;
                    }
                }
                _ => {}
            }
        }
        for (process, (paths, elsewhere)) in
            self.processes.iter().zip(calls.iter_mut().zip(&mut self.elsewhere))
        {
            for (path, (calls, elsewhere)) in process.paths.iter().zip(paths.iter_mut().zip(elsewhere)) {
                calls.arrived.sort_unstable();
                let taken = path
                    .sending()
                    .iter()
                    .filter(|(_, call)| call.result == ExportResult::Ok && call.spans > 0);
                let mut missing = taken.filter(|(number, _)| calls.arrived.binary_search(number).is_err());
                *elsewhere = !calls.own && missing.next().is_some();
            }
        }
    }

    /// Paths that may have sent what arrived of a span at a moment, with the numbers of their calls.
    fn open_calls(
        &self,
        process: usize,
        number: usize,
        at: MonoNs,
    ) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.handed(process, number)
            .filter(move |(_, _, call)| call.holds(at))
            .map(|(path, call, _)| (path, call))
    }

    /// Paths that handed a span to their exporter, with their calls.
    fn handed(
        &self,
        process: usize,
        number: usize,
    ) -> impl Iterator<Item = (usize, u32, &'b ExportCall)> + '_ {
        let process: &'b Process<'a> = &self.processes[process];
        process.paths.iter().enumerate().filter_map(move |(index, path)| {
            let on = process.on_path(number, index).filter(|_| !path.is_never_here())?;
            Some((index, Path::number_of(&on)?, path.call_of(&on)?))
        })
    }

    /// The path by which an appearance of a span came; `named` is what its request says.
    pub(super) fn path_of(&mut self, (process, number): (usize, usize), named: u8, at: MonoNs) -> usize {
        if !self.processes[process].is_of_probes() {
            return usize::from(named);
        }
        // A call that was told "taken" must have a copy; then one that was not told so; a further copy goes to any. An exporter of the
        // program's own may send, and the SDK's does.
        let rank = |(path, _, call): &(usize, u32, &ExportCall)| {
            let given = self.given[process][*path][number];
            let elsewhere = self.elsewhere[process][*path];
            let of = &self.processes[process];
            let own = of.on_path(number, *path).is_some_and(|on| of.paths[*path].is_own_word(&on));
            (elsewhere, given, !call.holds(at), own, call.result != ExportResult::Ok)
        };
        let path = self.handed(process, number).min_by_key(rank).map_or(0, |(path, ..)| path);
        self.given[process][path][number] = true;
        path
    }
}

fn given(process: &Process<'_>, several: bool) -> Vec<Vec<bool>> {
    if several { vec![vec![false; process.len()]; process.paths.len()] } else { Vec::new() }
}
