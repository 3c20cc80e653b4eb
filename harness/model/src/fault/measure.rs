//! What is measured of faults: by the injector while they act, and as the dose that proves them.

use crate::term::words;

words! {
    /// What an injector measured until its fault ended; an amount of the `measured` of an event.
    pub enum Measured {
        /// Requests that the receiver treated as its script says.
        Acted = "acted",
        /// Bytes from the client, of connections that have ended.
        BytesUpstream = "bytes_upstream",
        /// Bytes to the client, of connections that have ended.
        BytesDownstream = "bytes_downstream",
        /// Packets that passed.
        Packets = "packets",
        /// Packets that were dropped.
        PacketsDropped = "packets_dropped",
        /// Packets that had to wait.
        PacketsHeld = "packets_held",
        /// Time for which a process was stopped, nanoseconds.
        StoppedNs = "stopped_ns",
        /// Time for which a control group was throttled, nanoseconds.
        ThrottledNs = "throttled_ns",
        /// Kills by the kernel for want of memory.
        OomKills = "oom_kills",
        /// CPU time that a neighbour took, nanoseconds.
        CpuNs = "cpu_ns",
        /// How long a neighbour was there, nanoseconds.
        LastedNs = "lasted_ns",
    }
}

/// In what an amount is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Ms,
    /// Bytes.
    Bytes,
    /// MiB.
    Mib,
}

/// What the amounts of several trials come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverTrials {
    /// Their sum.
    Sum,
    /// The largest of them.
    Max,
}

/// The measures, each with its text, its unit, and what the amounts of several trials come to.
macro_rules! measures {
    ($(#[$meta:meta])* pub enum Measure {
        $($(#[$of:meta])* $variant:ident = $text:literal, $unit:ident, $over:ident;)+
    }) => {
        words! {
            $(#[$meta])*
            pub enum Measure { $($(#[$of])* $variant = $text,)+ }
        }

        impl Measure {
            /// In what its amounts are counted.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)+ }
            }

            /// What the amounts of several trials come to.
            pub const fn over_trials(self) -> OverTrials {
                match self { $(Self::$variant => OverTrials::$over,)+ }
            }
        }
    };
}

measures! {
    /// What a dose counts, with its unit.
    pub enum Measure {
        /// Exports and calls that took longer than the least delay.
        OperationsDelayed = "operations it delayed", Count, Sum;
        /// Exports and calls that took longer than any without the fault.
        OperationsSlower = "operations slower than any without it", Count, Sum;
        /// Exports and calls that never ended or ended with an error.
        OperationsBroken = "operations it broke", Count, Sum;
        /// Exports and calls that had to wait for its end.
        OperationsStalled = "operations it stalled", Count, Sum;
        /// Exports and calls while it acted.
        OperationsMeanwhile = "operations meanwhile", Count, Sum;
        /// Of these, those that failed.
        OperationsFailed = "of these failed", Count, Sum;
        /// The longest export or call while it acted, milliseconds.
        LongestMs = "ms the longest took", Ms, Max;
        /// Requests that came over a link whose clients nobody watches.
        RequestsThrough = "requests that came through it", Count, Sum;
        /// Bytes of connections that ended while it acted.
        BytesOfEnded = "bytes of connections that ended meanwhile", Bytes, Sum;
        /// Packets while it acted.
        Packets = "packets", Count, Sum;
        /// Packets that it dropped, where it drops some.
        PacketsLost = "packets lost", Count, Sum;
        /// Packets that it treated.
        PacketsActedOn = "packets it acted on", Count, Sum;
        /// Packets that it held or dropped.
        PacketsHeldOrDropped = "packets held or dropped", Count, Sum;
        /// Of the packets, those that it dropped.
        PacketsDropped = "of these dropped", Count, Sum;
        /// Processes that it ended.
        ProcessesEnded = "processes it ended", Count, Sum;
        /// Pipelines that came to an end and began anew in the same process.
        Reloads = "reloads it made", Count, Sum;
        /// The longest queue of a process just before its end, spans.
        QueueBefore = "spans in the queue at most just before", Count, Max;
        /// The most exports in flight of a process just before its end.
        InFlightBefore = "exports in flight at most just before", Count, Max;
        /// How long a process was stopped, milliseconds.
        StoppedMs = "ms stopped", Ms, Sum;
        /// Kills by the kernel for want of memory.
        OomKills = "kills by the kernel", Count, Sum;
        /// Processes that ended by SIGKILL.
        ProcessesKilled = "processes that ended by SIGKILL", Count, Sum;
        /// How long a control group was throttled, milliseconds.
        ThrottledMs = "ms throttled", Ms, Sum;
        /// CPU time that the neighbour took, milliseconds.
        NeighbourCpuMs = "ms of CPU the neighbour took", Ms, Sum;
        /// How long the neighbour was there, milliseconds.
        NeighbourMs = "ms it was there", Ms, Sum;
        /// Garbage collections.
        Collections = "garbage collections", Count, Sum;
        /// Stop-the-world time of the collector, milliseconds.
        StopTheWorldMs = "ms stop-the-world", Ms, Sum;
        /// CPU time in mark assists, milliseconds.
        AssistMs = "ms of CPU in mark assists", Ms, Sum;
        /// Garbage that it made, MiB.
        GarbageMib = "MiB of garbage it made", Mib, Sum;
        /// CPU time in the collector, milliseconds.
        CollectorMs = "ms of CPU in the collector", Ms, Sum;
        /// Panics.
        Panics = "panics", Count, Sum;
        /// Of these, those that were recovered.
        Recovered = "of these recovered", Count, Sum;
        /// Exits.
        Exits = "exits", Count, Sum;
        /// Calls that were sent without their context.
        ContextsLost = "contexts lost", Count, Sum;
        /// Calls that were sent with it while it acted.
        SentIntact = "calls sent intact meanwhile", Count, Sum;
        /// Calls on a deep stack.
        DeepCalls = "deep calls", Count, Sum;
        /// The deepest stack, bytes.
        StackBytes = "bytes of stack at most", Bytes, Max;
        /// Spans that got an error.
        SpansTreated = "spans treated so", Count, Sum;
        /// Requests that waited for a connection of the pool.
        RequestsForConnection = "requests that waited for a connection", Count, Sum;
        /// Look-ups that waited for the lock of the cache.
        LookupsForLock = "look-ups that waited for the lock", Count, Sum;
        /// How long they waited together, milliseconds.
        WaitedMs = "ms waited", Ms, Sum;
        /// Exports that it slowed.
        ExportsSlowed = "exports it slowed", Count, Sum;
        /// CPU time that this took, milliseconds.
        SlowedMs = "ms of CPU it took", Ms, Sum;
        /// Spans that were stamped while the clock was wrong.
        SpansStamped = "spans stamped", Count, Sum;
        /// How far the clock was off, milliseconds.
        ClockOffMs = "ms the clock was off", Ms, Max;
        /// Requests that hung.
        RequestsHung = "requests that hung", Count, Sum;
        /// How long they hung together, milliseconds.
        HungMs = "ms hung", Ms, Sum;
        /// Spans that a processor in front of the exporter left out.
        SpansLeftOut = "spans its rules left out", Count, Sum;
        /// Requests that the receiver treated as its script says.
        RequestsActedOn = "requests it acted on", Count, Sum;
    }
}
