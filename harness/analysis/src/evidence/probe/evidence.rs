//! Books put together from what probes saw, for a process that keeps none: the same evidence, so the same fates.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::fate::ExitWay;
use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::manifest::Status;
use spanfate_model::format::probe::{ProbeKind, Record, SpanMark};
use spanfate_model::format::slots::Header;
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::MonoNs;

use super::ProbeLog;
use super::processors::{ProcessorList, Processors};
use super::texts::Texts;
use super::wrapped::Senders;
use crate::evidence::path::{Ending, HandsOn};
use crate::evidence::process::{Gathered, Process, ending_of};
use crate::evidence::shutdown::ProviderShutdown;
use crate::evidence::{Handing, OnPath, SpanEvidence};

impl ProbeLog<'_> {
    /// Puts the books together. They hold some 80 bytes per span, 64 per span and path, and an index, in memory.
    pub(crate) fn stand(&self, trial: Status) -> Process<'static> {
        let texts = Texts::of(self);
        let abrupt = match ending_of(self.manifest, trial) {
            abrupt @ Ending::Abrupt(_) => abrupt,
            // Its exit code says nothing of the SDK.
            Ending::Orderly { .. } => Ending::Abrupt(ExitWay::Exit),
        };
        let mut books = ProbeBooks::begin(self, &texts, Processors::of(self, &texts, abrupt));
        books.read();
        books.call();
        // What becomes of a span at a queue that blocks is told by other sites.
        let blocks = self.lacks(ProbeKind::Blocked) || self.lacks(ProbeKind::GivenUp);
        let untold = self.lacks(ProbeKind::Offered) || blocks && books.processors.has_blocking();
        let mut counts = || books.processors.settle(&books.spans, &mut books.on);
        let told = !untold && (!self.lacks(ProbeKind::Dropped) || counts());
        let senders = Senders::of(self, |key| books.places(key));
        let legs = senders.follow(&mut books.processors, &mut books.on, &texts.errors);
        let elsewhere = senders.elsewhere(&texts, self.manifest.endpoint.as_deref());
        let (paths, on) = books.processors.finish(&books.spans, books.on, legs, &elsewhere);
        let (nowhere, shutdowns) = (books.processors.nowhere(), books.processors.shutdowns());
        let mut gathered = Gathered {
            spans: books.spans,
            on,
            by_id: Vec::new(),
            sharing: 0,
            gap: self.state() != WitnessState::Complete || books.processors.has_gap() || !told,
            unrecorded: self.unrecorded(&shutdowns),
            errors: texts
                .errors
                .iter()
                .map(|(batch, text)| (batch.saturating_sub(1), text.clone()))
                .collect(),
        };
        gathered.sort();
        let header = Header {
            process: self.manifest.process,
            incarnation: self.manifest.incarnation,
            gomaxprocs: self.manifest.gomaxprocs,
            slots: gathered.spans.len() as u64,
            blocking: paths.first().is_some_and(|path| path.blocking),
            service: self.manifest.service.clone(),
            sdk: self.about.sdk.clone(),
            go: self.about.go.clone(),
            ..Header::default()
        };
        let names = books.name_ids;
        let mut process = Process::gathered(header, paths, nowhere, gathered);
        process.names = texts.names.into_iter().map(|(at, name)| (names[&at], name)).collect();
        process.shutdowns = shutdowns;
        process.gone = self.manifest.end.as_ref().map_or(0, |end| end.at);
        process
    }
}

impl ProbeLog<'_> {
    /// Spans that were made and not recorded. Where a process ends while it makes spans, as many as goroutines make at one moment may only
    /// have been under way in `Start`: these are no spans yet.
    fn unrecorded(&self, shutdowns: &[ProviderShutdown]) -> u64 {
        let unrecorded = self.hits(ProbeKind::Created).saturating_sub(self.hits(ProbeKind::Started));
        let end = self.manifest.end.as_ref();
        let left_by_itself = end.is_some_and(|end| end.signal.is_none() && end.code != Some(2));
        // Once it is shut down a provider makes no spans.
        if unrecorded == 0 || left_by_itself && shutdowns.iter().all(|shutdown| shutdown.called != 0) {
            return unrecorded;
        }
        let started = |record: Record| match record {
            Record::Span(mark) if mark.kind == ProbeKind::Started => Some(mark.goroutine),
            _ => None,
        };
        let makers: BTreeSet<u64> = self.each().filter_map(started).collect();
        // Who returns from `main` or calls `os.Exit` is in no `Start`.
        let others = makers.len().saturating_sub(usize::from(left_by_itself));
        let under_way = others.min(self.manifest.gomaxprocs.max(1) as usize);
        if unrecorded <= under_way as u64 { 0 } else { unrecorded }
    }
}

