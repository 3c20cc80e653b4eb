//! Links with a proxy in them, so that the network between two programs can fail. Only links that a fault is on have one.

mod packets;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use spanfate_model::fault::measure::Measured;
use spanfate_model::fault::{Direction, Family, FaultKind, Target};
use spanfate_model::format::event::Amounts;
use spanfate_model::format::layout::TrialDir;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::quantity::unit::Period;
use tokio::runtime::{Builder, Runtime};

use crate::RunError;
use crate::process::guard::Guard;
use crate::toxiproxy::{Client, ProxyBytes, Server, Toxic, ToxicKind, ToxicStream};
use packets::Namespace;
pub(crate) use packets::has_netem;

/// The links of a trial.
#[derive(Debug)]
pub(crate) struct TrialLinks {
    /// Links that a fault is on.
    wanted: BTreeSet<Target>,
    proxies: Mutex<Proxies>,
    reach: Option<Reach>,
    /// Where the kernel makes faults happen to packets.
    namespace: Option<Namespace>,
}

/// The proxy server and the way to it.
#[derive(Debug)]
struct Reach {
    runtime: Runtime,
    client: Client,
    _server: Server,
}

#[derive(Debug, Default)]
struct Proxies {
    /// Where each link's proxy listens, and its name.
    routes: BTreeMap<Target, (String, SocketAddr)>,
    /// Where the end of each link is reached in the end.
    ends: BTreeMap<Target, SocketAddr>,
    /// Bytes that had passed when a fault began, by its number.
    passed: BTreeMap<usize, ProxyBytes>,
}

impl TrialLinks {
    /// Starts a proxy server, if a fault of the variant needs one.
    pub(crate) fn start(
        variant: &PlannedVariant,
        program: &Path,
        guard: &Arc<Guard>,
        dir: &TrialDir,
    ) -> Result<Self, RunError> {
        let of_links = variant
            .faults
            .iter()
            .filter(|fault| fault.kind.family() == Family::Network && !fault.kind.is_of_packets());
        let wanted: BTreeSet<Target> = of_links.filter_map(|fault| fault.on.clone()).collect();
        let packets = variant.faults.iter().any(|fault| fault.kind.is_of_packets());
        let namespace = if packets { Some(Namespace::enter()?) } else { None };
        let reach = if wanted.is_empty() { None } else { Some(Reach::open(program, guard, dir)?) };
        Ok(Self { wanted, proxies: Mutex::default(), reach, namespace })
    }

