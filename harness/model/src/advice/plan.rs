//! The cheapest settings that lose nothing: least memory, then least added latency.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::demand::Demand;
use super::retry::RetryPolicy;
use super::settings::{BatchSettings, Outlook};
use super::{LARGE_BATCH, LEAST_BATCH, LEAST_QUEUE, MARGIN, MOST_BATCH, MOST_QUEUE, STALL_S, STEP};
use crate::advice::law::ceiling;
use crate::exporter::Protocol;

/// Batches are advised in steps of so many spans.
pub const BATCH_STEP: u32 = 64;
/// Queues are advised in steps of so many spans.
pub const QUEUE_STEP: u32 = STEP;
/// A worker that could export so much more than what comes keeps up on average; one with less is as good as too slow.
const SPARE: f64 = 1.05;

/// What is set now, and what is known of it beside the demand.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Now {
    /// What is set.
    pub settings: BatchSettings,
    /// Spans were dropped, or waited for room: whatever the mean rates say, the queue was too short.
    pub overran: bool,
}

impl Now {
    /// Nobody has set anything, and nothing is known of it.
    pub const DEFAULT: Self = Self { settings: BatchSettings::DEFAULT, overran: false };
}

/// Settings with what follows from them.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AdvisedSettings")]
pub struct Choice {
    /// What is set.
    pub settings: BatchSettings,
    /// What follows.
    pub outlook: Outlook,
}

/// What keeps settings from being enough.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// No advised batch lets one worker export so much.
    Ceiling,
    /// The best batch keeps up, but leaves less than the margin.
    Margin,
    /// The queue would be longer than any that is advised.
    Queue,
    /// The SDK gives up trying again before the outage is over.
    Elapsed,
    /// Connections that are refused or reset are not tried again over HTTP.
    Refused,
}

/// What to set for a demand.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AdvicePlan")]
pub struct AdvicePlan {
    /// What is asked.
    pub demand: Demand,
    /// The SDK's defaults.
    pub defaults: Choice,
    /// What is set now; the defaults where nothing was said.
    pub now: Choice,
    /// The cheapest settings by variables alone; where they do not suffice, the best there are.
    pub variables: Choice,
    /// What they lack; nothing: they lose nothing.
    pub lacks: Vec<Shortfall>,
    /// With quicker retries, which only code can set: there where it needs less, or where variables alone do not suffice.
    pub code: Option<Choice>,
    /// What those lack.
    pub code_lacks: Vec<Shortfall>,
}

impl AdvicePlan {
    /// What is set now is what is advised.
    pub fn is_settled(&self) -> bool {
        self.variables.settings == self.now.settings && self.lacks.is_empty()
    }

    /// What to follow: variables where they suffice or code is no better.
    pub fn advised(&self) -> (&Choice, &[Shortfall]) {
        match &self.code {
            Some(code) if !self.lacks.is_empty() && self.code_lacks.len() < self.lacks.len() => {
                (code, &self.code_lacks)
            }
            _ => (&self.variables, &self.lacks),
        }
    }

    /// The queue ran full although the worker keeps up on average: for how long it shall do without an export, seconds.
    pub fn is_short(&self) -> Option<f64> {
        let spare = self.now.outlook.ceiling_per_s >= self.demand.spans_per_s * SPARE;
        (self.demand.stall_s > 0.0 && spare).then_some(self.demand.stall_s)
    }

    /// What is advised loses nothing by the capacity model, if perhaps with less than the margin.
    pub fn keeps_up(&self) -> bool {
        self.advised().1.iter().all(|lack| *lack == Shortfall::Margin)
    }

    /// The advised batch may meet a receiver's limit of a message.
    pub fn is_large(&self) -> bool {
        self.advised().0.settings.batch >= LARGE_BATCH
    }
}

