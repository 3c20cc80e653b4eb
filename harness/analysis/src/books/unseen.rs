//! What nobody saw of spans that cannot be placed, in words.

use spanfate_model::books::ledger::Gap;

/// What is not known. `taker`: who said that it took them, where somebody did. `unread`: what our
/// receiver could not read.
pub(crate) fn why(gap: Gap, taker: &str, unread: &str) -> String {
    match gap {
        Gap::Wire | Gap::Records => "a witness that would tell has a gap".to_owned(),
        Gap::Unread => format!("they may have come in requests of which our receiver read no span ({unread})"),
        Gap::Elsewhere => format!("{taker} took them, and nothing of that path came to our receiver"),
        Gap::NotArrived => "their exporter said that they were taken, and no request with any span of their batches came to our receiver: a \
                            transport, an interceptor or a proxy of the program's own may have answered"
            .to_owned(),
        Gap::KeptByExporter => "an exporter of the program's own took them and was not seen to send them: it may hold them in a \
                                queue of its own, or have dropped them there"
            .to_owned(),
        Gap::NotHandedOn => "a span processor of the program's own was given them and was not seen to hand them on: it may keep \
                             them, or hold them in a queue of its own"
            .to_owned(),
        Gap::NotSeen => "whom their provider handed them to was not seen".to_owned(),
    }
}

/// The same of one span.
pub(crate) fn why_of_one(gap: Gap, taker: &str) -> String {
    match gap {
        Gap::Wire => "it left the process, and the receiver's log is not whole".to_owned(),
        Gap::Records => "records that would tell are missing".to_owned(),
        Gap::Unread => "it may have come in a request of which our receiver read no span".to_owned(),
        Gap::Elsewhere => format!("{taker} took it, and nothing of that path came to our receiver"),
        Gap::NotArrived => {
            "its exporter said that it was taken, and no request with any span of its batch came to our receiver".to_owned()
        }
        Gap::KeptByExporter => {
            "an exporter of the program's own took it and was not seen to send it".to_owned()
        }
        Gap::NotHandedOn => {
            "a span processor of the program's own was given it and was not seen to hand it on".to_owned()
        }
        Gap::NotSeen => "whom its provider handed it to was not seen".to_owned(),
    }
}
