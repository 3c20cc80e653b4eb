//! Brings the spans of both sides together, trace by trace, and key by key within a trace.

use spanfate_model::finding::diff::{DiffKind, DiffRule};
use spanfate_model::quantity::id::SpanId;

use super::books::DiffBooks;
use super::compare::{Comparer, FirstDifference, PairOutcome};
use super::damage::TraceSpan;
use super::store::{DEEPEST, PARTS, SpanStore};
use crate::error::DiffError;
use crate::rules::RuleSet;
use crate::span::draft::{RECORD_HEAD, SpanView};
use crate::span::origins::Origins;

/// Pairs of copies of one span that are tried.
const MOST_TRIED: usize = 4096;

/// Where a record stands in a part, by its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct IndexEntry {
    trace: u128,
    span: u64,
    at: u32,
}

/// Joins all that both stores hold; at most so many bytes of it at a time.
pub(crate) fn join(
    left: &mut SpanStore,
    right: &mut SpanStore,
    origins: &Origins,
    most: usize,
    comparer: &mut Comparer,
    books: &mut DiffBooks,
) -> Result<(), DiffError> {
    // Places within a part have 32 bits.
    let most = most.min(u32::MAX as usize);
    for part in 0..PARTS {
        let bytes = left.len(part) + right.len(part);
        if bytes == 0 {
            continue;
        }
        if bytes > most {
            if left.depth() == DEEPEST {
                return Err(DiffError::Memory(format!("one trace has {bytes} bytes of spans")));
            }
            let (mut left, mut right) = (left.split(part)?, right.split(part)?);
            join(&mut left, &mut right, origins, most, comparer, books)?;
            books.spilled += left.spilled() + right.spilled();
            continue;
        }
        let (left, right) = (left.take(part)?, right.take(part)?);
        JoinedPart::new(&left, &right, origins, comparer, books).join();
    }
    Ok(())
}

/// A trace that was brought together: its spans on both sides, by id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct JoinedTrace {
    pub(crate) differs: bool,
    pub(crate) left: Vec<TraceSpan>,
    pub(crate) right: Vec<TraceSpan>,
}

/// Joins the records of a single trace. Its spans are counted, the trace itself is not.
pub(crate) fn join_one(
    left: &[u8],
    right: &[u8],
    origins: &Origins,
    comparer: &mut Comparer,
    books: &mut DiffBooks,
) -> JoinedTrace {
    let mut part = JoinedPart::new(left, right, origins, comparer, books);
    let (one, other) = (index(left), index(right));
    if !part.all_equal(&one, &other) {
        return part.trace(&one, &other);
    }
    let views = one.iter().filter_map(|entry| part.of(true, *entry));
    let left: Vec<TraceSpan> =
        views.map(|span| TraceSpan { span: span.key().span, parent: span.parent(), lacks: false }).collect();
    JoinedTrace { differs: false, right: left.clone(), left }
}

fn index(bytes: &[u8]) -> Vec<IndexEntry> {
    let (mut out, mut at) = (Vec::with_capacity(bytes.len() / RECORD_HEAD), 0);
    while let Some(span) = SpanView::at(bytes, at) {
        let key = span.key();
        out.push(IndexEntry {
            trace: u128::from_be_bytes(key.trace.0),
            span: u64::from_be_bytes(key.span.0),
            at: at as u32,
        });
        at += span.bytes().len();
    }
    out.sort_unstable();
    out
}

/// The entries of the trace that comes first.
fn split_trace(entries: &[IndexEntry], trace: u128) -> (&[IndexEntry], &[IndexEntry]) {
    let many = entries.iter().take_while(|entry| entry.trace == trace).count();
    entries.split_at(many)
}

/// The entries of the span that comes first.
fn split_span(entries: &[IndexEntry], span: u64) -> (&[IndexEntry], &[IndexEntry]) {
    let many = entries.iter().take_while(|entry| entry.span == span).count();
    entries.split_at(many)
}

