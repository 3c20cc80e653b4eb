//! The rules of `statistics` held against data of the shape that trials have: machines drift slowly, and losses come in
//! bursts. Seeded, so a failure is a change of the rules and no bad luck. `-- --nocapture` prints every rate.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod coverage;
mod noise;
mod pairs;
mod runs;
