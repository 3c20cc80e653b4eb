//! The collectors in the path of a trial, and the storage engine at its end, each behind a tap: a relay that notes what came and what
//! the sender was told (`receiver::relay`). They start from the receiver's side, and end from the services' side when they have sent what
//! they hold; the engine last, when it was read back.

mod place;
mod set;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::signal::Signal;
use spanfate_model::fault::Target;
use spanfate_model::format::event::LiveState;
use spanfate_model::format::layout::{TrialDir, hop_config_name, hop_end_name, hop_overlay_name, tap_name};
use spanfate_model::format::manifest::{EngineManifest, HopEndManifest, TrialManifest};
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::pipeline::{CollectorHop, StoreEngine};

use crate::collector::HopPorts;
use crate::collector::own::OwnConfig;
use crate::collector::rewrite::HopSite;
use crate::fixture::Programs;
use crate::hop::config::{HopNext, exporter_names, yaml};
use crate::hop::start::with_configs;
use crate::host::clock;
use crate::host::limits::LimitsMet;
use crate::host::ports::free_port;
use crate::process::guard::Guard;
use crate::receiver::{ReceiverConfig, RunningReceiver, Upstream};
use crate::trial::engine::{self, EnginePorts, EngineReading};
use crate::trial::events::EventLog;
use crate::trial::links::TrialLinks;
use crate::trial::services::{Blame, ServiceWatch};
use crate::{RunError, receiver, store};
use place::HopPlace;
use set::HopSet;

/// What the collectors of a trial are started from.
pub(crate) struct HopStage<'a> {
    pub(crate) hops: &'a [CollectorHop],
    /// The engine at the end.
    pub(crate) engine: Option<&'a StoreEngine>,
    /// What an engine answers when it is read back is kept.
    pub(crate) keep: bool,
    pub(crate) dir: &'a TrialDir,
    pub(crate) scratch: &'a Path,
    /// The collectors' binaries, and the folder where what users bring is looked for.
    pub(crate) programs: &'a Programs,
    pub(crate) cpus: &'a [u32],
    pub(crate) limits: &'a Arc<LimitsMet>,
    pub(crate) guard: &'a Arc<Guard>,
    pub(crate) links: &'a TrialLinks,
    /// Most bytes of the log of a tap.
    pub(crate) log_bytes: u64,
}

/// The collectors of a trial, in the order of the path, and last the engine.
pub(crate) struct Hops<'a> {
    stage: HopStage<'a>,
    places: Vec<HopPlace>,
}

/// Something that became of a collector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HopEnded(pub(crate) usize);

impl<'a> Hops<'a> {
    /// Starts all of them, the last first, and waits until each listens.
    pub(crate) fn start(
        stage: HopStage<'a>,
        receiver: SocketAddr,
        manifest: &mut TrialManifest,
        events: &mut EventLog,
    ) -> Result<Self, RunError> {
        let mut out = Self { places: Vec::with_capacity(stage.hops.len() + 1), stage };
        let mut next = vec![(None, receiver)];
        if let Some(engine) = out.stage.engine {
            let StoreEngine { name, alone } = engine.clone();
            manifest.engine = Some(EngineManifest { name, alone, back: None });
            let mut place = out.stage.prepare_engine(engine)?;
            place.begin(&out.stage, manifest, events)?;
            place.wait(&out.stage, manifest)?;
            if engine.alone {
                // Where an engine stands in the place of the receiver, the link has its name.
                next = vec![(Some(engine.name.clone()), place.tap.address())];
            }
            out.places.push(place);
        }
        // An engine beside the receiver stands behind the last of them.
        let mut beside = out.beside();
        let mut here = Vec::new();
        for (index, hop) in out.stage.hops.iter().enumerate().rev() {
            let mut place = out.stage.prepare(index, hop, &next, beside)?;
            place.begin(&out.stage, manifest, events)?;
            place.wait(&out.stage, manifest)?;
            here.insert(0, (Some(hop.name.clone()), place.tap.address()));
            out.places.insert(0, place);
            // Those that stand beside it are there already.
            if hop.beside.is_none() {
                next = std::mem::take(&mut here);
                beside = None;
            }
        }
        Ok(out)
    }

