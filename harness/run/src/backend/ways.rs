//! How a back end is asked: which paths it has, and what it gives there.

use spanfate_model::quantity::id::TraceId;
use spanfate_model::quantity::stamp;

use super::page::PageShape;

/// An interface of a back end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// Jaeger's `/api/v3`: OTLP, whole nanoseconds.
    JaegerThree,
    /// Jaeger's `/api`: its own JSON, microseconds.
    JaegerOne,
    /// Tempo's `/api/v2`: OTLP in JSON.
    TempoTwo,
    /// Tempo's `/api`: OTLP in JSON, or in protobuf where that is asked for.
    TempoOne { protobuf: bool },
}

impl Dialect {
    pub(super) const fn shape(self) -> PageShape {
        match self {
            Self::JaegerThree | Self::TempoTwo | Self::TempoOne { protobuf: false } => PageShape::OtlpJson,
            Self::JaegerOne => PageShape::JaegerJson,
            Self::TempoOne { protobuf: true } => PageShape::OtlpProtobuf,
        }
    }

    /// What it is called in errors.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::JaegerThree => "Jaeger's /api/v3",
            Self::JaegerOne => "Jaeger's /api",
            Self::TempoTwo => "Tempo's /api/v2",
            Self::TempoOne { .. } => "Tempo's /api",
        }
    }

    pub(super) const fn accept(self) -> &'static str {
        match self.shape() {
            PageShape::OtlpProtobuf => "application/protobuf",
            PageShape::OtlpJson | PageShape::JaegerJson => "application/json",
        }
    }

    /// The path of a trace: as it was stored, where the back end would mend it for people.
    pub(super) fn of_trace(self, trace: TraceId) -> String {
        match self {
            Self::JaegerThree => format!("/api/v3/traces/{trace}?raw_traces=true"),
            Self::JaegerOne => format!("/api/traces/{trace}?raw=true"),
            Self::TempoTwo => format!("/api/v2/traces/{trace}"),
            Self::TempoOne { .. } => format!("/api/traces/{trace}"),
        }
    }

    /// The path of its services; nothing where it has no search.
    pub(super) const fn of_services(self) -> Option<&'static str> {
        match self {
            Self::JaegerThree => Some("/api/v3/services"),
            Self::JaegerOne => Some("/api/services"),
            Self::TempoTwo | Self::TempoOne { .. } => None,
        }
    }

    /// The path of the traces with a span of a service that began in those microseconds, both included; the newest so many.
    pub(super) fn of_search(self, service: &str, (from, to): (u64, u64), traces: u32) -> String {
        let service = encoded(service);
        match self {
            Self::JaegerThree => {
                // Versions differ in what they call the number.
                let (from, to) = (stamp::exact(from * 1000), stamp::exact(to * 1000 + 999));
                format!(
                    "/api/v3/traces?query.service_name={service}&query.start_time_min={from}&query.start_time_max={to}\
                     &query.num_traces={traces}&query.search_depth={traces}&query.raw_traces=true"
                )
            }
            // A span may begin within the last microsecond, of which only the begin can be named.
            _ => format!(
                "/api/traces?service={service}&start={from}&end={}&limit={traces}&raw=true",
                to.saturating_add(1)
            ),
        }
    }
}

/// Percent-encoded, so that it means itself in a query.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_names_its_window_and_its_service() {
        let one = Dialect::JaegerOne.of_search("a b&ü", (5, 6), 7);
        assert_eq!(one, "/api/traces?service=a%20b%26%C3%BC&start=5&end=7&limit=7&raw=true");
        let three = Dialect::JaegerThree.of_search("a", (951_827_696_000_000, 951_827_696_000_000), 7);
        assert!(three.contains("query.start_time_min=2000-02-29T12:34:56.000000000Z"), "{three}");
        assert!(three.contains("query.start_time_max=2000-02-29T12:34:56.000000999Z"), "{three}");
    }
}
