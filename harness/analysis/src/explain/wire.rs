//! What the receiver says of single spans: one reading of its log for all that are asked for.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::fate::witness::Witness;
use spanfate_model::format::wire::{
    self, AnswerFate, AnswerRecord, Disposition, Relayed, RequestRecord, WireProtocol, WireRecord,
};
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::MonoNs;

use super::steps::Steps;
use super::words::{lasting, spans};

/// A span in a request.
pub(super) struct Appearance {
    pub(super) request: RequestRecord,
    pub(super) disposition: Disposition,
    /// What became of the answer, if that is in the log.
    pub(super) answer: Option<AnswerRecord>,
}

impl Appearance {
    /// Number of the fault that acted on its request, if one did.
    pub(super) fn fault(&self) -> Option<usize> {
        let answered = self.answer.map_or(0, |answer| answer.fault);
        usize::from(self.request.fault.max(answered)).checked_sub(1)
    }

    /// Whether the endpoint behind a relay had the last word on it.
    pub(super) fn is_of_relay(&self) -> bool {
        relayed(self.answer).is_some()
    }

    /// What was answered, in words.
    pub(super) fn answered(&self) -> String {
        match self.answer.map_or(0, |answer| answer.status) {
            0 => "nothing that the log tells".to_owned(),
            1000 => "gRPC status 0 (OK)".to_owned(),
            code @ 1001.. => format!("gRPC status {}", code - 1000),
            status => format!("HTTP {status}"),
        }
    }
}

/// The appearances of some spans, in the order of the log.
pub(super) fn appearances(
    log: Option<&[u8]>,
    keys: &BTreeSet<SpanKey>,
) -> BTreeMap<SpanKey, Vec<Appearance>> {
    let mut out: BTreeMap<SpanKey, Vec<Appearance>> = BTreeMap::new();
    let mut answers: BTreeMap<u32, Option<AnswerRecord>> = BTreeMap::new();
    let mut current: Option<RequestRecord> = None;
    for record in log.and_then(wire::settled).into_iter().flatten() {
        match record {
            WireRecord::Request(request) => current = Some(request),
            WireRecord::Span(span) if keys.contains(&span.key) => {
                if let Some(request) = current {
                    answers.insert(request.request, None);
                    let disposition = span.disposition;
                    out.entry(span.key).or_default().push(Appearance { request, disposition, answer: None });
                }
            }
            WireRecord::Answer(answer) => {
                if let Some(place) = answers.get_mut(&answer.request) {
                    *place = Some(answer);
                }
            }
            _ => {}
        }
    }
    for appearance in out.values_mut().flatten() {
        appearance.answer = answers.get(&appearance.request.request).copied().flatten();
    }
    out
}

/// The steps that the receiver tells.
pub(super) fn tell(appearances: &[Appearance], steps: &mut Steps) {
    let mut accepted = 0;
    for appearance in appearances {
        let Appearance { request, disposition, answer } = appearance;
        accepted += u32::from(*disposition == Disposition::Accepted);
        let came = match disposition {
            Disposition::Accepted if accepted > 1 => format!("accepted, copy {accepted}"),
            Disposition::Accepted => "accepted".to_owned(),
            Disposition::RejectedPartial => "this span rejected in a partial success".to_owned(),
            Disposition::Refused => "refused by a limit of the receiver".to_owned(),
            Disposition::Failed if relayed(*answer).is_some() => {
                "not taken by the endpoint behind the relay".to_owned()
            }
            Disposition::Failed => "read, and failed on purpose".to_owned(),
        };
        steps.say(
            request.at,
            Some(Witness::Wire),
            format!(
                "complete in export request {}{} ({}, {}): {came}",
                request.request,
                hop(request.hop),
                spans(u64::from(request.spans)),
                protocol(request.protocol)
            ),
        );
        if let Some(answer) = answer {
            steps.say(answer.at, Some(Witness::Wire), answer_words(appearance, *answer, request.at));
        }
    }
}

fn answer_words(appearance: &Appearance, answer: AnswerRecord, since: MonoNs) -> String {
    let end = match answer.fate {
        AnswerFate::TakenByTransport => "handed to the connection",
        AnswerFate::CancelledByPeer => "but the client had given up",
        AnswerFate::ConnectionError => "but the connection broke",
    };
    let relay = relayed(Some(answer))
        .map(|word| format!("; the endpoint behind the relay {word}"))
        .unwrap_or_default();
    format!(
        "export request {} answered with {} after {}, {end}{relay}",
        answer.request,
        appearance.answered(),
        lasting(answer.at.saturating_sub(since))
    )
}

fn relayed(answer: Option<AnswerRecord>) -> Option<&'static str> {
    match answer?.relayed {
        Relayed::No => None,
        Relayed::Taken { .. } => Some("took it"),
        Relayed::Refused => Some("refused it"),
        Relayed::Unanswered => Some("gave no answer"),
    }
}

fn hop(hop: u8) -> String {
    if hop == 0 { String::new() } else { format!(" at hop {hop}") }
}

pub(super) const fn protocol(protocol: WireProtocol) -> &'static str {
    match protocol {
        WireProtocol::Grpc => "gRPC",
        WireProtocol::HttpProtobuf => "HTTP/protobuf",
        WireProtocol::HttpJson => "HTTP/JSON",
    }
}
