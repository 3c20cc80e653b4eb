//! Figures of what samplers keep, and of loops that set their rate.

use spanfate_model::result::{ControlFigures, TrialResult};
use spanfate_model::scenario::figure::{LoopFigure, WhatMatters};

pub(super) fn value(what: WhatMatters, trial: &TrialResult) -> Option<f64> {
    let kept = trial.damage.as_ref()?.kept?;
    match what {
        WhatMatters::KeySpans => kept.key_spans.share(),
        WhatMatters::Errors => kept.errors.share(),
        WhatMatters::ErrorsWhole => {
            (kept.errors.all > 0).then(|| kept.errors_whole as f64 / kept.errors.all as f64)
        }
        WhatMatters::Slow => kept.slow.share(),
        WhatMatters::Whole => kept.whole.share(),
    }
}

/// Of several services the worst.
pub(super) fn of_loop(what: LoopFigure, trial: &TrialResult) -> Option<f64> {
    let one = |figures: &ControlFigures| match what {
        LoopFigure::Settling => figures.settling_ms * 1e6,
        LoopFigure::Overshoot => figures.overshoot,
        LoopFigure::Reversals => figures.reversals as f64,
    };
    trial.services.iter().filter_map(|service| service.control.as_ref()).map(one).reduce(f64::max)
}