    /// Where the services send to: the tap before the first one. An engine beside the receiver is not on that path.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        let alone = self.stage.engine.is_some_and(|engine| engine.alone);
        let first = self.places.first().filter(|_| alone || !self.stage.hops.is_empty());
        first.map(|place| place.tap.address())
    }

    /// The tap before the engine, where it stands beside the receiver.
    pub(crate) fn beside(&self) -> Option<SocketAddr> {
        let beside = self.stage.engine.is_some_and(|engine| !engine.alone);
        self.places.last().filter(|_| beside).map(|place| place.tap.address())
    }

    /// Spans that the engine took, where it stands alone.
    pub(crate) fn taken(&self) -> Option<u64> {
        let alone = self.stage.engine.is_some_and(|engine| engine.alone);
        self.places.last().filter(|_| alone).map(|place| place.tap.counts().accepted)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Process id of one that runs.
    pub(crate) fn pid(&self, hop: usize) -> Option<u32> {
        self.places.get(hop)?.pid()
    }

    /// The state of one by name, as its own metrics say: how full its queues are.
    pub(crate) fn state(&mut self, hop: &str) -> Option<LiveState> {
        let queue = self.places.iter_mut().find(|place| place.is_called(hop))?.queue()?;
        Some(LiveState { queue, ..LiveState::default() })
    }

    /// Sends one that runs a signal.
    pub(crate) fn signal(&mut self, hop: usize, signal: Signal) {
        if let Some(place) = self.places.get_mut(hop) {
            place.signal(signal);
        }
    }

    /// Puts the end of one, which is to come, down to a fault.
    pub(crate) fn blame(&mut self, hop: usize, blame: Blame) {
        if let Some(place) = self.places.get_mut(hop) {
            place.blame = Some(blame);
        }
    }

    /// Asks one to stop, to be killed when its time is over.
    pub(crate) fn ask_to_stop(&mut self, hop: usize, grace: Option<Period>) -> Result<(), RunError> {
        self.places.get_mut(hop).map_or(Ok(()), |place| place.ask_to_stop(grace))
    }

    /// Has one read its configuration again, for a fault.
    pub(crate) fn reload(&mut self, hop: usize, fault: usize) {
        if let Some(place) = self.places.get_mut(hop) {
            place.reload(fault);
        }
    }

    /// Keeps what the metrics of one say now.
    pub(crate) fn look_inside(&mut self, hop: usize, manifest: &mut TrialManifest) -> Result<(), RunError> {
        match self.places.get_mut(hop) {
            Some(place) => place.look_inside(&self.stage, manifest),
            None => Ok(()),
        }
    }

    /// Whether somebody is on the way: starting, due to be started, or asked to stop.
    pub(crate) fn is_busy(&self) -> bool {
        self.places.iter().any(HopPlace::is_busy)
    }

    /// Looks after all: who has ended, who listens, who is to be started again.
    pub(crate) fn look(
        &mut self,
        watch: &mut ServiceWatch<'_, '_>,
        suspect: &dyn Fn(usize) -> Option<Blame>,
    ) -> Result<Vec<HopEnded>, RunError> {
        let mut out = Vec::new();
        for (index, place) in self.places.iter_mut().enumerate() {
            if place.look(&self.stage, watch, suspect(index))? {
                out.push(HopEnded(index));
            }
        }
        Ok(out)
    }

    /// Lets one send what it holds and then asks it to stop; whether it is still there.
    pub(crate) fn wind_up(&mut self, hop: usize, watch: &mut ServiceWatch<'_, '_>) -> Result<bool, RunError> {
        match self.places.get_mut(hop) {
            Some(place) => place.wind_up(&self.stage, watch),
            None => Ok(false),
        }
    }

    /// Ends the taps, and notes what they took. The first error is given; all of them end.
    pub(crate) fn close(self, manifest: &mut TrialManifest) -> Result<(), RunError> {
        let mut done = Ok(());
        for place in self.places {
            done = done.and(place.close(manifest));
        }
        done
    }
}

