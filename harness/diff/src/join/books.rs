//! What the comparison has found so far: counts, and a few examples of each sort.

use std::collections::BTreeMap;

use spanfate_model::finding::diff::{
    DiffCounts, DiffField, DiffKind, DiffRule, DiffSample, DiffService, DiffTraces, DiffWindow,
    FieldDifferences, PicturedTrace,
};
use spanfate_model::quantity::id::SpanId;

use super::compare::{FirstDifference, PairOutcome};
use super::damage::{TraceLacks, TraceSpan, lacking};
use super::moved::MovedSpans;
use super::pictures;
use super::timeline::DiffTimeline;
use crate::error::InputPosition;
use crate::rules::{RuleCounts, RuleSet};
use crate::span::draft::{SpanPart, SpanView};
use crate::span::origins::{OriginView, Origins};

/// Services that are told apart.
const MOST_SERVICES: usize = 1000;

/// The books of a comparison.
pub(crate) struct DiffBooks {
    pub(crate) counts: DiffCounts,
    pub(crate) traces: DiffTraces,
    /// Bytes that went to temporary files.
    pub(crate) spilled: u64,
    fields: Vec<FieldDifferences>,
    used: RuleCounts,
    /// By number of the resource.
    by_resource: Vec<DiffCounts>,
    timeline: DiffTimeline,
    since: Option<u64>,
    samples: Vec<DiffSample>,
    pictures: Vec<PicturedTrace>,
    moved: MovedSpans,
    most_samples: usize,
    most_pictures: usize,
}

/// What the books say at the end.
pub(crate) struct BookedDiff {
    pub(crate) fields: Vec<FieldDifferences>,
    pub(crate) used: RuleCounts,
    pub(crate) services: Vec<DiffService>,
    pub(crate) windows: Vec<DiffWindow>,
    pub(crate) since: Option<u64>,
    pub(crate) samples: Vec<DiffSample>,
    pub(crate) pictures: Vec<PicturedTrace>,
}

impl DiffBooks {
    /// So many examples of each sort and so many pictures; and as many spans are looked for under other traces.
    pub(crate) fn new(most_samples: usize, most_pictures: usize, most_moved: usize) -> Self {
        let none = |field: &DiffField| FieldDifferences { field: *field, spans: 0, first: 0 };
        Self {
            counts: DiffCounts::default(),
            traces: DiffTraces::default(),
            spilled: 0,
            fields: DiffField::ALL.iter().map(none).collect(),
            used: RuleCounts::default(),
            by_resource: Vec::new(),
            timeline: DiffTimeline::new(),
            since: None,
            samples: Vec::new(),
            pictures: Vec::new(),
            moved: MovedSpans::new(most_moved),
            most_samples,
            most_pictures,
        }
    }

    pub(crate) const fn used(&mut self, rule: DiffRule) {
        self.used.count(rule);
    }

    pub(crate) fn used_all(&mut self, rules: RuleSet) {
        if rules != RuleSet::NONE {
            self.used.count_all(rules);
        }
    }

    /// Adds counts to all that they belong to.
    #[inline]
    fn add(&mut self, span: SpanView<'_>, origins: &Origins, counts: DiffCounts) {
        self.counts = self.counts.plus(counts);
        let at = origins.resources.same(span.resource()) as usize;
        if self.by_resource.len() <= at {
            self.by_resource.resize(at + 1, DiffCounts::default());
        }
        self.by_resource[at] = self.by_resource[at].plus(counts);
        let window = self.timeline.at(span.start());
        *window = window.plus(counts);
        if counts.differences() > 0 {
            self.since = Some(self.since.map_or(span.start(), |since| since.min(span.start())));
        }
    }

    /// A span that is the same on both sides.
    #[inline]
    pub(crate) fn equal(&mut self, span: SpanView<'_>, origins: &Origins) {
        let at = origins.resources.same(span.resource()) as usize;
        let Some(place) = self.by_resource.get_mut(at) else {
            return self.add(span, origins, DiffCounts { both: 1, ..DiffCounts::default() });
        };
        place.both += 1;
        self.counts.both += 1;
        self.timeline.at(span.start()).both += 1;
    }

    /// A span that is on both sides.
    pub(crate) fn both(&mut self, span: SpanView<'_>, differs: bool, origins: &Origins) {
        self.add(
            span,
            origins,
            DiffCounts { both: 1, different: u64::from(differs), ..DiffCounts::default() },
        );
    }

    /// A span that one side has alone, with so many copies more.
    pub(crate) fn alone(&mut self, left: bool, span: SpanView<'_>, copies: u64, origins: &Origins) {
        let (counts, kind) = if left {
            (DiffCounts { only_left: 1, copies_left: copies, ..DiffCounts::default() }, DiffKind::OnlyLeft)
        } else {
            (DiffCounts { only_right: 1, copies_right: copies, ..DiffCounts::default() }, DiffKind::OnlyRight)
        };
        self.add(span, origins, counts);
        self.moved.alone(left, span.key());
        if self.wants_sample(kind) {
            let sample = sample(kind, left.then_some(span), (!left).then_some(span), origins);
            self.samples.extend(sample);
        }
    }

    /// So many copies more of a span that both sides have, on the left or on the right.
    pub(crate) fn copies(
        &mut self,
        left: bool,
        span: SpanView<'_>,
        more: u64,
        origins: &Origins,
    ) -> Option<DiffKind> {
        if more == 0 {
            return None;
        }
        let (counts, kind) = if left {
            (DiffCounts { copies_left: more, ..DiffCounts::default() }, DiffKind::CopiesLeft)
        } else {
            (DiffCounts { copies_right: more, ..DiffCounts::default() }, DiffKind::CopiesRight)
        };
        self.add(span, origins, counts);
        if self.wants_sample(kind) {
            self.samples.extend(sample(kind, Some(span), None, origins));
        }
        Some(kind)
    }

