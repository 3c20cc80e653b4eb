//! The kinds of hidden faults, with the sizes that they come in.

use spanfate_model::cause::NamedCause;

use super::{BATCH, CaseParts, CaseShape, Draw, LOAD_MS};

/// A kind of hidden fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::session::evaluate) enum HiddenKind {
    /// Nothing is hidden.
    None,
    SlowAnswer,
    Latency,
    Bandwidth,
    Outage,
    Reset,
    Status,
    Refusal,
    Quota,
    Neighbour,
    SlowSerialising,
    Stall,
    LoadBurst,
    SmallQueue,
    Kill,
    PanicLeak,
    ForgottenEnd,
    PartialSuccess,
    ShutdownDeadline,
    ParentSampling,
    Collections,
    /// Two at once, at two services.
    Two,
}

/// Where and when a fault acts, and how long a call takes that cannot keep up.
struct Place {
    at: &'static str,
    all: &'static [&'static str],
    long_ms: u64,
    /// Lines of a fault: its time, a shorter one, the link on which the service exports, the service.
    time: String,
    short: String,
    link: String,
    code: String,
}

impl HiddenKind {
    pub(super) const ALL: [Self; 22] = [
        Self::None,
        Self::SlowAnswer,
        Self::Latency,
        Self::Bandwidth,
        Self::Outage,
        Self::Reset,
        Self::Status,
        Self::Refusal,
        Self::Quota,
        Self::Neighbour,
        Self::SlowSerialising,
        Self::Stall,
        Self::LoadBurst,
        Self::SmallQueue,
        Self::Kill,
        Self::PanicLeak,
        Self::ForgottenEnd,
        Self::PartialSuccess,
        Self::ShutdownDeadline,
        Self::ParentSampling,
        Self::Collections,
        Self::Two,
    ];