impl HopStage<'_> {
    /// What one is started from, and the tap before it; `next` is what stands behind it, each by its name, or the receiver, and `beside` an
    /// engine beside that.
    fn prepare(
        &self,
        index: usize,
        hop: &CollectorHop,
        next: &[(Option<String>, SocketAddr)],
        beside: Option<SocketAddr>,
    ) -> Result<HopPlace, RunError> {
        let ports = HopPorts { grpc: free_port()?, http: free_port()?, metrics: free_port()? };
        let link = |to: &Option<String>| Target::Link { from: Some(hop.name.clone()), to: to.clone() };
        let routed = next.iter().map(|(to, end)| self.links.route(&link(to), *end));
        let next = routed.collect::<Result<Vec<SocketAddr>, RunError>>()?;
        let set = match (hop.own_config(), next.as_slice()) {
            (Some(config), _) => self.own(hop, config, ports, &next)?,
            (None, [next]) => self.usual(hop, ports, *next, beside)?,
            (None, _) => {
                let problem =
                    "has no configuration that balances between the collectors behind it".to_owned();
                return Err(RunError::Fixture { fixture: hop.name.clone(), problem });
            }
        };
        let tap = self.tap(index, &hop.name, (ports.grpc, ports.http))?;
        Ok(HopPlace::new((index, hop.clone()), set, tap, clock::now()))
    }

    /// The tap before what takes spans on these ports, over gRPC and over HTTP.
    fn tap(&self, index: usize, name: &str, (grpc, http): (u16, u16)) -> Result<RunningReceiver, RunError> {
        let upstream = Upstream::collector(grpc, http).map_err(|problem| RunError::Fixture {
            fixture: name.to_owned(),
            problem: format!("cannot be reached: {problem}"),
        })?;
        let mut tap = ReceiverConfig::new(self.scratch.join(tap_name(name)), self.log_bytes);
        tap.hop = index as u8 + 1;
        tap.limits = Arc::clone(self.limits);
        receiver::start_with(tap, Some(&upstream))
    }

    /// The engine at the end, and the tap before it.
    fn prepare_engine(&self, engine: &StoreEngine) -> Result<HopPlace, RunError> {
        let ports = EnginePorts::find()?;
        let set = HopSet {
            program: self.programs.jaeger.clone(),
            arguments: ports.arguments()?,
            environment: engine::ENVIRONMENT.to_vec(),
            folder: None,
            output: self.dir.stderr_of(&engine.name),
            listens: vec![ports.grpc, ports.http, ports.query],
            metrics: ports.admin,
            holds: 0,
            ends: Vec::new(),
            engine: Some(EngineReading {
                engine: engine.clone(),
                query: ports.query,
                folder: self.scratch.to_owned(),
                keep: self.keep,
            }),
            exporter: None,
            to_engine: None,
            rewritten: Vec::new(),
        };
        let index = self.hops.len();
        let tap = self.tap(index, &engine.name, (ports.grpc, ports.http))?;
        Ok(HopPlace::new((index, CollectorHop::of_engine(engine)), set, tap, clock::now()))
    }

    fn storage(&self, hop: &CollectorHop) -> PathBuf {
        self.dir.raw(&format!("{}.storage", hop.name))
    }

    /// A collector that is set up by its knobs.
    fn usual(
        &self,
        hop: &CollectorHop,
        ports: HopPorts,
        next: SocketAddr,
        beside: Option<SocketAddr>,
    ) -> Result<HopSet, RunError> {
        let config = self.dir.raw(&hop_config_name(&hop.name));
        let engine = self.engine.map(|engine| engine.name.as_str());
        let link = Target::Link { from: Some(hop.name.clone()), to: engine.map(str::to_owned) };
        let beside = beside.map(|address| self.links.route(&link, address)).transpose()?;
        let next = HopNext { to: next, beside: engine.zip(beside) };
        store::write_bytes(&config, yaml(&hop.knobs, ports, next, &self.storage(hop)).as_bytes())?;
        let (exporter, to_engine) = exporter_names(&hop.knobs, next.beside.map(|(engine, _)| engine));
        Ok(HopSet {
            program: self.programs.collector_of(hop),
            arguments: with_configs(&[config]),
            environment: Vec::new(),
            folder: None,
            output: self.dir.stderr_of(&hop.name),
            listens: vec![ports.grpc, ports.http],
            metrics: ports.metrics,
            holds: hop.knobs.batch_timeout.max(hop.knobs.flush_timeout).map_or(0, Period::nanos),
            ends: Vec::new(),
            engine: None,
            exporter: to_engine.as_ref().map(|_| exporter.to_owned()),
            to_engine,
            rewritten: Vec::new(),
        })
    }

    /// A collector with its user's configuration, over which is merged what this trial sets.
    fn own(
        &self,
        hop: &CollectorHop,
        config: &str,
        ports: HopPorts,
        next: &[SocketAddr],
    ) -> Result<HopSet, RunError> {
        let own = OwnConfig::read(&self.programs.base, config)?;
        let mut ends: Vec<(HopEndManifest, RunningReceiver)> = Vec::new();
        let mut end = |exporter: &str| {
            let file = hop_end_name(&hop.name, ends.len());
            let mut config = ReceiverConfig::new(self.scratch.join(&file), self.log_bytes);
            config.limits = Arc::clone(self.limits);
            let receiver = receiver::start_with(config, None)?;
            let link = Target::Link { from: Some(hop.name.clone()), to: Some(exporter.to_owned()) };
            let address = self.links.route(&link, receiver.address())?;
            ends.push((HopEndManifest { exporter: exporter.to_owned(), file }, receiver));
            Ok(address)
        };
        let storage = self.storage(hop);
        let placed =
            own.placed(&mut HopSite { ports, next, free: &mut free_port, end: &mut end, storage: &storage })?;
        for folder in &placed.folders {
            fs::create_dir_all(folder).map_err(RunError::unwritten(folder))?;
        }
        let overlay = self.dir.raw(&hop_overlay_name(&hop.name));
        store::write_bytes(&overlay, placed.overlay.to_string().as_bytes())?;
        let (grpc, http) = placed.takes;
        let listens = [(grpc, ports.grpc), (http, ports.http)];
        Ok(HopSet {
            program: self.programs.collector_of(hop),
            folder: Some(own.folder().to_owned()),
            arguments: with_configs(&[own.file, overlay]),
            environment: Vec::new(),
            output: self.dir.stderr_of(&hop.name),
            listens: listens.into_iter().filter_map(|(takes, port)| takes.then_some(port)).collect(),
            metrics: ports.metrics,
            holds: placed.holds.as_nanos() as u64,
            ends,
            engine: None,
            exporter: Some(placed.exporter),
            to_engine: None,
            rewritten: placed.changes,
        })
    }
}
