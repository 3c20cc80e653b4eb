//! Where what is received goes on to, as OTLP exporters are told it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use spanfate_model::format::wire::WireProtocol;

use super::Trouble;
use crate::receiver::call::Call;
use crate::receiver::counts::OtlpSignal;

/// The user's own endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Upstream {
    /// Where all goes that has no place of its own; without it where exporters send to that are told nothing.
    base: Option<Uri>,
    /// Where spans go, path included.
    traces: Option<Uri>,
    /// Where gRPC goes, where that is another place than that of HTTP.
    grpc: Option<Uri>,
    pub(super) files: Files,
}

/// Files that the environment names for TLS.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Files {
    /// Certificates of who is believed, in place of those of the system.
    pub(super) trusted: Option<PathBuf>,
    /// Who we are, and the key that goes with it.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

impl Files {
    fn from(environment: impl Fn(&str) -> Option<String>) -> Self {
        let file = |what: &str| {
            ["TRACES_", ""].iter().find_map(|signal| {
                environment(&format!("OTEL_EXPORTER_OTLP_{signal}{what}")).filter(|path| !path.is_empty())
            })
        };
        let path = |what| file(what).map(PathBuf::from);
        Self { trusted: path("CERTIFICATE"), client: path("CLIENT_CERTIFICATE").zip(path("CLIENT_KEY")) }
    }
}

/// Where one request goes.
#[derive(Clone, Debug)]
pub(super) struct RelayTarget {
    pub(super) secure: bool,
    pub(super) authority: Authority,
    path: String,
}

impl Upstream {
    /// A base endpoint (`https://collector.example:4317`), with what the environment says of TLS.
    pub fn base(url: &str, environment: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        Ok(Self { base: Some(endpoint(url)?), files: Files::from(environment), ..Self::default() })
    }

    /// A collector on this machine, which has a port for each protocol.
    pub(crate) fn collector(grpc: u16, http: u16) -> Result<Self, String> {
        let at = |port: u16| endpoint(&format!("http://127.0.0.1:{port}"));
        Ok(Self { base: Some(at(http)?), grpc: Some(at(grpc)?), ..Self::default() })
    }

    /// What the environment says to an exporter of spans. Nothing if it does not say anything.
    pub fn of_environment(environment: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let of = |name: &str| {
            let url = environment(name).filter(|url| !url.is_empty());
            url.map(|url| endpoint(&url).map_err(|why| format!("{name}: {why}"))).transpose()
        };
        let traces = of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")?;
        let base = of("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        let found = traces.is_some() || base.is_some();
        Ok(found.then(|| Self { base, traces, grpc: None, files: Files::from(environment) }))
    }

    /// Where spans go, to be shown.
    pub fn shown(&self) -> String {
        let url = self.traces.as_ref().or(self.base.as_ref());
        url.map_or_else(String::new, |url| url.to_string().trim_end_matches('/').to_owned())
    }

    /// Whether something goes on encrypted.
    pub(super) fn is_secure(&self) -> bool {
        [&self.base, &self.traces, &self.grpc]
            .into_iter()
            .flatten()
            .any(|url| url.scheme() == Some(&Scheme::HTTPS))
    }

    /// Whether it leads back to a receiver at this address.
    pub(in crate::receiver) fn leads_to(&self, address: SocketAddr) -> bool {
        let back = |url: &Uri| {
            let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
            let own = match host.parse::<IpAddr>() {
                Ok(ip) => ip == address.ip() || ip.is_loopback(),
                Err(_) => host.eq_ignore_ascii_case("localhost"),
            };
            own && url.port_u16() == Some(address.port())
        };
        [&self.base, &self.traces, &self.grpc].into_iter().flatten().any(back)
    }

    /// Where a request goes: as an exporter with this environment would have sent it. One that asks for what nobody here knows
    /// keeps its path, below that of the base.
    pub(super) fn target(&self, call: Call, asked: &PathAndQuery) -> RelayTarget {
        let grpc = call.protocol == WireProtocol::Grpc;
        let at = |url: &Uri, path: String| RelayTarget {
            secure: url.scheme() == Some(&Scheme::HTTPS),
            authority: url.authority().cloned().unwrap_or_else(|| Authority::from_static("localhost")),
            path,
        };
        let is_known = call.signal != OtlpSignal::Unknown;
        let path = if is_known { call.path() } else { asked.path() };
        let with_query = |path: &str| match asked.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let as_is = |url: &Uri| url.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        match (&self.traces, &self.base) {
            (Some(traces), _) if call.signal == OtlpSignal::Traces => {
                at(traces, if grpc { path.to_owned() } else { as_is(traces) })
            }
            (Some(traces), None) if !is_known => at(traces, with_query(path)),
            (_, Some(base)) if grpc => at(self.grpc.as_ref().unwrap_or(base), path.to_owned()),
            (_, Some(base)) => at(base, with_query(&format!("{}{path}", base.path().trim_end_matches('/')))),
            (_, None) => RelayTarget {
                secure: false,
                authority: Authority::from_static(if grpc { "localhost:4317" } else { "localhost:4318" }),
                path: with_query(path),
            },
        }
    }
}

impl RelayTarget {
    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }

    /// The target of a request: HTTP/1 has the path only.
    pub(super) fn uri(&self, protocol: WireProtocol) -> String {
        match protocol {
            WireProtocol::Grpc => format!("{}{}", self.origin(), self.path),
            WireProtocol::HttpProtobuf | WireProtocol::HttpJson => self.path.clone(),
        }
    }

