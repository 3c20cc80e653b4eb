//! The load thread: gives every due request to a worker, and sees to it that each entry of the schedule gets a record.

use std::fs::File;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use spanfate_model::load::Outcome;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Config;
use super::crew::{Crew, Tasks};
use super::pace::Pace;
use super::record::Recorder;
use super::request::Template;
use crate::clock;
use crate::error::Error;

/// How often records are appended to the log.
const FLUSH: Duration = Duration::from_millis(100);

/// Lateness beyond the end of the schedule after which nothing more is started.
const TOO_LATE: u64 = 1_000_000_000;

/// How much later than its own bound a request may be before the dispatcher ends it.
const BACKSTOP: Duration = Duration::from_secs(1);

/// Runs the load to its end; gives the number of connections.
pub(super) async fn run(
    config: &Config,
    schedule: &Arc<[u64]>,
    template: Template,
    log: File,
    pace: &Arc<Pace>,
) -> Result<u32, Error> {
    let recorder = Rc::new(Recorder::new(pace, schedule, config.start_at, config.measured_from, log));
    let crew = Rc::new(Crew::new(config.target, config.timeout, template, &recorder));
    let mut tasks = Tasks::new(&crew, config.max_in_flight);
    let failed = Error::unwritten(&config.log);
    let ran = async {
        start_all(config, schedule, pace, &recorder, &mut tasks).await?;
        wait_for_open(config.timeout, &recorder, &crew).await
    };
    let ran = ran.await;
    tasks.end().await;
    match ran.and(recorder.flush()) {
        Ok(()) => Ok(crew.connections()),
        Err(source) => Err(failed(source)),
    }
}

async fn start_all(
    config: &Config,
    schedule: &[u64],
    pace: &Pace,
    recorder: &Recorder,
    tasks: &mut Tasks,
) -> io::Result<()> {
    let total = schedule.len() as u32;
    let last = config.start_at + schedule.last().copied().unwrap_or_default();
    let mut tick = interval(FLUSH);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next = 0;
    while next < total {
        let due = pace.due();
        if pace.is_stopped() || clock::now() > last + TOO_LATE {
            (next..total).for_each(|request| recorder.not_started(request, Outcome::GeneratorLate));
            return Ok(());
        }
        (next..due).for_each(|request| tasks.give(request));
        if next < due {
            next = due;
            continue;
        }
        tokio::select! {
            biased;
            () = pace.wake.notified() => {}
            _ = tick.tick() => recorder.flush()?,
        }
    }
    Ok(())
}

/// Every request ends by its own bound; the bound here only makes sure that the load does.
async fn wait_for_open(bound: Duration, recorder: &Recorder, crew: &Crew) -> io::Result<()> {
    let mut backstop = Box::pin(sleep(bound + BACKSTOP));
    let mut tick = interval(FLUSH);
    while crew.busy() > 0 {
        tokio::select! {
            biased;
            () = crew.calm.notified() => {}
            () = &mut backstop => break,
            _ = tick.tick() => recorder.flush()?,
        }
    }
    Ok(())
}
