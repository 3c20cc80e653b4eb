//! The collectors in the path of a trial, each behind a tap: a relay that notes what came and what the sender was told
//! (`receiver::relay`). They start from the receiver's side, and end from the services' side when they have sent what they hold.

mod place;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::signal::Signal;
use spanfate_model::fault::Target;
use spanfate_model::format::layout::{TrialDir, hop_config_name, hop_end_name, hop_overlay_name, tap_name};
use spanfate_model::format::manifest::{HopEndManifest, TrialManifest};
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::pipeline::CollectorHop;

use crate::collector::HopPorts;
use crate::collector::own::OwnConfig;
use crate::collector::rewrite::HopSite;
use crate::fixture::Programs;
use crate::hop::config::yaml;
use crate::host::clock;
use crate::host::limits::LimitsMet;
use crate::host::ports::free_port;
use crate::process::guard::Guard;
use crate::receiver::{ReceiverConfig, RunningReceiver, Upstream};
use crate::trial::events::EventLog;
use crate::trial::links::TrialLinks;
use crate::trial::services::{Blame, ServiceWatch};
use crate::{RunError, receiver, store};
use place::{HopPlace, HopSet};

/// What the collectors of a trial are started from.
pub(crate) struct HopStage<'a> {
    pub(crate) hops: &'a [CollectorHop],
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

/// The collectors of a trial, in the order of the path.
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
        let mut out = Self { places: Vec::with_capacity(stage.hops.len()), stage };
        let mut next = receiver;
        for (index, hop) in out.stage.hops.iter().enumerate().rev() {
            let mut place = out.stage.prepare(index, hop, next)?;
            place.begin(&out.stage, manifest, events)?;
            place.wait(&out.stage, manifest)?;
            next = place.tap.address();
            out.places.insert(0, place);
        }
        Ok(out)
    }

    /// Where the services send to: the tap before the first one.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.places.first().map(|place| place.tap.address())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Process id of one that runs.
    pub(crate) fn pid(&self, hop: usize) -> Option<u32> {
        self.places.get(hop)?.pid()
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
    pub(crate) fn ask_to_stop(&mut self, hop: usize) -> Result<(), RunError> {
        self.places.get_mut(hop).map_or(Ok(()), HopPlace::ask_to_stop)
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

    /// Ends the taps. The first error is given; all of them end.
    pub(crate) fn close(self) -> Result<(), RunError> {
        let mut done = Ok(());
        for place in self.places {
            done = done.and(place.close());
        }
        done
    }
}

impl HopStage<'_> {
    /// What one is started from, and the tap before it.
    fn prepare(&self, index: usize, hop: &CollectorHop, next: SocketAddr) -> Result<HopPlace, RunError> {
        let ports = HopPorts { grpc: free_port()?, http: free_port()?, metrics: free_port()? };
        let to = self.hops.get(index + 1).map(|next| next.name.clone());
        let next = self.links.route(&Target::Link { from: Some(hop.name.clone()), to }, next)?;
        let set = match hop.own_config() {
            Some(config) => self.own(hop, config, ports, next)?,
            None => self.usual(hop, ports, next)?,
        };
        let upstream = Upstream::collector(ports.grpc, ports.http).map_err(|problem| RunError::Fixture {
            fixture: hop.name.clone(),
            problem: format!("cannot be reached: {problem}"),
        })?;
        let mut tap = ReceiverConfig::new(self.scratch.join(tap_name(&hop.name)), self.log_bytes);
        tap.hop = index as u8 + 1;
        tap.limits = Arc::clone(self.limits);
        let tap = receiver::start_with(tap, Some(&upstream))?;
        Ok(HopPlace::new((index, hop.clone()), set, tap, clock::now()))
    }

    fn storage(&self, hop: &CollectorHop) -> PathBuf {
        self.dir.raw(&format!("{}.storage", hop.name))
    }

    /// A collector that is set up by its knobs.
    fn usual(&self, hop: &CollectorHop, ports: HopPorts, next: SocketAddr) -> Result<HopSet, RunError> {
        let config = self.dir.raw(&hop_config_name(&hop.name));
        store::write_bytes(&config, yaml(&hop.knobs, ports, next, &self.storage(hop)).as_bytes())?;
        Ok(HopSet {
            program: self.programs.collector_of(hop),
            configs: vec![config],
            folder: None,
            output: self.dir.stderr_of(&hop.name),
            listens: vec![ports.grpc, ports.http],
            metrics: ports.metrics,
            holds: hop.knobs.batch_timeout.max(hop.knobs.flush_timeout).map_or(0, Period::nanos),
            ends: Vec::new(),
            exporter: None,
            rewritten: Vec::new(),
        })
    }

    /// A collector with its user's configuration, over which is merged what this trial sets.
    fn own(
        &self,
        hop: &CollectorHop,
        config: &str,
        ports: HopPorts,
        next: SocketAddr,
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
            configs: vec![own.file, overlay],
            output: self.dir.stderr_of(&hop.name),
            listens: listens.into_iter().filter_map(|(takes, port)| takes.then_some(port)).collect(),
            metrics: ports.metrics,
            holds: placed.holds.as_nanos() as u64,
            ends,
            exporter: Some(placed.exporter),
            rewritten: placed.changes,
        })
    }
}
