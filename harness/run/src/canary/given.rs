//! What the environment says to an exporter of spans, which the canary goes by as well. What is secret of it is never shown.

use http::{HeaderMap, HeaderName, HeaderValue};
use spanfate_model::format::wire::WireProtocol;

use crate::receiver::Upstream;

/// Where to send, how, and with what.
#[derive(Clone, Debug)]
pub struct CanaryDoorway {
    pub(super) upstream: Upstream,
    pub(super) protocol: WireProtocol,
    pub(super) headers: HeaderMap,
}

/// Whom to ask, and with what.
#[derive(Clone, Debug)]
pub struct CanaryReader {
    pub(super) upstream: Upstream,
    pub(super) headers: HeaderMap,
    pub(super) kind: BackEnd,
}

/// A back end that shows traces by their ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BackEnd {
    /// Jaeger: its query service.
    Jaeger,
    /// Grafana Tempo.
    Tempo,
}

/// Variables of the reader are named like those of exporters; this stands in place of `OTEL_EXPORTER_OTLP`.
const OF_READER: &str = "SPANFATE_CANARY_READER";
const OF_EXPORTER: &str = "OTEL_EXPORTER_OTLP";

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

impl CanaryReader {
    /// A back end at a URL. Headers and certificates are those that the environment names for the reader: what is secret to the
    /// endpoint is not told to another.
    pub fn find(
        kind: BackEnd,
        url: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let own = |name: &str| environment(&name.replacen(OF_EXPORTER, OF_READER, 1));
        let name = format!("{OF_READER}_HEADERS");
        let text = environment(&name).filter(|text| !text.is_empty());
        let headers = text.map(|text| headers(&name, &text)).transpose()?.unwrap_or_default();
        Ok(Self { upstream: Upstream::base(url, own)?, headers, kind })
    }

    /// What it is, for people.
    pub fn shown(&self) -> String {
        let kind = match self.kind {
            BackEnd::Jaeger => "Jaeger",
            BackEnd::Tempo => "Tempo",
        };
        format!("{kind} at {}", shown(&self.upstream))
    }
}

fn shown(upstream: &Upstream) -> String {
    let url = upstream.shown();
    url.split('?').next().unwrap_or_default().to_owned()
}

fn protocol_of(text: &str) -> Option<WireProtocol> {
    match text {
        "grpc" => Some(WireProtocol::Grpc),
        "http/protobuf" => Some(WireProtocol::HttpProtobuf),
        _ => None,
    }
}

/// Headers as the variable has them: `key=value,key=value`, values percent-encoded. An error names the key and never the value.
fn headers(variable: &str, text: &str) -> Result<HeaderMap, String> {
    let mut out = HeaderMap::new();
    for (at, pair) in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()).enumerate() {
        let nth = at + 1;
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("{variable}: entry {nth} has no `=`; write key=value,key=value"))?;
        let wrong = || format!("{variable}: entry {nth} is no header; write key=value,key=value");
        let name: HeaderName = key.trim().to_ascii_lowercase().parse().map_err(|_| wrong())?;
        let value = decoded(value.trim());
        let mut value = HeaderValue::from_bytes(&value).map_err(|_| wrong())?;
        // It is not even shown by a debugger's formatting, and HTTP/2 does not put it into its table.
        value.set_sensitive(true);
        out.append(name, value);
    }
    Ok(out)
}

/// Percent-decoded; what is no escape stays as it is.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match rest {
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                std::str::from_utf8(&rest[1..3]).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
            }
            _ => None,
        };
        out.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &rest[3..] } else { after };
    }
    out
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

    #[test]
    fn a_reader_is_told_its_own_secrets_only() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=geheim"),
            ("SPANFATE_CANARY_READER_HEADERS", "x-scope-orgid=7"),
        ];
        let reader = CanaryReader::find(BackEnd::Tempo, "http://tempo:3200/", of(&variables)).unwrap();
        assert_eq!(reader.shown(), "Tempo at http://tempo:3200");
        assert_eq!(reader.headers.len(), 1);
        assert_eq!(reader.headers["x-scope-orgid"], "7");
    }
}
