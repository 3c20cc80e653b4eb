//! Which ends of processes are worth a word.

use spanfate_model::result::{EndedBy, ProviderEnd, RunResult, ServiceEnd, ServiceResult, ShutdownCourse};

use super::sums::trials;

/// Whether an end is what every service of ours does: it stops when it is asked to, and shuts down.
fn is_usual(end: &ServiceEnd) -> bool {
    let shut = |provider: &ProviderEnd| {
        matches!(provider.shutdown.known(), Some(ShutdownCourse::Returned | ShutdownCourse::Unseen))
    };
    let alone = end.left_running == 0;
    end.by.is(&EndedBy::Harness) && end.code == Some(0) && alone && end.providers.iter().all(shut)
}

/// The ends that are worth a word, with their services, by variant: all of a program of the user's own, else those that are not usual.
pub(crate) fn told(result: &RunResult) -> Vec<(&str, &ServiceResult, &ServiceEnd)> {
    let own = result.plan.subject().is_own();
    let mut out = Vec::new();
    for (variant, trial) in trials(result) {
        for service in &trial.services {
            let ends = service.ends.iter().filter(|end| own || !is_usual(end));
            out.extend(ends.map(|end| (variant.name.as_str(), service, end)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(by: EndedBy, signal: Option<i32>, code: Option<i32>) -> ServiceEnd {
        ServiceEnd {
            incarnation: 0,
            at_ms: 5.0,
            code,
            signal,
            by: by.into(),
            fault: None,
            left_running: 0,
            providers: Vec::new(),
        }
    }

    #[test]
    fn what_every_fixture_does_is_not_worth_a_word() {
        let usual = end(EndedBy::Harness, None, Some(0));
        assert!(is_usual(&usual));
        assert!(!is_usual(&end(EndedBy::Harness, Some(15), None)));
        assert!(!is_usual(&end(EndedBy::SomebodyElse, Some(9), None)));
        let deaf = ProviderEnd {
            provider: 1,
            shutdown: ShutdownCourse::NotCalled.into(),
            called_ms: None,
            took_ms: None,
        };
        assert!(!is_usual(&ServiceEnd { providers: vec![deaf], ..usual }));
    }
}