struct JoinedPart<'a> {
    left: &'a [u8],
    right: &'a [u8],
    origins: &'a Origins,
    comparer: &'a mut Comparer,
    books: &'a mut DiffBooks,
    /// Rules that made spans of a trace equal.
    used: Vec<RuleSet>,
}

impl<'a> JoinedPart<'a> {
    const fn new(
        left: &'a [u8],
        right: &'a [u8],
        origins: &'a Origins,
        comparer: &'a mut Comparer,
        books: &'a mut DiffBooks,
    ) -> Self {
        Self { left, right, origins, comparer, books, used: Vec::new() }
    }

    fn join(&mut self) {
        let (left, right) = (index(self.left), index(self.right));
        let (mut left, mut right) = (&left[..], &right[..]);
        while let Some(first) =
            [left.first(), right.first()].into_iter().flatten().map(|entry| entry.trace).min()
        {
            let (one, left_rest) = split_trace(left, first);
            let (other, right_rest) = split_trace(right, first);
            (left, right) = (left_rest, right_rest);
            if self.all_equal(one, other) {
                self.books.trace_is_equal();
                continue;
            }
            let joined = self.trace(one, other);
            if joined.differs {
                self.books.trace_differs(&joined.left, &joined.right);
            } else {
                self.books.trace_is_equal();
            }
        }
    }