/// Finds the cheapest settings; `None` where the demand is not sound.
pub fn plan(demand: &Demand, now: &Now) -> Option<AdvicePlan> {
    if !demand.is_sound() {
        return None;
    }
    let set = now.settings;
    // By the law nothing should have been lost. So exports stand still at times, or spans come in bursts; nobody knows how long.
    let surprised = now.overran
        && set.ceiling(demand) >= demand.spans_per_s * SPARE
        && set.keeps(demand, demand.outage_s);
    let stall_s = if surprised { demand.stall_s.max(STALL_S) } else { demand.stall_s };
    let demand = &Demand { stall_s, ..*demand };
    let chosen = |settings: BatchSettings| Choice { settings, outlook: settings.outlook(demand) };
    let (settings, lacks) = cheapest(demand, &set, RetryPolicy::SDK);
    let quick = || cheapest(demand, &set, RetryPolicy::SWIFT);
    let by_code = (demand.outage_s > 0.0 && demand.protocol == Protocol::Grpc).then(quick);
    let by_code = by_code.filter(|(code, code_lacks)| {
        code_lacks.len() < lacks.len() || (code_lacks.len() == lacks.len() && code.queue < settings.queue)
    });
    let (code, code_lacks) = by_code.unzip();
    Some(AdvicePlan {
        demand: *demand,
        defaults: chosen(BatchSettings::DEFAULT),
        now: chosen(set),
        variables: chosen(settings),
        lacks,
        code: code.map(chosen),
        code_lacks: code_lacks.unwrap_or_default(),
    })
}

/// The cheapest settings that try again in that way, and what they lack. What is set now and is enough stays as it is: nothing is
/// made smaller. Never below the SDK's defaults: what is not set costs nothing, and the memory of a queue is taken by the spans in
/// it only.
pub fn cheapest(demand: &Demand, now: &BatchSettings, retry: RetryPolicy) -> (BatchSettings, Vec<Shortfall>) {
    let wanted = demand.times(MARGIN);
    let mut lacks = Vec::new();
    let mut settings = BatchSettings { retry, ..*now };
    if settings.keeps(&wanted, demand.outage_s) {
        return (settings, lacks);
    }
    settings.batch = batch(demand, now.batch, &mut lacks);
    // The queue is not to bound the batch while its length is worked out.
    let most = MOST_QUEUE.max(now.queue);
    settings.queue = most;
    let need = settings.queue_for(&wanted, demand.outage_s).ceil();
    if need > f64::from(most) {
        lacks.push(Shortfall::Queue);
    }
    let need = need.min(f64::from(most)) as u32;
    settings.queue =
        if need <= now.queue { now.queue } else { need.next_multiple_of(QUEUE_STEP).max(LEAST_QUEUE) };
    wait(&mut settings, demand, &mut lacks);
    (settings, lacks)
}

/// The smallest batch that has the margin, from what is set now on; where none has, the one with the highest ceiling.
fn batch(demand: &Demand, now: u32, lacks: &mut Vec<Shortfall>) -> u32 {
    let carried = |batch: u32| ceiling(f64::from(batch), demand.export_s(batch));
    let wanted = demand.spans_per_s * MARGIN;
    let least = now.clamp(LEAST_BATCH, MOST_BATCH).next_multiple_of(BATCH_STEP);
    // A round trip that grows with the batch may never allow it, so every step is tried.
    let steps = (least..=MOST_BATCH).step_by(BATCH_STEP as usize).filter(|batch| *batch > now);
    let mut best = now;
    for batch in std::iter::once(now).chain(steps) {
        if carried(batch) >= wanted {
            return batch;
        }
        if carried(batch) > carried(best) {
            best = batch;
        }
    }
    let keeps_up = carried(best) >= demand.spans_per_s;
    lacks.push(if keeps_up { Shortfall::Margin } else { Shortfall::Ceiling });
    best
}

/// Timeouts that an export needs to outlive the outage, with a second to spare.
fn wait(settings: &mut BatchSettings, demand: &Demand, lacks: &mut Vec<Shortfall>) {
    let recovery = settings.recovery(demand, demand.outage_s);
    let last_s = recovery.attempt_s + demand.export_s(settings.batch) * MARGIN;
    let needed =
        if demand.outage_s > 0.0 { (last_s.ceil() as u64 + 1) * 1000 } else { (last_s * 1e3).ceil() as u64 };
    settings.export_timeout_ms = settings.export_timeout_ms.max(needed);
    match demand.protocol {
        Protocol::Grpc => settings.exporter_timeout_ms = settings.exporter_timeout_ms.max(needed),
        Protocol::HttpProtobuf => {
            let attempt = (demand.export_s(settings.batch) * MARGIN * 1e3).ceil() as u64;
            settings.exporter_timeout_ms = settings.exporter_timeout_ms.max(attempt);
            if demand.outage_s > 0.0 {
                lacks.push(Shortfall::Refused);
            }
        }
    }
    if recovery.failing_s > settings.retry.elapsed_s {
        if settings.retry == RetryPolicy::SDK {
            lacks.push(Shortfall::Elapsed);
        } else {
            settings.retry.elapsed_s = recovery.failing_s.ceil() + 1.0;
        }
    }
}

#[cfg(test)]
mod tests;
