//! What figures of one kind tell apart.

/// A state of traces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TraceState {
    /// All spans arrived, in one trace.
    Complete,
    /// The root is missing.
    Headless,
    /// The root arrived, others are missing.
    Torn,
    /// All spans arrived, in more than one trace.
    Split,
    /// Nothing arrived.
    Absent,
}

/// What is worth keeping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WhatMatters {
    /// Spans that the scenario names.
    KeySpans,
    /// Requests that a fault made fail: their failed span.
    Errors,
    /// The same: all of their spans.
    ErrorsWhole,
    /// Requests that a fault made slow: their slow span.
    Slow,
    /// Of traces of which anything arrived: everything.
    Whole,
}

/// A figure of a control loop: the worst over all changes of the load.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LoopFigure {
    /// Time from the change of the load to the last change of the rate that followed.
    Settling,
    /// How far the rate went beyond where it came to rest, over the whole way.
    Overshoot,
    /// Changes of the rate in the other direction than the one before.
    Reversals,
}

/// A quantile that is reported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Quantile {
    /// The median.
    P50,
    /// 99 of 100.
    P99,
    /// 999 of 1000.
    P999,
}