    /// Its name in tables.
    pub(in crate::session::evaluate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SlowAnswer => "slow_answer",
            Self::Latency => "latency",
            Self::Bandwidth => "bandwidth",
            Self::Outage => "outage",
            Self::Reset => "reset",
            Self::Status => "status",
            Self::Refusal => "refusal",
            Self::Quota => "quota",
            Self::Neighbour => "neighbour",
            Self::SlowSerialising => "slow_serialising",
            Self::Stall => "stall",
            Self::LoadBurst => "load_burst",
            Self::SmallQueue => "small_queue",
            Self::Kill => "kill",
            Self::PanicLeak => "panic_leak",
            Self::ForgottenEnd => "forgotten_end",
            Self::PartialSuccess => "partial_success",
            Self::ShutdownDeadline => "shutdown_deadline",
            Self::ParentSampling => "parent_sampling",
            Self::Collections => "collections",
            Self::Two => "two",
        }
    }

    /// Kept out of all tuning, so that it says what answers to an unknown kind are worth.
    pub(in crate::session::evaluate) const fn is_held_out(self) -> bool {
        matches!(self, Self::Bandwidth)
    }

    /// Whether a queue runs full of it, and a larger batch or a longer queue, set for all services, may hold what comes.
    pub(super) const fn is_advisable(self) -> bool {
        matches!(
            self,
            Self::SlowAnswer
                | Self::Latency
                | Self::Bandwidth
                | Self::Outage
                | Self::Reset
                | Self::Status
                | Self::Stall
                | Self::LoadBurst
        )
    }

    /// Whether innocent collections may stand beside it.
    pub(super) const fn takes_company(self) -> bool {
        !matches!(
            self,
            Self::None
                | Self::Collections
                | Self::Two
                | Self::Quota
                | Self::Neighbour
                | Self::Kill
                | Self::Stall
        )
    }

    /// On which services it runs.
    pub(super) fn shape(self, draw: &mut Draw) -> CaseShape {
        match self {
            // Both need a core that is not shared with two others.
            Self::Neighbour | Self::LoadBurst => CaseShape::Single,
            Self::Two => CaseShape::Chain,
            _ => draw.one_of(&[CaseShape::Single, CaseShape::Chain, CaseShape::Chain, CaseShape::Chain]),
        }
    }

    /// Adds it to what a scenario is written of.
    pub(super) fn add(self, shape: CaseShape, draw: &mut Draw, parts: &mut CaseParts) {
        let services = shape.services();
        let first = draw.between(0, services.len() as u64 - 1) as usize;
        if self != Self::Two {
            self.put(services[first], shape, draw, parts);
            return;
        }
        let other = (first + draw.between(1, services.len() as u64 - 1) as usize) % services.len();
        let kinds = [Self::Latency, Self::Outage, Self::PanicLeak, Self::Kill, Self::ForgottenEnd];
        for place in [first, other] {
            draw.one_of(&kinds).put(services[place], shape, draw, parts);
        }
    }

    fn put(self, at: &'static str, shape: CaseShape, draw: &mut Draw, parts: &mut CaseParts) {
        let from = draw.between(900, 1500);
        let place = Place {
            at,
            all: shape.services(),
            // A fifth to three fifths of what comes is exported: faults that cost much, and faults that cost little.
            long_ms: BATCH * 100_000 / (shape.spans_per_s() * draw.between(20, 60)),
            time: format!("at = \"{from}ms\"\nfor = \"{}ms\"", draw.between(1000, 1800)),
            short: format!("at = \"{from}ms\"\nfor = \"{}ms\"", draw.between(800, 1400)),
            link: format!("on = \"{at} -> receiver\""),
            code: format!("on = \"{at}\""),
        };
        match self {
            Self::None | Self::Two => {}
            Self::SlowAnswer
            | Self::Latency
            | Self::Bandwidth
            | Self::Outage
            | Self::Reset
            | Self::Status
            | Self::Refusal
            | Self::PartialSuccess
            | Self::ShutdownDeadline => self.on_exports(&place, shape, draw, parts),
            Self::Quota
            | Self::Neighbour
            | Self::SlowSerialising
            | Self::Stall
            | Self::Kill
            | Self::PanicLeak
            | Self::ForgottenEnd
            | Self::Collections => self.on_service(&place, shape, draw, parts),
            Self::LoadBurst | Self::SmallQueue | Self::ParentSampling => self.as_set(&place, draw, parts),
        }
    }

    /// What happens to exports, on their way or at the receiver.
    fn on_exports(self, place: &Place, shape: CaseShape, draw: &mut Draw, parts: &mut CaseParts) {
        let Place { at, all, long_ms, time, short, link, .. } = place;
        let (of_one, of_all) = (&[*at][..], *all);
        let mut put =
            |cause, services, lines: String| parts.fault((self.name(), Some(cause)), services, &lines);
        let answer = |what: &str, time: &str| format!("kind = {{ answer = {{ {what} }} }}\n{time}");
        match self {
            Self::SlowAnswer => {
                let what = format!("after = {{ time = \"{long_ms}ms\" }}");
                put(NamedCause::SlowAnswer, of_all, answer(&what, time));
            }
            Self::Latency => {
                let kind = format!(
                    "kind = {{ latency = {{ delay = \"{long_ms}ms\", jitter = \"{}ms\" }} }}",
                    long_ms / 10
                );
                put(NamedCause::SlowNetwork, of_one, format!("{kind}\n{link}\n{time}"));
            }
            Self::Bandwidth => {
                // A span takes some 200 bytes; whole kilobytes are the proxy's unit.
                let rate = (shape.spans_per_s() * draw.between(10, 30) / 500).max(20);
                let kind =
                    format!("kind = {{ bandwidth = {{ rate = \"{rate}kB\", direction = \"upstream\" }} }}");
                put(NamedCause::SlowNetwork, of_one, format!("{kind}\n{link}\n{time}"));
            }
            Self::Outage => {
                put(NamedCause::ExportFailing, of_one, format!("kind = \"down\"\n{link}\n{short}"));
            }
            Self::Reset => {
                put(NamedCause::ExportFailing, of_all, answer("reset = { accept = false }", short));
            }
            Self::Status => {
                put(NamedCause::ExportFailing, of_all, answer("status = { grpc = \"UNAVAILABLE\" }", short));
            }
            Self::Refusal => {
                let code = draw.one_of(&["INVALID_ARGUMENT", "PERMISSION_DENIED", "UNIMPLEMENTED"]);
                let what = format!("status = {{ grpc = \"{code}\" }}");
                put(NamedCause::ExportFailing, of_all, answer(&what, short));
            }
            Self::PartialSuccess => {
                let what = format!("partial = {{ reject = {} }}", draw.between(3, 40));
                put(NamedCause::Rejected, of_all, answer(&what, time));
            }
            _ => {
                let from = LOAD_MS - draw.between(100, 200);
                let kind = "kind = { timeout = { direction = \"both\" } }";
                put(NamedCause::ShutdownDeadline, of_one, format!("{kind}\n{link}\nat = \"{from}ms\""));
                "shutdown = \"700ms\"\n".clone_into(&mut parts.all);
            }
        }
    }

    /// What happens to a service, from outside or in its code.
    fn on_service(self, place: &Place, shape: CaseShape, draw: &mut Draw, parts: &mut CaseParts) {
        let Place { at, long_ms, time, short, code, .. } = place;
        let (cause, kind) = match self {
            Self::Quota => {
                let (work, quota) = quota(shape, draw);
                parts.all = format!("cpu = \"{work}us\"\n");
                (Some(NamedCause::CpuStarved), format!("{{ cpu = {{ quota = 0.{quota:03} }} }}"))
            }
            Self::Neighbour => {
                "cpu = \"1600us\"\n".clone_into(&mut parts.all);
                let kind = format!("{{ neighbour = {{ share = 0.{} }} }}", draw.between(90, 99));
                (Some(NamedCause::CpuStarved), kind)
            }
            Self::SlowSerialising => {
                let per_span = long_ms * 1000 / BATCH;
                let kind = format!("{{ slow_serialisation = {{ per_span = \"{per_span}us\" }} }}");
                (Some(NamedCause::SlowSerialising), kind)
            }
            Self::Stall => (Some(NamedCause::Burst), "\"pause\"".to_owned()),
            Self::Kill => {
                let kind = format!("{{ kill = {{ restart_after = \"{}ms\" }} }}", draw.between(100, 400));
                (Some(NamedCause::ProcessEnded), kind)
            }
            Self::PanicLeak => {
                let of = draw.between(3, 14);
                let kind = format!("{{ panic = {{ place = \"before_defer\", one_in = {of} }} }}");
                (Some(NamedCause::NeverEnded), kind)
            }
            Self::ForgottenEnd => {
                let of = draw.between(3, 14);
                let kind = format!("{{ span_error = {{ what = \"never_ended\", one_in = {of} }} }}");
                (Some(NamedCause::NeverEnded), kind)
            }
            _ => {
                let kind = draw.one_of(&[
                    "{ gc = { allocate = \"10MiB\", live = \"16MiB\", gogc = 20 } }",
                    "{ gc = { allocate = \"5MiB\", live = \"8MiB\", force_every = \"200ms\" } }",
                ]);
                (None, kind.to_owned())
            }
        };
        let time = match self {
            Self::Kill => format!("at = \"{}ms\"", draw.between(1200, 2500)),
            Self::Collections => "at = \"500ms\"\nfor = \"3s\"".to_owned(),
            Self::Stall => short.clone(),
            _ => time.clone(),
        };
        parts.fault((self.name(), cause), &[*at], &format!("kind = {kind}\n{code}\n{time}"));
    }

    /// What is no fault, but how services and load are set.
    fn as_set(self, place: &Place, draw: &mut Draw, parts: &mut CaseParts) {
        let Place { at, all, .. } = place;
        match self {
            Self::LoadBurst => {
                let rate = draw.between(1800, 2400);
                parts.load = format!(
                    "shape = {{ bursts = {{ rate = \"{rate}/s\", every = \"1500ms\", lasting = \"350ms\" }} }}\n"
                );
                "answer_after = \"20ms\"\n".clone_into(&mut parts.receiver);
                parts.setting((self.name(), Some(NamedCause::Burst)), all);
            }
            Self::SmallQueue => {
                let queue = draw.between(24, 40);
                "arrival = \"poisson\"\n".clone_into(&mut parts.load);
                "answer_after = \"10ms\"\n".clone_into(&mut parts.receiver);
                parts.of_one = Some((at, format!("exporter = {{ queue = {queue}, batch = {queue} }}\n")));
                parts.setting((self.name(), Some(NamedCause::SmallQueue)), &[*at]);
            }
            _ => {
                let ratio = draw.between(3, 7);
                parts.exporter = format!("sampler = \"parentbased_traceidratio\"\nratio = 0.{ratio}\n");
                parts.setting((self.name(), None), all);
            }
        }
    }
}

/// CPU time of a request in the code of a service, microseconds, and a quota, thousandths of a core, that leaves it a sixth to a third of what
/// it needs: what its requests work for, and about as much again for their spans and their calls.
fn quota(shape: CaseShape, draw: &mut Draw) -> (u64, u64) {
    let work_us = draw.between(400, 600);
    let need = shape.rate() * work_us * 3 / 2 / 1000;
    (work_us, need * draw.between(17, 33) / 100)
}