impl Gathered {
    /// Puts the spans in the order of their making: the walk goes by it, and exemplars are the first of it.
    fn sort(&mut self) {
        let mut order: Vec<u32> = (0..self.spans.len() as u32).collect();
        order.sort_by_key(|at| {
            let span = &self.spans[*at as usize];
            (span.created, span.key)
        });
        self.spans = order.iter().map(|at| self.spans[*at as usize]).collect();
        for on in &mut self.on {
            *on = order.iter().map(|at| on[*at as usize]).collect();
        }
        self.index();
    }
}

/// The books being put together. Spans are in the order of their keys; those that share one, in the order of their making.
struct ProbeBooks<'a> {
    log: &'a ProbeLog<'a>,
    processors: Processors,
    name_ids: BTreeMap<u64, u32>,
    spans: Vec<SpanEvidence>,
    /// Per processor, per span.
    on: Vec<Vec<OnPath>>,
    /// Per span: who ended it, with which list of processors, and the last that is known of it on that goroutine.
    ends: Vec<SpanEnd>,
    /// When each goroutine said anything, in order.
    moments: BTreeMap<u64, Vec<MonoNs>>,
    /// When each goroutine ended a span, in order.
    ended: BTreeMap<u64, Vec<MonoNs>>,
    /// When a span processor of the program's own returned on each goroutine, in order.
    passed: BTreeMap<u64, Vec<MonoNs>>,
}

/// Names by the lower halves of their digests, which is what a start has room for; none where two have the same.
fn halves(name_ids: &BTreeMap<u64, u32>) -> BTreeMap<u32, u32> {
    let mut out = BTreeMap::new();
    for (digest, id) in name_ids {
        out.entry(*digest as u32).and_modify(|other| *other = 0).or_insert(*id);
    }
    out
}

/// The end of a span.
#[derive(Clone, Copy, Default)]
struct SpanEnd {
    goroutine: u64,
    list: u64,
    last: MonoNs,
    /// The span came to a processor that this list cannot have led to: it was replaced meanwhile.
    replaced: bool,
}

impl<'a> ProbeBooks<'a> {
    fn begin(log: &'a ProbeLog<'a>, texts: &Texts, processors: Processors) -> Self {
        let starts = || {
            log.each().filter_map(|record| match record {
                Record::Span(mark) if mark.kind == ProbeKind::Started => Some(mark),
                _ => None,
            })
        };
        let name_ids: BTreeMap<u64, u32> = texts.names.keys().copied().zip(1..).collect();
        let halves = halves(&name_ids);
        let started = |mark: SpanMark| SpanEvidence {
            kind: mark.extra as u8,
            // It has another one where its code sets one later: what is seen at the queue replaces this.
            name: halves.get(&mark.name).copied().unwrap_or_default(),
            provider: processors.provider(mark.b),
            ..SpanEvidence::started(mark.key, mark.parent(), mark.at, mark.sampled, mark.parent_sampled)
        };
        let mut spans: Vec<SpanEvidence> = starts().map(started).collect();
        spans.sort_unstable_by_key(|span| (span.key, span.created));
        Self {
            log,
            on: vec![vec![OnPath::default(); spans.len()]; processors.len()],
            ends: vec![SpanEnd::default(); spans.len()],
            name_ids,
            moments: BTreeMap::new(),
            ended: BTreeMap::new(),
            passed: BTreeMap::new(),
            processors,
            spans,
        }
    }