    /// Where the end of a link is reached: by its proxy, or where it is.
    pub(crate) fn route(&self, link: &Target, end: SocketAddr) -> Result<SocketAddr, RunError> {
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner).ends.insert(link.clone(), end);
        let Some(reach) = self.reach.as_ref().filter(|_| self.wanted.contains(link)) else { return Ok(end) };
        let mut proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listen)) = proxies.routes.get(link) {
            return Ok(*listen);
        }
        let name = format!("link-{}", proxies.routes.len());
        let any = "127.0.0.1:0";
        let proxy = reach.runtime.block_on(reach.client.create_proxy(&name, any, &end.to_string()))?;
        let listen = proxy.listen;
        proxies.routes.insert(link.clone(), (name, listen));
        Ok(listen)
    }

    /// Applies a fault to a link.
    pub(crate) fn apply(&self, number: usize, kind: &FaultKind, link: &Target) -> Result<(), RunError> {
        if let Some(namespace) = self.namespace.as_ref().filter(|_| kind.is_of_packets()) {
            let end = self.proxies.lock().unwrap_or_else(PoisonError::into_inner).ends.get(link).copied();
            return end.map_or(Ok(()), |end| namespace.apply(number, kind, end.port()));
        }
        let Some((reach, proxy)) = self.proxy_of(link) else { return Ok(()) };
        let passed = reach.runtime.block_on(reach.client.bytes(&proxy))?;
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner).passed.insert(number, passed);
        if matches!(kind, FaultKind::Down) {
            reach.runtime.block_on(reach.client.set_enabled(&proxy, false))?;
            return Ok(());
        }
        for toxic in toxics(number, kind) {
            reach.runtime.block_on(reach.client.add_toxic(&proxy, &toxic))?;
        }
        Ok(())
    }

    /// Takes a fault off a link; gives the bytes that passed meanwhile.
    pub(crate) fn clear(&self, number: usize, kind: &FaultKind, link: &Target) -> Result<Amounts, RunError> {
        if let Some(namespace) = self.namespace.as_ref().filter(|_| kind.is_of_packets()) {
            return namespace.clear(number);
        }
        let Some((reach, proxy)) = self.proxy_of(link) else { return Ok(Amounts::new()) };
        if matches!(kind, FaultKind::Down) {
            reach.runtime.block_on(reach.client.set_enabled(&proxy, true))?;
        } else {
            for toxic in toxics(number, kind) {
                reach.runtime.block_on(reach.client.remove_toxic(&proxy, &toxic.name))?;
            }
        }
        let now = reach.runtime.block_on(reach.client.bytes(&proxy))?;
        let mut proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        let before = proxies.passed.remove(&number).unwrap_or_default();
        let passed = |now: u64, before: u64| now.saturating_sub(before);
        Ok(Amounts::from([
            (Measured::BytesUpstream.into(), passed(now.upstream, before.upstream)),
            (Measured::BytesDownstream.into(), passed(now.downstream, before.downstream)),
        ]))
    }

    fn proxy_of(&self, link: &Target) -> Option<(&Reach, String)> {
        let proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        Some((self.reach.as_ref()?, proxies.routes.get(link)?.0.clone()))
    }
}

impl Reach {
    fn open(program: &Path, guard: &Arc<Guard>, dir: &TrialDir) -> Result<Self, RunError> {
        let server = Server::start(program, guard, &dir.stderr_of("toxiproxy"))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RunError::system("start the runtime of the network proxy's client"))?;
        Ok(Self { runtime, client: Client::new(server.address()), _server: server })
    }
}

fn millis(period: Period) -> u64 {
    period.0.as_millis() as u64
}

/// The toxics of a fault, one per direction.
fn toxics(number: usize, kind: &FaultKind) -> Vec<Toxic> {
    let (direction, toxic) = match kind {
        FaultKind::Latency(latency) => (
            latency.direction,
            ToxicKind::Latency { latency: millis(latency.delay), jitter: millis(latency.jitter) },
        ),
        FaultKind::Bandwidth(bandwidth) => {
            (bandwidth.direction, ToxicKind::Bandwidth { rate: bandwidth.rate.0 / 1000 })
        }
        FaultKind::Slicer(slicer) => (
            slicer.direction,
            ToxicKind::Slicer {
                average_size: slicer.size.0,
                size_variation: slicer.variation.0,
                delay: slicer.delay.nanos() / 1000,
            },
        ),
        FaultKind::Timeout(timeout) => {
            (timeout.direction, ToxicKind::Timeout { timeout: timeout.after.map_or(0, millis) })
        }
        FaultKind::SlowClose(slow) => (slow.direction, ToxicKind::SlowClose { delay: millis(slow.delay) }),
        FaultKind::ResetPeer(reset) => {
            (Direction::Downstream, ToxicKind::ResetPeer { timeout: millis(reset.after) })
        }
        FaultKind::LimitData(limit) => (limit.direction, ToxicKind::LimitData { bytes: limit.bytes.0 }),
        _ => return Vec::new(),
    };
    let streams: &[(ToxicStream, &str)] = match direction {
        Direction::Upstream => &[(ToxicStream::Upstream, "up")],
        Direction::Downstream => &[(ToxicStream::Downstream, "down")],
        Direction::Both => &[(ToxicStream::Upstream, "up"), (ToxicStream::Downstream, "down")],
    };
    let one = |(stream, way): &(ToxicStream, &str)| Toxic {
        name: format!("fault-{number}-{way}"),
        kind: toxic,
        stream: *stream,
        toxicity: 1.0,
    };
    streams.iter().map(one).collect()
}
