//! Arguments of `canary`.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use clap::{Args, ValueEnum};
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_run::canary::BackEnd;

use super::{period, rate, receiver, whole};

#[derive(Debug, Args)]
pub(crate) struct CanaryArguments {
    /// Where to send: an OTLP endpoint. Default: what the environment tells an exporter of traces.
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Where to look for the spans: `receive` opens a receiver (on 127.0.0.1:4319, or `receive:ADDRESS:PORT`) at which your pipeline
    /// must end; `jaeger:URL` asks Jaeger's query service, `tempo:URL` asks Tempo.
    #[arg(long, value_name = "WHERE", value_parser = from)]
    pub(crate) from: CanaryFrom,
    /// How to speak to the endpoint: `grpc` or `http/protobuf`. Default: what the environment says, else grpc.
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Option<String>,
    /// Traces per second, at most 100/s.
    #[arg(long, value_name = "RATE", default_value = "5/s", value_parser = rate)]
    pub(crate) rate: Rate,
    /// Services of a trace, at most 20. Each has a server span, and all but the last one a client span.
    #[arg(long, value_name = "N", default_value = "3", value_parser = whole::<NonZeroU32>)]
    pub(crate) services: NonZeroU32,
    /// Send for so long. Default: 1min.
    #[arg(long = "for", value_name = "TIME", value_parser = period, conflicts_with_all = ["watch", "once"])]
    pub(crate) lasting: Option<Period>,
    /// Send until Ctrl-C, at most 10/s.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Send one trace, and end as soon as all of it is there.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) once: bool,
    /// A span that comes later is late. After twice the time it is given up.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = period)]
    pub(crate) deadline: Period,
    /// Percent of the spans that may be lost, refused or damaged.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = share)]
    pub(crate) max_loss: f64,
    /// Late spans and duplicates count as well.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Serve metrics for Prometheus on this port of 127.0.0.1.
    #[arg(long, value_name = "PORT", value_parser = port)]
    pub(crate) metrics: Option<u16>,
    /// Make the contents of the spans from this number. Ids are others each time. Default: a random one.
    #[arg(long, value_name = "N", value_parser = whole::<u64>)]
    pub(crate) seed: Option<u64>,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

/// How something is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOrJson {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Where to look for the spans.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum CanaryFrom {
    /// A receiver of ours.
    Receive(SocketAddr),
    /// A back end, by its URL.
    Ask(BackEnd, String),
}

/// Where a receiver listens unless told otherwise: not where a collector does.
const LISTEN: &str = "127.0.0.1:4319";

fn from(text: &str) -> Result<CanaryFrom, String> {
    let (what, place) = text.split_once(':').map_or((text, None), |(what, place)| (what, Some(place)));
    match (what, place) {
        ("receive", place) => receiver(place.unwrap_or(LISTEN)).map(CanaryFrom::Receive),
        ("jaeger", Some(url)) => Ok(CanaryFrom::Ask(BackEnd::Jaeger, url.to_owned())),
        ("tempo", Some(url)) => Ok(CanaryFrom::Ask(BackEnd::Tempo, url.to_owned())),
        _ => Err("write receive, receive:ADDRESS:PORT, jaeger:URL or tempo:URL".to_owned()),
    }
}

/// A share in percent, with or without its sign; 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse();
    let share = number.ok().filter(|percent: &f64| (0.0..=100.0).contains(percent));
    share
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "write percent from 0 to 100, for example 0.1%".to_owned())
}

/// A port of this machine; an address must be its own.
fn port(text: &str) -> Result<u16, String> {
    let number = match text.rsplit_once(':') {
        Some(("127.0.0.1" | "localhost", port)) => port,
        Some(_) => return Err("metrics are served on 127.0.0.1 only; write a port".to_owned()),
        None => text,
    };
    number.parse().map_err(|_| "write a port, for example 9477; 0 takes any free one".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!(from("receive"), Ok(CanaryFrom::Receive(LISTEN.parse().unwrap())));
        assert_eq!(from("receive:4320"), Ok(CanaryFrom::Receive("127.0.0.1:4320".parse().unwrap())));
        assert_eq!(from("receive:0.0.0.0:1"), Ok(CanaryFrom::Receive("0.0.0.0:1".parse().unwrap())));
        assert_eq!(
            from("jaeger:http://x:16686/jaeger"),
            Ok(CanaryFrom::Ask(BackEnd::Jaeger, "http://x:16686/jaeger".to_owned()))
        );
        assert_eq!(from("tempo:https://t"), Ok(CanaryFrom::Ask(BackEnd::Tempo, "https://t".to_owned())));
        for wrong in ["jaeger", "zipkin:http://x", "receive:nowhere", ""] {
            assert!(from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_and_ports_are_read() {
        assert_eq!([share("0"), share("0.1%"), share("100 %")], [Ok(0.0), Ok(0.001), Ok(1.0)]);
        assert!(share("101").is_err() && share("-1").is_err() && share("NaN").is_err());
        assert_eq!([port("9477"), port("127.0.0.1:1"), port("localhost:0")], [Ok(9477), Ok(1), Ok(0)]);
        assert!(port("0.0.0.0:9477").is_err() && port("x").is_err());
    }
}