    /// Two records of a span that do not agree.
    pub(crate) fn differs(
        &mut self,
        left: SpanView<'_>,
        right: SpanView<'_>,
        outcome: PairOutcome,
        first: FirstDifference,
        origins: &Origins,
    ) {
        for (at, field) in outcome.differs.iter().enumerate() {
            let place = &mut self.fields[field as usize];
            place.spans += 1;
            place.first += u64::from(at == 0);
        }
        if self.wants_sample(DiffKind::Field)
            && let Some(sample) = sample(DiffKind::Field, Some(left), Some(right), origins)
        {
            let FirstDifference { path, left, right } = first;
            let fields = outcome.differs.iter().collect();
            self.samples.push(DiffSample { path, left, right, fields, ..sample });
        }
    }

    pub(crate) fn wants_sample(&self, kind: DiffKind) -> bool {
        self.samples.iter().filter(|sample| sample.kind == kind).count() < self.most_samples
    }

    pub(crate) const fn wants_picture(&self) -> bool {
        self.pictures.len() < self.most_pictures
    }

    pub(crate) fn picture(
        &mut self,
        left: &[SpanView<'_>],
        right: &[SpanView<'_>],
        marks: &[(SpanId, DiffKind, String)],
        origins: &Origins,
    ) {
        self.pictures.extend(pictures::picture(left, right, marks, origins));
    }

    #[inline]
    pub(crate) const fn trace_is_equal(&mut self) {
        self.traces.all += 1;
        self.traces.equal += 1;
    }

    /// A trace in which something differs; its spans on both sides, by id. Gives what each side lacks of it.
    pub(crate) fn trace_differs(&mut self, left: &[TraceSpan], right: &[TraceSpan]) -> TraceLacks {
        let mut lacks = TraceLacks::default();
        lacking(left, right, &mut lacks.right);
        lacking(right, left, &mut lacks.left);
        self.traces.all += 1;
        self.traces.left = self.traces.left.plus(lacks.left);
        self.traces.right = self.traces.right.plus(lacks.right);
        lacks
    }

    /// Takes back what was said of a trace that is judged once more; without `lacked` it was equal.
    pub(crate) fn take_back(&mut self, lacked: Option<&TraceLacks>) {
        self.traces.all -= 1;
        match lacked {
            None => self.traces.equal -= 1,
            Some(lacked) => {
                self.traces.left = self.traces.left.without(lacked.left);
                self.traces.right = self.traces.right.without(lacked.right);
            }
        }
    }

    /// The examples so far.
    pub(crate) fn samples(&self) -> &[DiffSample] {
        &self.samples
    }

    /// All that they say.
    pub(crate) fn tell(mut self, origins: &Origins) -> (DiffCounts, DiffTraces, BookedDiff) {
        let moved = self.moved.settle(&mut self.traces);
        for sample in &mut self.samples {
            let key = spanfate_model::quantity::id::SpanKey { trace: sample.trace_id, span: sample.span_id };
            sample.moved_to = moved.get(&key).copied();
        }
        let mut services: BTreeMap<String, DiffCounts> = BTreeMap::new();
        for (number, counts) in self.by_resource.iter().enumerate() {
            if *counts == DiffCounts::default() {
                continue;
            }
            let name = OriginView::of(origins.resources.bytes(number as u32)).name;
            let name = String::from_utf8_lossy(name).into_owned();
            let full = services.len() >= MOST_SERVICES && !services.contains_key(&name);
            let place = services.entry(if full { "(other)".to_owned() } else { name }).or_default();
            *place = place.plus(*counts);
        }
        let mut services: Vec<DiffService> =
            services.into_iter().map(|(service, counts)| DiffService { service, counts }).collect();
        services.sort_by_key(|one| std::cmp::Reverse(one.counts.differences()));
        let windows = self.timeline.windows();
        let told = BookedDiff {
            fields: self.fields.into_iter().filter(|field| field.spans > 0).collect(),
            used: self.used,
            services,
            // One stretch from zero on is no time at all.
            windows: if windows.iter().all(|window| window.from_ns == 0) { Vec::new() } else { windows },
            since: self.since.filter(|since| *since > 0),
            samples: self.samples,
            pictures: self.pictures,
        };
        (self.counts, self.traces, told)
    }
}

/// An example, as far as it is known without a comparison.
fn sample(
    kind: DiffKind,
    left: Option<SpanView<'_>>,
    right: Option<SpanView<'_>>,
    origins: &Origins,
) -> Option<DiffSample> {
    let span = left.or(right)?;
    let at = |span: Option<SpanView<'_>>| {
        span.map_or_else(String::new, |span| {
            let (byte, line) = span.place();
            InputPosition { byte, line }.to_string()
        })
    };
    let key = span.key();
    Some(DiffSample {
        kind,
        trace_id: key.trace,
        span_id: key.span,
        service: pictures::service(span, origins),
        name: String::from_utf8_lossy(span.part(SpanPart::Name)).into_owned(),
        start_ns: span.start(),
        path: String::new(),
        left: String::new(),
        right: String::new(),
        fields: Vec::new(),
        left_at: at(left),
        right_at: at(right),
        moved_to: None,
    })
}
