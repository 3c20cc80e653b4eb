//! The load thread: gives every due request to a worker, and sees to it that each entry of the plan gets a record.

use std::fs::File;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use spanfate_model::load::RequestOutcome;

use super::alarm::{Alarm, Ring};
use super::crew::{Crew, Tasks};
use super::pace::LoadPace;
use super::record::Recorder;
use super::request::Template;
use super::{LoadConfig, Starts};
use crate::error::RunError;
use crate::host::clock;

/// Records are appended to the log at every so many rounds of housekeeping: ten times a second.
const FLUSH: u32 = 5;

/// Lateness beyond the end of the schedule after which nothing more is started.
const TOO_LATE: u64 = 1_000_000_000;

/// How much later than its own bound a request may be before the dispatcher ends it.
const BACKSTOP: Duration = Duration::from_secs(1);

/// Runs the load to its end; gives the number of connections.
pub(super) async fn run(
    config: &LoadConfig,
    template: Template,
    log: File,
    pace: &Arc<LoadPace>,
) -> Result<u32, RunError> {
    let recorder = Rc::new(Recorder::new(pace, config, log));
    let crew = Rc::new(Crew::new(config, template, &recorder));
    let mut tasks = Tasks::new(&crew, config.starts.most_open());
    let alarm = Alarm::new().map_err(RunError::system("set the load's timers"))?;
    let failed = RunError::unwritten(&config.log);
    let mut dispatch = Dispatch { config, pace, recorder: &recorder, crew: &crew, alarm, rounds: 0 };
    let ran = match &config.starts {
        Starts::Open { schedule, .. } => dispatch.keep_to(schedule, &mut tasks).await,
        Starts::Closed { connections, requests } => {
            dispatch.let_run(*connections, *requests, &mut tasks).await
        }
    };
    let ran = match ran {
        Ok(()) => dispatch.wait_for_open().await,
        Err(error) => Err(error),
    };
    tasks.end().await;
    match ran.and(recorder.flush()) {
        Ok(()) => Ok(crew.connections()),
        Err(source) => Err(failed(source)),
    }
}

struct Dispatch<'a> {
    config: &'a LoadConfig,
    pace: &'a LoadPace,
    recorder: &'a Recorder,
    crew: &'a Crew,
    alarm: Alarm,
    rounds: u32,
}

impl Dispatch<'_> {
    /// Starts every request when it is due.
    async fn keep_to(&mut self, schedule: &[u64], tasks: &mut Tasks) -> io::Result<()> {
        let start_at = self.config.start_at;
        let last = start_at + schedule.last().copied().unwrap_or_default();
        let mut next = 0;
        while let Some(offset) = schedule.get(next) {
            let now = clock::now();
            if self.pace.is_stopped() || now > last + TOO_LATE {
                self.give_up(next as u32..schedule.len() as u32);
                return Ok(());
            }
            if start_at + offset <= now {
                tasks.give(next as u32);
                next += 1;
                continue;
            }
            let after = schedule.get(next + 1).map(|offset| start_at + offset);
            self.alarm.set(start_at + offset, after)?;
            self.wait().await?;
        }
        Ok(())
    }

    /// Starts one request per connection; the rest start when one was answered.
    async fn let_run(&mut self, connections: u32, requests: u32, tasks: &mut Tasks) -> io::Result<()> {
        while clock::now() < self.config.start_at && !self.pace.is_stopped() {
            self.alarm.set(self.config.start_at, None)?;
            self.wait().await?;
        }
        self.crew.queue(connections.min(requests)..requests);
        if self.pace.is_stopped() {
            self.give_up(0..connections.min(requests));
        } else {
            (0..connections.min(requests)).for_each(|request| tasks.give(request));
        }
        while !self.pace.is_stopped() && self.crew.has_queue() {
            self.wait().await?;
        }
        self.give_up(self.crew.queue(0..0));
        Ok(())
    }

    /// Every request ends by its own bound; the bound here only makes sure that the load does.
    async fn wait_for_open(&mut self) -> io::Result<()> {
        let latest = clock::now() + (self.config.timeout + BACKSTOP).as_nanos() as u64;
        while self.crew.busy() > 0 && clock::now() < latest {
            tokio::select! {
                biased;
                () = self.crew.calm.notified() => {}
                rang = self.alarm.ring() => self.keep_house(rang?)?,
            }
        }
        Ok(())
    }

    fn give_up(&self, requests: std::ops::Range<u32>) {
        requests.for_each(|request| self.recorder.not_started(request, RequestOutcome::GeneratorLate));
    }

    async fn wait(&mut self) -> io::Result<()> {
        let rang = self.alarm.ring().await?;
        self.keep_house(rang)
    }

    fn keep_house(&mut self, rang: Ring) -> io::Result<()> {
        if rang == Ring::Due {
            return Ok(());
        }
        self.crew.end_overdue();
        self.rounds += 1;
        if self.rounds.is_multiple_of(FLUSH) { self.recorder.flush() } else { Ok(()) }
    }
}
