//! What the calls of an exporter are made of, and what each part would be undisturbed. The undisturbed time of the way there and
//! back is that of the fastest tenth of the calls. What is longer is put down to the CPU where the requests that the service
//! answered meanwhile were late, too, to a failure where the exporter had to connect again, and else to the network.

use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::ExportGrowth;

use crate::replay::arrivals::Arrivals;
use crate::replay::observed::{MeasuredCall, ObservedPath};
use crate::replay::starved::CpuLack;
use crate::statistics::quantile::at_share;

/// Fewest calls of a full batch that make a distribution.
const FEW: usize = 5;
/// Fewest arrivals in a time that say what one of them costs.
const FEW_ARRIVALS: u64 = 50;
/// What a service used of a CPU beyond what came to it is its message's, from this share of the way there on: less of a long way is what
/// looks at the CPU cannot tell from what came.
const OF_MESSAGE: f64 = 0.1;
/// How often a call waits for a CPU at most: its goroutine, those that write and read its connection, and again for each piece of a
/// large message.
const WAITS: u64 = 10;

/// The parts of one call, nanoseconds. Their sum is its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct CallParts {
    pub(crate) began: MonoNs,
    pub(crate) ended: MonoNs,
    pub(crate) spans: u64,
    pub(crate) serialising: u64,
    pub(crate) starved: u64,
    pub(crate) network: u64,
    pub(crate) receiver: u64,
    pub(crate) failing: u64,
    /// While the service stood still, or did what had waited meanwhile.
    pub(crate) behind: u64,
}

/// The calls of a path, taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cycle {
    /// All, in the order of time.
    pub(crate) calls: Vec<CallParts>,
    /// Of these, calls of half a batch or more, and the others.
    pub(crate) large: Vec<CallParts>,
    pub(crate) small: Vec<CallParts>,
    /// Spans of a full batch.
    pub(crate) batch: u64,
    /// Time of the fastest call, nanoseconds.
    pub(crate) fastest: u64,
    /// How a call's time grows with its spans, where calls of several sizes tell.
    pub(crate) growth: Option<ExportGrowth>,
}

impl MeasuredCall {
    /// It succeeded at once, and the receiver saw it.
    fn is_clean(&self) -> bool {
        self.succeeded && self.attempts == 1 && self.ended != MonoNs::MAX && self.first_seen >= self.began
    }

    const fn way_there(&self) -> u64 {
        self.first_seen.saturating_sub(self.began)
    }

    const fn way_back(&self) -> u64 {
        if self.answered == 0 { 0 } else { self.ended.saturating_sub(self.answered) }
    }
}

impl CallParts {
    /// Whether it took half a batch or more.
    const fn is_large(&self, batch: u64) -> bool {
        self.spans * 2 >= batch
    }
}

/// What calls are undisturbed, nanoseconds.
struct Undisturbed<'a> {
    there: u64,
    back: u64,
    /// CPU time of a span in a message, and of one that comes.
    per_span: f64,
    per_arrival: f64,
    whole: u64,
    /// The receiver saw some.
    on_wire: bool,
    lack: &'a CpuLack,
    arrivals: &'a Arrivals,
}

impl Cycle {
    /// Takes the calls of a path apart.
    pub(crate) fn of(seen: &ObservedPath, arrivals: &Arrivals, lack: &CpuLack) -> Self {
        let clean: Vec<&MeasuredCall> = seen.calls.iter().filter(|call| call.is_clean()).collect();
        let full: Vec<&MeasuredCall> =
            clean.iter().copied().filter(|call| call.spans * 2 >= seen.settings.batch).collect();
        let used = if full.len() < FEW { &clean } else { &full };
        let share = |pick: fn(&MeasuredCall) -> u64, share: f64| {
            at_share(&mut used.iter().map(|call| pick(call)).collect::<Vec<_>>(), share)
        };
        let there = share(MeasuredCall::way_there, 0.1);
        let spans = share(|call| call.spans, 0.5).max(1);
        // What is made of CPU is at most what the service used of one while such calls were open.
        let open: u64 = used.iter().map(|call| call.ended - call.began).sum();
        let cpu: f64 = used.iter().map(|call| lack.used(call.began, call.ended)).sum();
        let busy = if open > 0 { (cpu / open as f64).clamp(0.0, 1.0) } else { 1.0 };
        let undisturbed = Undisturbed {
            there,
            back: share(MeasuredCall::way_back, 0.1),
            per_span: there as f64 * busy / spans as f64,
            per_arrival: per_arrival(arrivals, lack),
            whole: share(|call| call.ended - call.began, 0.5),
            on_wire: seen.calls.iter().any(|call| call.attempts > 0),
            lack,
            arrivals,
        };
        let parts = seen.calls.iter().map(|call| undisturbed.parts(call)).collect();
        let fastest = share(|call| call.ended - call.began, 0.0);
        let growth = growth(&clean, seen.settings.batch);
        Self { fastest, growth, ..Self::of_calls(parts, seen.settings.batch) }
    }

