//! A log of a receiver with a relay, read to its end: a span was accepted only if the endpoint behind the receiver took it, and
//! that is known after the span was written.

use super::{Disposition, RECORD_BYTES, Relayed, WireRecord, read};

/// No answer was noted.
const OPEN: u32 = 0;
/// The receiver answered by itself.
const OWN: u32 = 1;
/// The endpoint did not take it.
const LOST: u32 = 2;
/// The endpoint took it; what is above says how many spans it rejected.
const TAKEN: u32 = 3;

/// How the requests of a log ended: 4 bytes for each, and nothing for a log without a relay, which says it at once.
#[derive(Clone, Debug)]
pub struct Endings {
    /// By number of the request; nothing where there was no relay.
    of: Option<Vec<u32>>,
    /// No request has a number from here on: each has a record of its own.
    most: u64,
    /// Spans of the request so far.
    number: u32,
}

impl Endings {
    /// Nothing is known yet of a log with this header and so many bytes.
    pub fn new(header: &[u8; RECORD_BYTES], bytes: u64) -> Self {
        let of = (header[16] & 1 == 1).then(Vec::new);
        Self { of, most: bytes / RECORD_BYTES as u64, number: 0 }
    }

    /// Whether the log must be read twice.
    #[inline]
    pub const fn is_relayed(&self) -> bool {
        self.of.is_some()
    }

    /// The first reading.
    #[inline]
    pub fn note(&mut self, record: &WireRecord) {
        let (Some(of), WireRecord::Answer(answer)) = (&mut self.of, record) else { return };
        if u64::from(answer.request) >= self.most {
            return;
        }
        let at = answer.request as usize;
        if of.len() <= at {
            of.resize(at + 1, OPEN);
        }
        of[at] = match answer.relayed {
            Relayed::No => OWN,
            Relayed::Refused | Relayed::Unanswered => LOST,
            Relayed::Taken { rejected } => TAKEN.saturating_add(rejected),
        };
    }

    /// The second reading: what a record says once the end is known. A span whose request has no answer in the log may have
    /// been taken or not, so it is a gap.
    #[inline]
    pub fn settle(&mut self, record: WireRecord) -> WireRecord {
        let Some(of) = &self.of else { return record };
        let ending = |request: u32| of.get(request as usize).copied().unwrap_or(OPEN);
        match record {
            WireRecord::Request(mut request) => {
                self.number = 0;
                if request.disposition == Disposition::Accepted {
                    request.disposition = match ending(request.request) {
                        LOST => Disposition::Failed,
                        ending if ending > TAKEN => Disposition::RejectedPartial,
                        _ => Disposition::Accepted,
                    };
                }
                WireRecord::Request(request)
            }
            WireRecord::Span(mut span) => {
                let number = self.number;
                self.number = number.saturating_add(1);
                if span.disposition != Disposition::Accepted {
                    return WireRecord::Span(span);
                }
                span.disposition = match ending(span.request) {
                    OPEN => return WireRecord::Gap { spans: 1 },
                    OWN => Disposition::Accepted,
                    LOST => Disposition::Failed,
                    // Nobody says which ones the endpoint rejected: the first stand for them.
                    taken if number < taken - TAKEN => Disposition::RejectedPartial,
                    _ => Disposition::Accepted,
                };
                WireRecord::Span(span)
            }
            other => other,
        }
    }
}

/// Reads the records after the header as [`read`] does, each with what became of it in the end. There are as many.
#[inline]
pub fn settled(bytes: &[u8]) -> Option<impl Iterator<Item = WireRecord> + '_> {
    let mut endings = Endings::new(bytes.first_chunk()?, bytes.len() as u64);
    if endings.is_relayed() {
        read(bytes)?.for_each(|record| endings.note(&record));
    }
    Some(read(bytes)?.map(move |record| endings.settle(record)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::wire::{
        AnswerFate, AnswerRecord, RequestRecord, SpanRecord, WireProtocol, header, relay_header, write_end,
    };
    use crate::quantity::id::{SpanId, SpanKey, TraceId};

    fn log(first: [u8; RECORD_BYTES], endings: &[Option<Relayed>], disposition: Disposition) -> Vec<u8> {
        let mut out = first.to_vec();
        for request in 0..endings.len() as u32 {
            let record = RequestRecord {
                request,
                connection: 0,
                at: 1,
                raw_bytes: 0,
                wire_bytes: 0,
                spans: 3,
                protocol: WireProtocol::Grpc,
                disposition,
                hop: 0,
                path: 0,
                fault: 0,
            };
            out.extend(record.write());
            for n in 0..3 {
                let key = SpanKey { trace: TraceId([1; 16]), span: SpanId([n; 8]) };
                let (parent, start_wall, end_wall) = (SpanId::default(), 0, 0);
                let (name, service, kind) = (0, 0, 0);
                out.extend(
                    SpanRecord {
                        request,
                        key,
                        parent,
                        name,
                        service,
                        kind,
                        disposition,
                        start_wall,
                        end_wall,
                    }
                    .write(),
                );
            }
        }
        for (request, relayed) in (0..).zip(endings) {
            let Some(relayed) = *relayed else { continue };
            let fate = AnswerFate::TakenByTransport;
            out.extend(AnswerRecord { request, at: 2, fate, fault: 0, status: 200, relayed }.write());
        }
        out.extend(write_end(endings.len() as u64));
        out
    }

    /// The disposition of each request and of its spans; nothing for a gap.
    fn said(log: &[u8]) -> Vec<Option<Disposition>> {
        let say = |record| match record {
            WireRecord::Request(request) => Some(Some(request.disposition)),
            WireRecord::Span(span) => Some(Some(span.disposition)),
            WireRecord::Gap { spans: 1 } => Some(None),
            _ => None,
        };
        settled(log).unwrap().filter_map(say).collect()
    }

    #[test]
    fn the_answer_says_what_was_accepted() {
        use Disposition::{Accepted, Failed, RejectedPartial};
        let endings = [
            Some(Relayed::Taken { rejected: 0 }),
            Some(Relayed::Taken { rejected: 2 }),
            Some(Relayed::Refused),
            Some(Relayed::Unanswered),
            Some(Relayed::No),
            None,
        ];
        let expected = [
            [Some(Accepted); 4],
            [Some(RejectedPartial), Some(RejectedPartial), Some(RejectedPartial), Some(Accepted)],
            [Some(Failed); 4],
            [Some(Failed); 4],
            [Some(Accepted); 4],
            [Some(Accepted), None, None, None],
        ];
        assert_eq!(said(&log(relay_header(), &endings, Accepted)), expected.concat());
        // What the receiver refused stays refused, and without a relay an answer changes nothing.
        let refused = log(relay_header(), &endings, Disposition::Refused);
        assert!(said(&refused).iter().all(|said| *said == Some(Disposition::Refused)));
        assert!(said(&log(header(), &endings, Accepted)).iter().all(|said| *said == Some(Accepted)));
    }

    #[test]
    fn a_number_that_no_request_has_costs_no_memory() {
        let mut hostile = log(relay_header(), &[], Disposition::Accepted);
        let answer = AnswerRecord {
            request: u32::MAX,
            at: 0,
            fate: AnswerFate::TakenByTransport,
            fault: 0,
            status: 0,
            relayed: Relayed::Refused,
        };
        hostile.extend(answer.write());
        let mut endings = Endings::new(hostile.first_chunk().unwrap(), hostile.len() as u64);
        for record in read(&hostile).unwrap() {
            endings.note(&record);
        }
        assert_eq!(endings.of, Some(Vec::new()));
    }
}