    pub(super) fn host(&self) -> Result<HeaderValue, Trouble> {
        self.authority.as_str().parse().map_err(|_| Trouble::Unreachable("its name is no host".to_owned()))
    }

    /// Name and port to connect to.
    pub(super) fn place(&self) -> (&str, u16) {
        let port = if self.secure { 443 } else { 80 };
        (self.authority.host().trim_matches(['[', ']']), self.authority.port_u16().unwrap_or(port))
    }
}

fn endpoint(text: &str) -> Result<Uri, String> {
    // Who gives a password there by mistake need not find it in a log.
    let plain = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let wrong = |why: &str| format!("`{plain}` {why}; for example https://collector.example:4317");
    let url: Uri = text.trim().parse().map_err(|_| wrong("is no URL"))?;
    match url.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => {}
        Some(_) => return Err(wrong("is neither http nor https")),
        None => return Err(wrong("does not begin with http:// or https://")),
    }
    let authority = url.authority().map(Authority::as_str).unwrap_or_default();
    if authority.contains('@') {
        return Err(wrong(
            "holds a user name; credentials go into OTEL_EXPORTER_OTLP_HEADERS of the program",
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRPC: WireProtocol = WireProtocol::Grpc;
    const HTTP: WireProtocol = WireProtocol::HttpProtobuf;

    fn to(upstream: &Upstream, signal: OtlpSignal, protocol: WireProtocol) -> String {
        to_path(upstream, signal, protocol, "/mine")
    }

    fn to_path(upstream: &Upstream, signal: OtlpSignal, protocol: WireProtocol, asked: &str) -> String {
        let target = upstream.target(Call { signal, protocol }, &PathAndQuery::try_from(asked).unwrap());
        format!("{}{}", target.origin(), target.path)
    }

    fn of(variables: &[(&str, &str)]) -> Result<Option<Upstream>, String> {
        Upstream::of_environment(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn requests_go_where_an_exporter_would_have_sent_them() {
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://a.example/otlp/");
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b.example:9/mine?x=1");
        let both = of(&[base, traces]).unwrap().unwrap();
        assert_eq!(both.shown(), "http://b.example:9/mine?x=1");
        assert_eq!(to(&both, OtlpSignal::Traces, HTTP), "http://b.example:9/mine?x=1");
        let method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        assert_eq!(to(&both, OtlpSignal::Traces, GRPC), format!("http://b.example:9{method}"));
        assert_eq!(to(&both, OtlpSignal::Logs, HTTP), "https://a.example/otlp/v1/logs");
        let only_base = of(&[base]).unwrap().unwrap();
        assert_eq!(to(&only_base, OtlpSignal::Traces, HTTP), "https://a.example/otlp/v1/traces");
        let only_traces = of(&[traces]).unwrap().unwrap();
        assert_eq!(to(&only_traces, OtlpSignal::Metrics, HTTP), "http://localhost:4318/v1/metrics");
        assert!(
            to(&only_traces, OtlpSignal::Metrics, GRPC).starts_with("http://localhost:4317/opentelemetry.")
        );
        let unknown = |upstream, asked| to_path(upstream, OtlpSignal::Unknown, HTTP, asked);
        assert_eq!(unknown(&both, "/mine/?a=b"), "https://a.example/otlp/mine/?a=b");
        assert_eq!(unknown(&only_traces, "/"), "http://b.example:9/");
        assert_eq!(to_path(&both, OtlpSignal::Unknown, GRPC, "/x.Y/Z"), "https://a.example/x.Y/Z");
        let asked = |signal| to_path(&only_base, signal, HTTP, "/v1/logs?k=1");
        assert_eq!(asked(OtlpSignal::Logs), "https://a.example/otlp/v1/logs?k=1");
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).unwrap(), None);
    }

    #[test]
    fn what_is_no_endpoint_is_said() {
        let none = |_: &str| None;
        for (text, why) in [
            ("collector:4317", "does not begin with"),
            ("collector", "does not begin with"),
            ("ftp://x", "is neither"),
            ("https://me:secret@x", "holds a user name"),
            ("http://", "is no URL"),
        ] {
            let said = Upstream::base(text, none).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
        let said = of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "x y")]).unwrap_err();
        assert!(said.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: `x y` is no URL"), "{said}");
    }

    #[test]
    fn a_circle_is_seen() {
        let to = |url: &str| Upstream::base(url, |_| None).unwrap();
        let here = "127.0.0.1:4317".parse().unwrap();
        assert!(to("http://localhost:4317").leads_to(here) && to("http://127.0.0.1:4317").leads_to(here));
        assert!(!to("http://localhost:4318").leads_to(here) && !to("http://else:4317").leads_to(here));
        assert!(to("http://[::1]:4317").leads_to(here));
    }

    #[test]
    fn files_of_the_signal_come_first() {
        let environment = |name: &str| match name {
            "OTEL_EXPORTER_OTLP_CERTIFICATE" => Some("a".to_owned()),
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE" => Some("b".to_owned()),
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE" => Some("c".to_owned()),
            _ => None,
        };
        let upstream = Upstream::base("https://x", environment).unwrap();
        // A certificate without its key says nothing.
        assert_eq!(upstream.files, Files { trusted: Some("b".into()), client: None });
    }
}