    /// Of calls in the order of time.
    pub(crate) fn of_calls(calls: Vec<CallParts>, batch: u64) -> Self {
        let (large, small) = calls.iter().copied().partition(|call| call.is_large(batch));
        Self { calls, large, small, batch, fastest: 0, growth: None }
    }
}

/// How much longer a call takes per further span: from the middle of the small ones to the middle of the large ones. What the
/// receiver held them for is left out: it does not depend on their size.
fn growth(clean: &[&MeasuredCall], batch: u64) -> Option<ExportGrowth> {
    let (large, small): (Vec<&MeasuredCall>, Vec<&MeasuredCall>) =
        clean.iter().partition(|call| call.spans * 2 >= batch);
    if large.len() < FEW || small.len() < FEW {
        return None;
    }
    let middle = |calls: &[&MeasuredCall], pick: fn(&MeasuredCall) -> u64| {
        at_share(&mut calls.iter().map(|call| pick(call)).collect::<Vec<_>>(), 0.5)
    };
    let own = |call: &MeasuredCall| (call.ended - call.began).saturating_sub(call.held);
    let (from, to) = (middle(&small, |call| call.spans), middle(&large, |call| call.spans));
    let longer = middle(&large, own).saturating_sub(middle(&small, own));
    (to >= from * 2 && to > from).then(|| ExportGrowth {
        per_span_us: longer as f64 / (to - from) as f64 / 1e3,
        from,
        to,
    })
}

/// CPU time that a span costs until it has come to the queue, nanoseconds: in the cheapest tenth of the time.
fn per_arrival(arrivals: &Arrivals, lack: &CpuLack) -> f64 {
    let cost = |(from, to): (MonoNs, MonoNs)| {
        let came = arrivals.between(from, to).len() as u64;
        (came >= FEW_ARRIVALS).then(|| (lack.used(from, to) / came as f64) as u64)
    };
    at_share(&mut lack.stretches().filter_map(cost).collect::<Vec<_>>(), 0.1) as f64
}

impl Undisturbed<'_> {
    fn parts(&self, call: &MeasuredCall) -> CallParts {
        let out =
            CallParts { began: call.began, ended: call.ended, spans: call.spans, ..CallParts::default() };
        let whole = call.ended.saturating_sub(call.began);
        let least = (self.per_span * call.spans as f64) as u64;
        if !self.on_wire {
            return CallParts { network: whole, ..out };
        }
        if !call.is_clean() {
            let usual = self.whole.min(whole);
            let serialising = least.min(usual);
            return CallParts { failing: whole - usual, network: usual - serialising, serialising, ..out };
        }
        let (there, back) = (call.way_there(), call.way_back());
        let receiver = whole.saturating_sub(there + back);
        // What the service used beyond what came to it: the message.
        let came = self.arrivals.between(call.began, call.ended);
        let message = self.lack.used(call.began, call.ended) - self.per_arrival * came.len() as f64;
        // Looks at the CPU are too far apart to tell a message from a backlog.
        let behind = self.arrivals.is_behind(call.began, call.ended);
        let told = !behind && message >= OF_MESSAGE * there as f64;
        let message = if told { message.max(0.0) as u64 } else { 0 };
        let serialising = least.max(message).min(there);
        let under_way = there.min(self.there).saturating_sub(serialising) + back.min(self.back);
        let longer = whole.saturating_sub(receiver + serialising + under_way);
        if behind {
            return CallParts { serialising, receiver, network: under_way, behind: longer, ..out };
        }
        let late = self.arrivals.late(call.began, call.ended);
        let lacks = self.lack.is_lacking(call.began, call.ended);
        let starved = if lacks { longer.min(late.saturating_mul(WAITS)) } else { 0 };
        let rest = longer - starved;
        let (failing, more) = if call.reconnected { (rest, 0) } else { (0, rest) };
        CallParts { serialising, starved, receiver, failing, network: under_way + more, ..out }
    }
}
