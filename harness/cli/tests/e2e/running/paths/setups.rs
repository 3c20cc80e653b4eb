//! The set-ups: what the target is told, and what its books must say beyond what they must always.

use serde_json::{Value, json};

/// A set-up.
pub(super) struct Setup {
    pub(super) name: &'static str,
    /// The target's argument.
    pub(super) program: Value,
    /// Processors, by their place in the program's truth, whose queue must have been full.
    pub(super) drops: &'static [usize],
    /// What became of the spans that a path was offered and did not drop.
    pub(super) rest: Rest,
    /// On how many paths each due span was offered, where it is the same for all.
    pub(super) fan: Option<u64>,
    /// How many spans each processor was offered, where its provider's number does not say so.
    pub(super) offered: Offered,
    /// Fates of the whole, exactly.
    pub(super) fates: Vec<(&'static str, u64)>,
    /// Fates that none may have.
    pub(super) never: &'static [&'static str],
}

/// What became of the spans that a path was offered and did not drop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// They have this fate, all of them.
    All(&'static str),
    /// They were received, or lost at the end of the process.
    AtExit,
    /// They are received as far as they were handed on; of those that were not it is not known why.
    Unknown,
}

/// How many spans processors were offered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    /// All that ended, or what the processor before it handed on.
    All,
    /// The first half, or the second: one took the other's place.
    Halves,
    /// Nobody knows: one took the other's place while spans ended.
    Open,
}

impl Setup {
    fn of(name: &'static str, program: Value) -> Self {
        Self {
            name,
            program,
            drops: &[],
            rest: Rest::All("received"),
            fan: None,
            offered: Offered::All,
            fates: Vec::new(),
            never: &["filtered.processor", "filtered.exporter_wrapper"],
        }
    }

    fn drops(self, drops: &'static [usize]) -> Self {
        Self { drops, ..self }
    }

    fn rest(self, rest: Rest) -> Self {
        Self { rest, ..self }
    }

    fn fan(self, fan: u64) -> Self {
        Self { fan: Some(fan), ..self }
    }

    fn offered(self, offered: Offered) -> Self {
        Self { offered, ..self }
    }

    /// So many have this fate, which may be one that a filter gives.
    fn fate(mut self, name: &'static str, spans: u64) -> Self {
        self.fates.push((name, spans));
        if name == "filtered.processor" {
            self.never = &["filtered.exporter_wrapper"];
        }
        self
    }

    /// Its spans may be hidden by a processor.
    fn may_hide(self) -> Self {
        Self { never: &["filtered.exporter_wrapper"], ..self }
    }

    /// With these keys of the program set.
    fn with(mut self, keys: &Value) -> Self {
        self.program.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        self
    }
}

/// A program with these providers; each producer makes so many spans with each of them.
fn program<const N: usize>(providers: [Value; N], producers: u32, spans: u32) -> Value {
    json!({"providers": Vec::from(providers), "producers": producers, "spans": spans, "end": "shutdown"})
}

fn provider<const N: usize>(processors: [Value; N]) -> Value {
    json!({"processors": Vec::from(processors)})
}

/// One of which each producer makes 20 spans where it makes one of others.
fn often<const N: usize>(processors: [Value; N]) -> Value {
    json!({"processors": Vec::from(processors), "times": 20})
}

fn batch(queue: u32, exporter: &str) -> Value {
    json!({"kind": "batch", "exporter": exporter, "queue": queue, "batch": (queue / 8).min(512)})
}

/// One that exports nothing before its shutdown.
fn waiting(queue: u32) -> Value {
    json!({"kind": "batch", "exporter": "grpc", "queue": queue, "batch": queue, "delay": "1m"})
}

fn simple(exporter: &str) -> Value {
    json!({"kind": "simple", "exporter": exporter})
}

fn filter<const N: usize>(every: u32, inner: [Value; N]) -> Value {
    json!({"kind": "filter", "every": every, "inner": Vec::from(inner)})
}

fn asynchronous<const N: usize>(queue: u32, block: bool, inner: [Value; N]) -> Value {
    json!({"kind": "async", "queue": queue, "block": block, "inner": Vec::from(inner)})
}

fn mask<const N: usize>(inner: [Value; N]) -> Value {
    json!({"kind": "mask", "inner": Vec::from(inner)})
}

fn leaf() -> Value {
    json!({"kind": "leaf"})
}

/// Producers that sleep now and then, so that workers keep up for a while.
fn paced() -> Value {
    json!({"burst": 40, "pause": "2ms"})
}

pub(super) fn several() -> Vec<Setup> {
    let (small, large) = (|| batch(64, "grpc"), || batch(4096, "grpc"));
    let two = |producers, spans| program([provider([small()]), provider([large()])], producers, spans);
    let both = |producers, spans| program([provider([small(), large()])], producers, spans);
    let three = [often([small()]), provider([simple("http")]), often([batch(128, "http")])];
    let left =
        |name, program, end: &str| Setup::of(name, program).rest(Rest::AtExit).with(&json!({"end": end}));
    vec![
        Setup::of("two providers, one producer", two(1, 1000)).drops(&[0]).fan(1),
        Setup::of("two providers, 8 producers", two(8, 250)).drops(&[0]).fan(1).with(&paced()),
        Setup::of("two batch processors, 8 producers", both(8, 250)).drops(&[0]).fan(2).with(&paced()),
        Setup::of("two alike, one producer", program([provider([small(), small()])], 1, 1000))
            .drops(&[0, 1])
            .fan(2),
        Setup::of("batch and simple", program([provider([small(), simple("http")])], 8, 40)).fan(2),
        Setup::of("three providers, one of them simple", program(three, 8, 20)).drops(&[0, 2]).fan(1),
        Setup::of("an exporter of its own", program([provider([large(), batch(512, "swallow")])], 1, 300)),
        left("two providers left as they are", two(8, 250), "none").drops(&[0]),
        left("two batch processors and os.Exit", both(8, 250), "exit").drops(&[0]),
    ]
}

