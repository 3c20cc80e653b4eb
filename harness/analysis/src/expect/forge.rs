//! Trials of made-up variants for the tests of the rules.

use std::collections::BTreeMap;

use spanfate_model::books::damage::Damage;
use spanfate_model::books::ledger::{FateCount, Ledger};
use spanfate_model::exporter::Effective;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::format::manifest::Status;
use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::{
    Basis, Dose, ExportFigures, FaultResult, FaultWindow, Footing, LoadFigures, Loss, PathReplay, Prediction,
    Quantiles, ServiceResult, TrialResult, TrustCheck, UsageFigures, Validity, VariantResult, VariantSummary,
};
use spanfate_model::scenario::expect::Condition;
use spanfate_model::scenario::{Fault, Load, Scenario, Variant};
use spanfate_model::verdict::Verdict;

use crate::expect::judge::judge;

/// A variant as it was planned, and a trial of it in which nothing was lost: 200 requests/s of five spans for two seconds.
#[derive(Clone, Debug)]
pub(crate) struct Forged {
    pub(crate) plan: Plan,
    pub(crate) trial: TrialResult,
}

pub(crate) fn forged(receiver: &str, faults: &[&str]) -> Forged {
    let variant = Variant {
        name: "v".to_owned(),
        receiver: serde_json::from_str(receiver).unwrap(),
        ..Variant::default()
    };
    let fault: Vec<Fault> = faults.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let load = Load::steady(Rate(200.0), Period::millis(2000));
    let scenario = Scenario { variant: vec![variant], fault, ..Scenario::new("forged".to_owned(), load) };
    let plan = Plan::resolve(&scenario);
    let acted = |(number, fault): (usize, &Fault)| FaultResult {
        number,
        kind: fault.kind.name().to_owned(),
        windows: vec![FaultWindow { from_ms: 0.0, to_ms: Some(2000.0), why: String::new() }],
        doses: vec![Dose { what: fault.kind.dose().into(), amount: 3.0 }],
        needed: 1.0,
        bit: true,
        ..FaultResult::default()
    };
    let mut trial = quiet();
    trial.faults = plan.variants[0].faults.iter().enumerate().map(acted).collect();
    Forged { plan, trial }
}

fn quiet() -> TrialResult {
    let received = FateCount { total: 2000, measured: 2000, ..FateCount::default() };
    let effective = Effective {
        queue: 64,
        batch: 32,
        delay_ms: 5000.0,
        export_timeout_ms: 30_000.0,
        ..Effective::default()
    };
    let loss = Loss { due: 2000, received: 2000, ..Loss::default() };
    let service = ServiceResult {
        service: "http".to_owned(),
        loss,
        effective: Some(effective.clone()),
        starts: 1,
        ..ServiceResult::default()
    };
    let ledger = Ledger {
        created: 2000,
        created_measured: 2000,
        fates: BTreeMap::from([(Fate::Received, received)]),
        ..Ledger::default()
    };
    TrialResult {
        index: 0,
        repetition: 0,
        status: Status::Complete,
        error: None,
        limits_met: Vec::new(),
        unread: Vec::new(),
        ended_by_itself: None,
        attempts: None,
        quiet: None,
        ledger,
        loss,
        load: LoadFigures { worst_window: 1.0, ..LoadFigures::default() },
        exports: ExportFigures { calls: 40, ..ExportFigures::default() },
        delay: Some(Quantiles { p99: 20.0, ..Quantiles::default() }),
        usage: UsageFigures { samples: 20, ..UsageFigures::default() },
        effective: Some(effective),
        gomaxprocs: 1,
        sdk: String::new(),
        witnesses: Vec::new(),
        agreement: Vec::new(),
        validity: Vec::new(),
        timeline: Vec::new(),
        examples: Vec::new(),
        replays: Vec::new(),
        hops: Vec::new(),
        engine: None,
        services: vec![service],
        breakdown: Vec::new(),
        faults: Vec::new(),
        damage: Some(Damage { traces: 400, complete: 400, ..Damage::default() }),
        probes: Vec::new(),
        logs: None,
        trace_matches: Vec::new(),
    }
}

impl Forged {
    /// So many spans have a fate in place of being received.
    pub(crate) fn lost(mut self, fate: Fate, spans: u64) -> Self {
        let count = FateCount { total: spans, measured: spans, ..FateCount::default() };
        self.trial.ledger.fates.insert(fate, count);
        let received = self.trial.ledger.fates.get_mut(&Fate::Received).unwrap();
        received.total = received.total.saturating_sub(spans);
        if fate.class() == FateClass::Lost {
            self.trial.loss.lost += spans;
            self.trial.loss.rate = self.trial.loss.lost as f64 / self.trial.loss.due as f64;
        }
        self
    }

    /// The law predicts such a loss, and a replay that fits says between which values its gap lies.
    pub(crate) fn predicted(mut self, rate: f64, law_gap: Option<(f64, f64)>) -> Self {
        self.trial.loss.predicted = Some(Prediction {
            rate,
            spans_per_s: 1000.0,
            batch: 32,
            queue: 64,
            export_ms: 30.0,
            ceiling: 1066.0,
        });
        self.trial.replays = vec![PathReplay { fits: true, law_gap, ..PathReplay::default() }];
        self
    }

    pub(crate) fn failed(mut self, by: &str, calls: u64) -> Self {
        self.trial.exports.failed += calls;
        self.trial.exports.failed_by.insert(by.to_owned(), calls);
        self.trial.services[0].exports.failed += calls;
        self
    }

    /// That share of the time was stolen.
    pub(crate) fn stolen(mut self, steal: f64) -> Self {
        self.trial.usage.steal = steal;
        self.trial.validity = vec![
            Validity::of(Basis::Loss, TrustCheck::Started, self.trial.load.worst_window, 0.99),
            Validity::of(Basis::Loss, TrustCheck::Steal, steal, 0.02),
        ];
        self
    }

    pub(crate) fn judged(&self, condition: &str) -> (Verdict, Footing) {
        judged_together(std::slice::from_ref(self), condition)
    }
}

/// A condition on several trials of one variant.
pub(crate) fn judged_together(trials: &[Forged], condition: &str) -> (Verdict, Footing) {
    let condition = Condition::try_from(condition.to_owned()).unwrap();
    let variant = VariantResult {
        name: "v".to_owned(),
        settings: Vec::new(),
        trials: trials.iter().map(|forged| forged.trial.clone()).collect(),
        summary: VariantSummary::default(),
    };
    let judged = judge(&condition, &trials[0].plan, &variant);
    assert_eq!(judged.reason.is_some(), judged.verdict != Verdict::Pass, "{judged:?}");
    (judged.verdict, judged.footing)
}