    #[inline]
    fn of(&self, left: bool, entry: IndexEntry) -> Option<SpanView<'a>> {
        SpanView::at(if left { self.left } else { self.right }, entry.at as usize)
    }

    /// Counts the spans of a trace of which each is on both sides once and agrees; nearly all are such. False where one does not.
    #[inline]
    fn all_equal(&mut self, left: &[IndexEntry], right: &[IndexEntry]) -> bool {
        if left.len() != right.len() {
            return false;
        }
        self.used.clear();
        let mut before = None;
        for (one, other) in left.iter().zip(right) {
            if one.span != other.span || before.replace(one.span) == Some(one.span) {
                return false;
            }
            let Some((l, r)) = self.of(true, *one).zip(self.of(false, *other)) else { return false };
            let outcome = self.comparer.compare(l, r, self.origins);
            if !outcome.is_equal() {
                return false;
            }
            if outcome.used != RuleSet::NONE {
                self.used.push(outcome.used);
            }
        }
        for used in &self.used {
            self.books.used_all(*used);
        }
        for entry in left {
            if let Some(span) = self.of(true, *entry) {
                self.books.equal(span, self.origins);
            }
        }
        true
    }

    /// A trace, span by span.
    fn trace(&mut self, left: &[IndexEntry], right: &[IndexEntry]) -> JoinedTrace {
        let before = self.books.counts.differences();
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        let mut marks = Vec::new();
        let (mut one, mut other) = (left, right);
        while let Some(span) =
            [one.first(), other.first()].into_iter().flatten().map(|entry| entry.span).min()
        {
            let (mine, rest) = split_span(one, span);
            let (yours, other_rest) = split_span(other, span);
            (one, other) = (rest, other_rest);
            let mut mine: Vec<SpanView<'a>> = mine.iter().filter_map(|entry| self.of(true, *entry)).collect();
            let mut yours: Vec<SpanView<'a>> =
                yours.iter().filter_map(|entry| self.of(false, *entry)).collect();
            self.leave_out_pages(true, &mut mine);
            self.leave_out_pages(false, &mut yours);
            let note = |spans: &[SpanView<'a>], lacks: bool, to: &mut Vec<TraceSpan>| {
                if let Some(first) = spans.first() {
                    to.push(TraceSpan { span: first.key().span, parent: first.parent(), lacks });
                }
            };
            note(&mine, yours.is_empty(), &mut lefts);
            note(&yours, mine.is_empty(), &mut rights);
            if let Some((kind, says)) = self.span(&mine, &yours) {
                marks.push((SpanId(span.to_be_bytes()), kind, says));
            }
        }
        let views = |left: bool, entries: &[IndexEntry]| -> Vec<SpanView<'a>> {
            entries.iter().filter_map(|entry| self.of(left, *entry)).collect()
        };
        let differs = self.books.counts.differences() > before;
        if differs && self.books.wants_picture() {
            let (left, right) = (views(true, left), views(false, right));
            self.books.picture(&left, &right, &marks, self.origins);
        }
        JoinedTrace { differs, left: lefts, right: rights }
    }

    /// Of copies in a store's answers, those of the first answer count.
    fn leave_out_pages(&mut self, left: bool, spans: &mut Vec<SpanView<'a>>) {
        let terms = self.comparer.terms();
        let facts = if left { terms.left } else { terms.right };
        if spans.len() < 2 || !facts.jaeger || !terms.rules.has(DiffRule::Pages) {
            return;
        }
        let first = spans.iter().map(|span| span.document()).min().unwrap_or_default();
        let before = spans.len();
        spans.retain(|span| span.document() == first);
        for _ in spans.len()..before {
            self.books.used(DiffRule::Pages);
        }
    }

    /// The copies of one span on both sides; gives how they differ, if they do.
    fn span(&mut self, left: &[SpanView<'a>], right: &[SpanView<'a>]) -> Option<(DiffKind, String)> {
        let (origins, books) = (self.origins, &mut *self.books);
        match (left, right) {
            ([], []) => None,
            ([first, copies @ ..], []) => {
                books.alone(true, *first, copies.len() as u64, origins);
                Some((DiffKind::OnlyLeft, String::new()))
            }
            ([], [first, copies @ ..]) => {
                books.alone(false, *first, copies.len() as u64, origins);
                Some((DiffKind::OnlyRight, String::new()))
            }
            ([first, ..], _) => {
                let unlike = self.pair(left, right);
                let books = &mut *self.books;
                books.both(*first, unlike.is_some(), origins);
                let more = left.len().abs_diff(right.len()) as u64;
                let copies = books.copies(left.len() > right.len(), *first, more, origins);
                let Some((one, other, outcome)) = unlike else {
                    return copies.map(|kind| (kind, String::new()));
                };
                let wanted = books.wants_sample(DiffKind::Field) || books.wants_picture();
                let difference = if wanted {
                    self.comparer.first(one, other, outcome, origins)
                } else {
                    FirstDifference::default()
                };
                let says = format!("{}: {} | {}", difference.path, difference.left, difference.right);
                self.books.differs(one, other, outcome, difference, origins);
                Some((DiffKind::Field, says))
            }
        }
    }

    /// Finds a copy on the right for each on the left, as long as there are some; gives two that do not agree, if there are.
    fn pair(
        &mut self,
        left: &[SpanView<'a>],
        right: &[SpanView<'a>],
    ) -> Option<(SpanView<'a>, SpanView<'a>, PairOutcome)> {
        let mut free: Vec<SpanView<'a>> = right.to_vec();
        let mut unlike = None;
        let mut lonely = Vec::new();
        for one in left {
            let tried = if left.len() * right.len() > MOST_TRIED { 1 } else { free.len() };
            let mut found = None;
            for (at, other) in free.iter().enumerate().take(tried) {
                let outcome = self.comparer.compare(*one, *other, self.origins);
                if outcome.is_equal() {
                    self.books.used_all(outcome.used);
                    found = Some(at);
                    break;
                }
            }
            match found {
                Some(at) => {
                    free.remove(at);
                }
                None => lonely.push(*one),
            }
        }
        // What is left over on both sides differs; what is left over on one is a copy more.
        for (one, other) in lonely.iter().zip(&free) {
            let outcome = self.comparer.compare(*one, *other, self.origins);
            self.books.used_all(outcome.used);
            unlike = unlike.or(Some((*one, *other, outcome)));
        }
        unlike
    }
}