    /// What was never started is no span: a flush sends a mark of its own through the queue.
    fn place(&self, key: SpanKey) -> Option<usize> {
        self.places(key).next()
    }

    /// The places of a key: several where a program gave it to several spans.
    fn places(&self, key: SpanKey) -> impl Iterator<Item = usize> + '_ {
        let from = self.spans.partition_point(|span| span.key < key);
        (from..self.spans.len()).take_while(move |at| self.spans[*at].key == key)
    }

    /// The place that a mark is about. Spans that share a key are told apart by turns: a mark is of the first to which it can still
    /// happen.
    fn place_of(&self, mark: &SpanMark) -> Option<usize> {
        let first = self.place(mark.key)?;
        if self.places(mark.key).nth(1).is_none() {
            return Some(first);
        }
        let processor = self.processor_of(mark);
        let can_happen = |at: &usize| {
            let ended = self.spans[*at].closed != 0;
            let on = processor.map(|processor| self.on[processor][*at]).unwrap_or_default();
            match mark.kind {
                ProbeKind::Ended => !ended,
                ProbeKind::Offered | ProbeKind::Simple => ended && on.offered == 0,
                ProbeKind::Blocked | ProbeKind::Queued | ProbeKind::Dropped => {
                    ended && on.taken == 0 && on.dropped == 0
                }
                ProbeKind::Handed => ended && on.dropped == 0 && on.exported == 0,
                _ => true,
            }
        };
        self.places(mark.key).find(can_happen).or(Some(first))
    }

    /// The processor that a mark is about.
    fn processor_of(&self, mark: &SpanMark) -> Option<usize> {
        match mark.kind {
            ProbeKind::Offered
            | ProbeKind::Simple
            | ProbeKind::Blocked
            | ProbeKind::Queued
            | ProbeKind::Dropped => self.processors.at(mark.a, mark.at),
            ProbeKind::Handed => self.processors.of_batch(mark.a),
            _ => None,
        }
    }

    /// Reads the marks: first who ended what, then what became of it.
    fn read(&mut self) {
        let log = self.log;
        let marks = || {
            log.each().filter_map(|record| if let Record::Span(mark) = record { Some(mark) } else { None })
        };
        for mark in marks() {
            self.moments.entry(mark.goroutine).or_default().push(mark.at);
            // The first End counts; later ones do nothing.
            if mark.kind == ProbeKind::Ended
                && let Some(at) = self.place_of(&mark).filter(|at| self.spans[*at].closed == 0)
            {
                self.spans[at].closed = mark.at;
                self.ended.entry(mark.goroutine).or_default().push(mark.at);
                self.ends[at] =
                    SpanEnd { goroutine: mark.goroutine, list: mark.b, last: mark.at, replaced: false };
            }
        }
        for ended in self.ended.values_mut() {
            ended.sort_unstable();
        }
        // Who ends, or shuts a provider down, has come out of `End`.
        for record in log.each() {
            let Record::Moment(moment) = record else { continue };
            let of = match moment.kind {
                ProbeKind::Gone | ProbeKind::Closing => &mut self.moments,
                ProbeKind::Passed => &mut self.passed,
                _ => continue,
            };
            of.entry(moment.goroutine).or_default().push(moment.at);
        }
        for mark in marks() {
            if mark.is_nameless() {
                self.processors.note_nameless(mark.a, mark.at);
            }
            if let Some(at) = self.place_of(&mark) {
                if mark.goroutine == self.ends[at].goroutine {
                    self.ends[at].last = mark.at.max(self.ends[at].last);
                }
                self.apply(&mark, at);
            }
        }
    }

    fn apply(&mut self, mark: &SpanMark, at: usize) {
        let Some(processor) = self.processor_of(mark) else { return };
        let end = self.ends[at];
        if matches!(mark.kind, ProbeKind::Offered | ProbeKind::Simple | ProbeKind::Handed) {
            let of_worker = mark.kind == ProbeKind::Handed && self.processors.has_worker(processor);
            let in_end = (!of_worker).then(|| self.is_in_end(&end, self.spans[at].closed, mark));
            self.ends[at].replaced |= !self.processors.reached(processor, end.list, in_end);
        }
        let on = &mut self.on[processor][at];
        if on.offered == 0 && mark.kind != ProbeKind::Handed {
            on.offered = mark.at;
        }
        match mark.kind {
            ProbeKind::Queued => on.taken = mark.at,
            ProbeKind::Dropped => on.dropped = mark.at,
            ProbeKind::Handed if on.exported == 0 => {
                // Numbers of batches begin at 1 here, and the evidence's are one more than the call's.
                (on.exported, on.call) = (mark.at, mark.a as u32);
            }
            _ => {}
        }
        if mark.kind != ProbeKind::Handed && mark.b != 0 {
            self.spans[at].name = self.name_ids.get(&mark.b).copied().unwrap_or_default();
        }
    }

    /// Whether a mark was made while the `End` of its span was under way: on its goroutine, before that ended another one.
    fn is_in_end(&self, end: &SpanEnd, closed: MonoNs, mark: &SpanMark) -> bool {
        let ended = self.ended.get(&end.goroutine).map_or(&[][..], Vec::as_slice);
        let next = ended.get(ended.partition_point(|at| *at <= closed));
        mark.goroutine == end.goroutine && next.is_none_or(|next| mark.at < *next)
    }

    /// Notes whom the provider called for each span, by its list, and who is known to be done with it.
    fn call(&mut self) {
        // Records of several CPUs come in an order of their own.
        for moments in self.moments.values_mut().chain(self.passed.values_mut()) {
            moments.sort_unstable();
        }
        for (at, (span, end)) in self.spans.iter_mut().zip(&self.ends).enumerate() {
            let moments = self.moments.get(&end.goroutine).map_or(&[][..], Vec::as_slice);
            let next = moments.get(moments.partition_point(|at| *at <= end.last));
            span.went_on = next.copied().filter(|_| span.closed != 0).unwrap_or_default();
            for on in &mut self.on {
                on[at].returned = span.went_on;
            }
            span.handing = match self.processors.list(end.list) {
                None => Handing::Unseen,
                Some(ProcessorList { entries, .. }) if entries.is_empty() => Handing::ToNobody,
                Some(list) => {
                    let led = self.processors.led_to(list, span.closed);
                    if span.went_on == 0 && !end.replaced {
                        let passed = self.passed.get(&end.goroutine).map_or(&[][..], Vec::as_slice);
                        let passed = passed.get(passed.partition_point(|at| *at <= span.closed));
                        let passed = passed.copied().unwrap_or_default();
                        note_left(&self.processors, (list, span.closed, passed), &led, &mut self.on, at);
                    }
                    let reached = |processor: usize| {
                        let on = &self.on[processor][at];
                        on.offered | on.exported != 0
                    };
                    let behind =
                        |processor: &usize| self.processors.hands_on(*processor) != HandsOn::Directly;
                    // One that hands spans on here or there has handed this one on.
                    let chosen = led.iter().any(|processor| behind(processor) && reached(*processor));
                    let missed: Vec<usize> = led
                        .iter()
                        .copied()
                        .filter(|_| !end.replaced)
                        .filter(|processor| !(reached(*processor) || behind(processor) && chosen))
                        .collect();
                    for processor in missed {
                        self.on[processor][at].called = span.closed;
                    }
                    if led.is_empty() { Handing::ToOthers } else { Handing::ToPaths }
                }
            };
        }
    }
}

/// Notes when the processors that a list led to had been left by a span's `End`, where its goroutine did nothing after that. With the
/// list come when the span ended, and when a processor of the program's own returned after that, 0 if none did.
fn note_left(
    processors: &Processors,
    (list, ended, passed): (&ProcessorList, MonoNs, MonoNs),
    led: &[usize],
    on: &mut [Vec<OnPath>],
    at: usize,
) {
    for processor in led {
        let left = processors.left_by(*processor, (list, ended), |other| on[other][at].offered);
        let alone = processors.hands_on(*processor) == HandsOn::InEnd && processors.has_one_front(list);
        on[*processor][at].returned = if left == 0 && alone { passed } else { left };
    }
}
