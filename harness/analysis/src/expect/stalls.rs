//! The rules held against a batch processor whose process is stopped in slices: what is true is what the same arrivals lose without
//! the stalls. Seeded, so a failure is a change of the rules and no bad luck. `-- --nocapture` prints every rate.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spanfate_model::fate::Fate;
use spanfate_model::scenario::expect::Condition;
use spanfate_model::verdict::Verdict;

use super::forge::{Forged, forged};

/// Length of the load, milliseconds, and its spans.
const LOAD_MS: f64 = 2000.0;
const SPANS: usize = 2000;

/// A batch processor: its queue, its batch, and how long an answer takes, milliseconds.
#[derive(Clone, Copy)]
struct Processor {
    queue: u32,
    batch: u32,
    answer_ms: f64,
}

/// When the process stands still.
struct Stalls(Vec<(f64, f64)>);

impl Stalls {
    /// Slices of 5 to 50 ms that amount to a share of the time.
    fn draw(rng: &mut ChaCha8Rng, share: f64) -> Self {
        let mut out = Vec::new();
        let mut at = 0.0;
        while share > 0.0 && at < LOAD_MS {
            let slice = rng.random_range(5.0..50.0);
            at += slice * (1.0 - share) / share * rng.random_range(0.2..1.8);
            out.push((at, at + slice));
            at += slice;
        }
        Self(out)
    }

    /// When something happens that was due then.
    fn after(&self, due: f64) -> f64 {
        let inside = self.0.iter().find(|(from, to)| (*from..*to).contains(&due));
        inside.map_or(due, |(_, to)| *to)
    }
}

/// Spans that are dropped of these arrivals.
fn dropped(arrivals: &[f64], stalls: &Stalls, processor: Processor, worker_first: bool) -> u64 {
    let Processor { queue, batch, answer_ms } = processor;
    let (mut waiting, mut buffered, mut dropped) = (0, 0, 0);
    let mut busy: Option<f64> = None;
    for arrival in arrivals {
        let now = stalls.after(*arrival);
        while let Some(done) = busy.filter(|done| *done < now || (worker_first && *done <= now)) {
            let taken = waiting.min(batch);
            waiting -= taken;
            (buffered, busy) =
                if taken == batch { (0, Some(stalls.after(done + answer_ms))) } else { (taken, None) };
        }
        match busy {
            None => {
                buffered += 1;
                if buffered == batch {
                    (buffered, busy) = (0, Some(stalls.after(now + answer_ms)));
                }
            }
            Some(_) if waiting < queue => waiting += 1,
            Some(_) => dropped += 1,
        }
    }
    dropped
}

/// One draw: the trial as the stalls left it, what is true without them, and what was lost with them.
fn draw(rng: &mut ChaCha8Rng, share: f64) -> (Forged, u64, u64) {
    let processor = Processor {
        queue: rng.random_range(16..256),
        batch: rng.random_range(8..64),
        answer_ms: rng.random_range(2.0f64..120.0).round(),
    };
    let bursts = rng.random_bool(0.5);
    let even = |at: usize| at as f64 * LOAD_MS / SPANS as f64;
    let mut arrivals: Vec<f64> =
        (0..SPANS).map(|at| if bursts { rng.random_range(0.0..LOAD_MS) } else { even(at) }).collect();
    arrivals.sort_by(f64::total_cmp);
    let worker_first = rng.random_bool(0.5);
    let truth = dropped(&arrivals, &Stalls(Vec::new()), processor, worker_first);
    let lost = dropped(&arrivals, &Stalls::draw(rng, share), processor, worker_first);
    let receiver = format!(r#"{{"answer_after":"{}ms"}}"#, processor.answer_ms);
    let mut forged = forged(&receiver, &[]);
    let effective = forged.trial.services[0].effective.as_mut().unwrap();
    (effective.queue, effective.batch) = (processor.queue, processor.batch);
    (forged.lost(Fate::DroppedQueueFull, lost).stolen(share.max(0.021)), truth, lost)
}

#[test]
fn no_verdict_on_a_disturbed_trial_is_wrong() {
    println!("time taken: conditions judged, of these decided; wrong, all within a batch of the edge");
    for share in [0.02, 0.05, 0.10, 0.20] {
        let mut rng = ChaCha8Rng::seed_from_u64((share * 1000.0) as u64);
        let (mut asked, mut decided, mut wrong) = (0_u32, 0_u32, 0_u32);
        for _ in 0..1500 {
            let (forged, truth, lost) = draw(&mut rng, share);
            let bound = rng.random_range(0..=1200);
            let percent = rng.random_range(0..60);
            let conditions = [
                "loss.rate == 0 %".to_owned(),
                "fate.dropped_queue_full > 0".to_owned(),
                "fate.received == 2000".to_owned(),
                format!("loss.rate <= {percent} %"),
                format!("fate.dropped_queue_full >= {bound}"),
                format!("fate.dropped_queue_full == {lost}"),
            ];
            for text in conditions {
                let condition = Condition::try_from(text.clone()).unwrap();
                let true_value = |spans: u64| match text.split_once(' ').unwrap().0 {
                    "loss.rate" => spans as f64 / SPANS as f64,
                    "fate.received" => (SPANS as u64 - spans) as f64,
                    _ => spans as f64,
                };
                let (verdict, _) = forged.judged(&text);
                asked += 1;
                decided += u32::from(verdict != Verdict::Inconclusive);
                let holds = condition.holds(true_value(truth));
                if verdict != Verdict::Inconclusive && holds != (verdict == Verdict::Pass) {
                    wrong += 1;
                    // A stall may let the last answer of a load come before its last spans.
                    assert!(truth.abs_diff(lost) <= 64, "{text}: {truth} without stalls, {lost} with");
                }
            }
        }
        let of = |part: u32, all: u32| f64::from(part) / f64::from(all) * 100.0;
        println!("{share}: {asked}, {:.1} % decided; {:.2} % wrong", of(decided, asked), of(wrong, decided));
        assert!(of(decided, asked) > 50.0, "{share}: {decided} of {asked}");
        assert!(of(wrong, decided) <= 0.1, "{share}: {wrong} of {decided}");
    }
}

#[test]
fn what_a_script_forces_is_lost_without_stalls() {
    let mut rng = ChaCha8Rng::seed_from_u64(19);
    let mut proven = 0;
    for _ in 0..2000 {
        let (forged, truth, _) = draw(&mut rng, 0.1);
        let above = forged.judged("fate.dropped_queue_full > 0").0;
        assert!(above != Verdict::Pass || truth > 0);
        proven += u32::from(above == Verdict::Pass);
    }
    println!("{proven} of 2000 losses are forced by the answers alone");
    assert!(proven > 300, "{proven}");
}