pub(super) fn own() -> Vec<Setup> {
    let (small, large) = (|| batch(64, "grpc"), || batch(4096, "http"));
    let one = |processors: Value, producers, spans| program([provider([processors])], producers, spans);
    let nested = || filter(2, [filter(5, [simple("grpc")])]);
    let beside = program([provider([filter(2, [small()]), large()])], 8, 250);
    vec![
        Setup::of("filter before a batcher", one(filter(10, [large()]), 1, 1000))
            .fate("filtered.processor", 900),
        Setup::of("filter before two batchers", one(filter(2, [small(), large()]), 8, 250))
            .drops(&[1])
            .fan(2)
            .fate("filtered.processor", 1000),
        Setup::of("a filter in a filter before simple", one(nested(), 8, 50)).fate("filtered.processor", 360),
        Setup::of("a filter beside a batcher", beside).drops(&[1]),
        Setup::of("async that waits", one(asynchronous(16, true, [large()]), 8, 250)),
        Setup::of("async that forgets", one(asynchronous(4, false, [large()]), 8, 250)).rest(Rest::Unknown),
        Setup::of("a mask before a batcher", one(mask([small()]), 8, 250)).drops(&[1]),
        Setup::of("a mask in a mask before simple", one(mask([mask([simple("grpc")])]), 8, 40)),
        Setup::of("leaf beside two batchers", program([provider([small(), leaf(), large()])], 8, 250))
            .drops(&[0])
            .fan(2),
    ]
}

pub(super) fn reloads() -> Vec<Setup> {
    let (small, large) = (|| provider([batch(64, "grpc")]), || provider([batch(4096, "http")]));
    let reload = |what: &str, busy: bool, next: Value| {
        let mut keys = paced();
        keys["burst"] = json!(20);
        keys["reload"] = json!(what);
        keys["busy"] = json!(busy);
        keys["next"] = next;
        keys
    };
    let of = |name, producers, spans, keys: &Value| {
        Setup::of(name, program([small()], producers, spans))
            .drops(&[0])
            .offered(Offered::Halves)
            .fan(1)
            .with(keys)
    };
    vec![
        of("reload of a processor", 8, 200, &reload("processor", false, large())),
        of("reload of a processor by one alike", 8, 200, &reload("processor", false, small())),
        of("reload of a provider", 8, 200, &reload("provider", false, large())),
        of("busy reload of a processor", 8, 400, &reload("processor", true, large()))
            .offered(Offered::Open)
            .rest(Rest::AtExit),
        of("busy reload of a provider", 8, 400, &reload("provider", true, large()))
            .offered(Offered::Open)
            .rest(Rest::AtExit),
    ]
}

pub(super) fn single() -> Vec<Setup> {
    let one = |processor: Value, producers, spans| program([provider([processor])], producers, spans);
    let left = |name, end: &str, fate| {
        Setup::of(name, one(waiting(1024), 8, 50)).rest(Rest::All(fate)).with(&json!({"end": end}))
    };
    let sampled = json!({"processors": [batch(4096, "grpc")], "drop": 5, "record": 7});
    let open = json!({"processors": [batch(4096, "grpc")], "open": 3});
    let [sends, nil, nil_simple] =
        [batch(4096, "grpc"), batch(64, "nil"), simple("nil")].map(|one| provider([one]));
    let beside = program([sends, provider([]), nil, nil_simple], 8, 50);
    vec![
        Setup::of("simple, one producer", one(simple("grpc"), 1, 300)),
        Setup::of("simple, 8 producers", one(simple("http"), 8, 40)),
        Setup::of("no processor", program([provider([])], 8, 100)).fate("no_processor", 800),
        // Whether it keeps spans or hides them is not seen.
        Setup::of("leaf alone", one(leaf(), 1, 300)).rest(Rest::Unknown).may_hide(),
        Setup::of("nil exporter", one(batch(64, "nil"), 1, 300)).fate("no_exporter", 300),
        Setup::of(
            "nil exporter beside one",
            program([provider([batch(64, "nil"), batch(4096, "grpc")])], 1, 300),
        ),
        Setup::of("three providers that send nothing beside one that does", beside)
            .fate("no_processor", 400)
            .fate("no_exporter", 800),
        left("left as it is", "none", "lost_in_queue_at_exit.exit"),
        left("left by a panic", "panic", "lost_in_queue_at_exit.crash"),
        // Of 400 each fifth is dropped by the sampler, and of the others each seventh is only recorded.
        Setup::of("not sampled and recorded only", program([sampled], 8, 50))
            .fate("not_sampled.sampler", 80 + 46),
        Setup::of("left open", program([open], 8, 50)).fate("never_ended.leak", 24),
    ]
}

/// Much at once, for other SDKs and stripped programs.
pub(super) fn mixes() -> Vec<Setup> {
    let (small, large) = (|| batch(64, "grpc"), || batch(4096, "http"));
    let mixed = [
        often([small(), large()]),
        provider([simple("grpc")]),
        often([filter(10, [batch(64, "http"), small()])]),
    ];
    let reload = json!({"reload": "processor", "next": provider([large()])});
    vec![
        Setup::of("a mix, 8 producers", program(mixed, 8, 30)).drops(&[0]).fate("filtered.processor", 4320),
        Setup::of("reload of a processor", program([provider([small()])], 8, 200))
            .drops(&[0])
            .offered(Offered::Halves)
            .fan(1)
            .with(&reload),
    ]
}
