//! Requests that our receiver could not read. That a span was in one of them says nothing of the service.

use spanfate_model::fate::Fate;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::TrialResult;
use spanfate_model::term::Term;
use spanfate_model::unread::{UnreadReason, UnreadRequests};

/// Why a loss may be our receiver's doing, for each reason it had to turn requests away, and what to do.
pub(crate) fn doubts(trial: &TrialResult, variant: Option<&PlannedVariant>) -> Vec<String> {
    let is_refused = |fate: &Fate| matches!(fate, Fate::ExportFailed(_) | Fate::RefusedByReceiver);
    if !trial.ledger.fates.iter().any(|(fate, count)| is_refused(fate) && count.total > 0) {
        return Vec::new();
    }
    // A limit that the scenario sets is what is looked at.
    let set = variant
        .is_some_and(|variant| variant.receiver.max_bytes.is_some() || variant.receiver.max_spans.is_some());
    let ours = |unread: &&UnreadRequests| {
        unread.turned_away() > 0 && !(set && unread.reason.is(&UnreadReason::TooLarge))
    };
    trial.unread.iter().filter(ours).map(turned_away).collect()
}

fn turned_away(unread: &UnreadRequests) -> String {
    let number = unread.turned_away();
    let (requests, they) = if number == 1 { ("request", "it") } else { ("requests", "they") };
    format!(
        "our receiver turned {number} {requests} away: {} (the first: {}); what {they} held is lost to us, not by the service: {}",
        why(&unread.reason),
        unread.example,
        remedy(&unread.reason)
    )
}

fn why(reason: &Term<UnreadReason>) -> String {
    let Some(reason) = reason.known() else { return reason.to_string() };
    let text = match reason {
        UnreadReason::Path => "it takes nothing at their path",
        UnreadReason::Method => "it takes POST only",
        UnreadReason::MediaType => "it takes protobuf, JSON and gRPC only",
        UnreadReason::Encoding => "it cannot decompress them",
        UnreadReason::Undecodable => "it cannot decode them",
        UnreadReason::TooLarge => "they are over its limits",
        UnreadReason::NoSpan => "there is no span in them",
        UnreadReason::GrpcMethod => "it does not know their gRPC method",
    };
    text.to_owned()
}

fn remedy(reason: &Term<UnreadReason>) -> &'static str {
    match reason.known() {
        Some(UnreadReason::Path) => {
            "let the program send to /v1/traces (leave out WithURLPath), or let your own endpoint answer with --relay"
        }
        Some(UnreadReason::MediaType) => {
            "set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf, http/json or grpc, or let your own endpoint answer with --relay"
        }
        Some(UnreadReason::Encoding) => {
            "set OTEL_EXPORTER_OTLP_COMPRESSION to gzip or none, or let your own endpoint answer with --relay"
        }
        Some(UnreadReason::TooLarge) => {
            "send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE), or let your own endpoint answer with --relay"
        }
        _ => "let your own endpoint answer with --relay",
    }
}

/// All requests of which no span was read, in a few words.
pub(crate) fn all(trial: &TrialResult) -> String {
    let one = |unread: &UnreadRequests| {
        format!("{} for the reason `{}`, the first: {}", unread.requests, unread.reason, unread.example)
    };
    trial.unread.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_said_with_what_to_do() {
        for reason in UnreadReason::ALL {
            let unread = |requests, handed_on| UnreadRequests {
                reason: (*reason).into(),
                requests,
                handed_on,
                taken: 0,
                example: "GET /x".to_owned(),
            };
            let said = turned_away(&unread(3, 0));
            assert!(said.contains("(the first: GET /x)") && said.contains("--relay"), "{said}");
            assert_eq!(unread(3, 3).turned_away(), 0, "then the endpoint said so");
        }
    }
}
