//! Whom to ask for traces, and with what. What is secret of it is never shown.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::receiver::Upstream;

/// A back end that shows traces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BackEnd {
    /// Jaeger: its query service.
    Jaeger,
    /// Grafana Tempo.
    Tempo,
}

impl BackEnd {
    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Jaeger => "Jaeger",
            Self::Tempo => "Tempo",
        }
    }
}

/// Whom to ask, and with what.
#[derive(Clone, Debug)]
pub struct BackEndAccess {
    pub(super) upstream: Upstream,
    pub(super) headers: HeaderMap,
    pub(super) kind: BackEnd,
}

/// Variables of exporters begin so.
pub(crate) const OF_EXPORTER: &str = "OTEL_EXPORTER_OTLP";
/// Those of the canary's reader, in the place of that.
pub const OF_CANARY: &str = "SPANFATE_CANARY_READER";
/// Those of the reader of a comparison's left side.
pub const OF_LEFT: &str = "SPANFATE_LEFT";
/// Those of its right side.
pub const OF_RIGHT: &str = "SPANFATE_RIGHT";

impl BackEndAccess {
    /// A back end at a URL. Headers and certificates are those that the environment names with that prefix: what is secret to the
    /// endpoint is not told to another.
    pub fn find(
        kind: BackEnd,
        url: &str,
        prefix: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let own = |name: &str| environment(&name.replacen(OF_EXPORTER, prefix, 1));
        let name = format!("{prefix}_HEADERS");
        let text = environment(&name).filter(|text| !text.is_empty());
        let headers = text.map(|text| headers(&name, &text)).transpose()?.unwrap_or_default();
        Ok(Self { upstream: Upstream::base(url, own)?, headers, kind })
    }

    /// Jaeger's query service on a port of this machine.
    pub(crate) fn local_jaeger(port: u16) -> Result<Self, String> {
        let upstream = Upstream::base(&format!("http://127.0.0.1:{port}"), |_| None)?;
        Ok(Self { upstream, headers: HeaderMap::new(), kind: BackEnd::Jaeger })
    }

    /// Which kind it is.
    pub const fn kind(&self) -> BackEnd {
        self.kind
    }

    /// What it is, for people.
    pub fn shown(&self) -> String {
        format!("{} at {}", self.kind.name(), shown(&self.upstream))
    }
}

/// Scheme, host, port and path. A query may hold a secret.
pub(crate) fn shown(upstream: &Upstream) -> String {
    let url = upstream.shown();
    url.split('?').next().unwrap_or_default().to_owned()
}

/// Headers as the variable has them: `key=value,key=value`, values percent-encoded. An error names the key and never the value.
pub(crate) fn headers(variable: &str, text: &str) -> Result<HeaderMap, String> {
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
    fn a_reader_is_told_its_own_secrets_only() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=geheim"),
            ("SPANFATE_CANARY_READER_HEADERS", "x-scope-orgid=7"),
        ];
        let reader =
            BackEndAccess::find(BackEnd::Tempo, "http://tempo:3200/", OF_CANARY, of(&variables)).unwrap();
        assert_eq!(reader.shown(), "Tempo at http://tempo:3200");
        assert_eq!(reader.headers.len(), 1);
        assert_eq!(reader.headers["x-scope-orgid"], "7");
    }
}
