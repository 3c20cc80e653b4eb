//! What the environment says to an exporter of spans, which the canary goes by as well. What is secret of it is never shown.

use http::HeaderMap;
use spanfate_model::format::wire::WireProtocol;

use crate::backend::access::{OF_EXPORTER, headers, shown};
use crate::receiver::Upstream;

/// Where to send, how, and with what.
#[derive(Clone, Debug)]
pub struct CanaryDoorway {
    pub(super) upstream: Upstream,
    pub(super) protocol: WireProtocol,
    pub(super) headers: HeaderMap,
}

impl CanaryDoorway {
    /// The endpoint that is given, else the environment's; protocol, headers and certificates are the environment's, what it says
    /// for traces before what it says for all signals.
    pub fn find(
        given: Option<&str>,
        protocol: Option<&str>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let of = |what: &str| {
            let names = [format!("{OF_EXPORTER}_TRACES_{what}"), format!("{OF_EXPORTER}_{what}")];
            names.into_iter().find_map(|name| {
                environment(&name).filter(|value| !value.is_empty()).map(|value| (name, value))
            })
        };
        let upstream = match given {
            Some(url) => Upstream::base(url, &environment)?,
            None => Upstream::of_environment(&environment)?.ok_or_else(|| {
                format!("there is no endpoint to send to; give --to URL, or set {OF_EXPORTER}_ENDPOINT")
            })?,
        };
        let stated =
            protocol.map(|text| ("--protocol".to_owned(), text.to_owned())).or_else(|| of("PROTOCOL"));
        let protocol = match stated {
            None => WireProtocol::Grpc,
            Some((name, text)) => protocol_of(&text)
                .ok_or_else(|| format!("{name} is `{text}`; the canary speaks grpc and http/protobuf"))?,
        };
        let headers =
            of("HEADERS").map(|(name, text)| headers(&name, &text)).transpose()?.unwrap_or_default();
        Ok(Self { upstream, protocol, headers })
    }

    /// Scheme, host, port and path of where spans go. A query may hold a secret.
    pub fn shown(&self) -> String {
        shown(&self.upstream)
    }

    /// How it is spoken to.
    pub const fn protocol(&self) -> &'static str {
        match self.protocol {
            WireProtocol::Grpc => "grpc",
            WireProtocol::HttpProtobuf | WireProtocol::HttpJson => "http/protobuf",
        }
    }
}

fn protocol_of(text: &str) -> Option<WireProtocol> {
    match text {
        "grpc" => Some(WireProtocol::Grpc),
        "http/protobuf" => Some(WireProtocol::HttpProtobuf),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn the_environment_of_an_exporter_is_gone_by() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4318/mine?key=geheim"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization=Bearer%20geheim, x-scope=%C3%BC%2,"),
        ];
        let door = CanaryDoorway::find(None, None, of(&variables)).unwrap();
        assert_eq!((door.shown().as_str(), door.protocol()), ("http://traces:4318/mine", "http/protobuf"));
        assert_eq!(door.headers["authorization"], "Bearer geheim");
        assert_eq!(door.headers["x-scope"].as_bytes(), "ü%2".as_bytes());
        assert_eq!(door.headers.len(), 2);
        assert!(!format!("{:?}", door.headers).contains("geheim"));
        let given = CanaryDoorway::find(Some("http://given:4317"), Some("grpc"), of(&variables)).unwrap();
        assert_eq!((given.shown().as_str(), given.protocol()), ("http://given:4317", "grpc"));
    }

    #[test]
    fn what_is_wrong_is_said_without_its_secret() {
        let said = |variables: &[(&str, &str)]| CanaryDoorway::find(None, None, of(variables)).unwrap_err();
        assert!(said(&[]).contains("--to"));
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x");
        for headers in ["geheim", "geheim geheim=1", "a=1,b=geheim%0A"] {
            let text = said(&[endpoint, ("OTEL_EXPORTER_OTLP_HEADERS", headers)]);
            assert!(
                text.starts_with("OTEL_EXPORTER_OTLP_HEADERS: entry ") && !text.contains("geheim"),
                "{text}"
            );
        }
        let text = said(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:geheim@x:4317")]);
        assert!(text.contains("user name") && !text.contains("geheim"), "{text}");
        let text = said(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
        assert!(text.contains("`http/json`") && text.contains("http/protobuf"), "{text}");
    }
}
