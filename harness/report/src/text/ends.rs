//! How a process ended, in words: by what, at whose bidding, and what became of its providers' shutdowns.

use spanfate_model::result::{EndedBy, ProviderEnd, ServiceEnd, ShutdownCourse};

use super::number::Numbers;

/// Most providers whose shutdown is told.
const PROVIDERS: usize = 8;

/// Names of signals, by number.
const SIGNALS: [(i32, &str); 16] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (10, "SIGUSR1"),
    (11, "SIGSEGV"),
    (12, "SIGUSR2"),
    (13, "SIGPIPE"),
    (14, "SIGALRM"),
    (15, "SIGTERM"),
    (31, "SIGSYS"),
];

/// A signal as people call it.
pub(crate) fn signal_name(number: i32) -> String {
    let known = SIGNALS.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned())
}

/// How it ended, and at whose bidding.
pub(crate) fn how(end: &ServiceEnd) -> String {
    let by = end.by.known().copied();
    let what = match (end.signal, end.code) {
        (Some(signal), _) => format!("ended by {}", signal_name(signal)),
        (None, Some(code)) => format!("exited with code {code}"),
        (None, None) => "ended".to_owned(),
    };
    let signal = end.signal.is_some();
    let how = match by {
        Some(EndedBy::Itself) if signal => format!("{what}, which it brought on itself"),
        Some(EndedBy::Itself) => format!("{what} by itself"),
        Some(EndedBy::Harness) => format!("{what} when Spanfate asked it to stop at the end of the run"),
        Some(EndedBy::User) => format!("{what} when you stopped the run"),
        Some(EndedBy::Impatience) => {
            format!("{what}: Spanfate killed it, for its time to shut down was over")
        }
        Some(EndedBy::Fault) => {
            format!("{what}: fault {} of the scenario did that", end.fault.unwrap_or(0) + 1)
        }
        Some(EndedBy::OutOfMemory) => format!("{what}: the kernel killed it, for memory had run out"),
        Some(EndedBy::SomebodyElse) => format!("{what}, which Spanfate did not send"),
        None => format!("{what} ({})", end.by),
    };
    match end.left_running {
        0 => how,
        1 => format!("{how}; a process that it had started still ran, and was ended, its spans unseen"),
        left => format!(
            "{how}; {left} processes that it had started still ran, and were ended, their spans unseen"
        ),
    }
}

/// What became of the shutdowns of its providers; nothing where no witness looked.
pub(crate) fn shutdowns(end: &ServiceEnd, numbers: Numbers) -> Option<String> {
    let several = end.providers.len() > 1;
    let one = |provider: &ProviderEnd| {
        let whose = if several {
            format!("Shutdown of provider {} ", provider.provider)
        } else {
            "Shutdown ".to_owned()
        };
        let took = provider.took_ms.map(|ms| format!(" after {} ms", numbers.short(ms))).unwrap_or_default();
        let course = match provider.shutdown.known() {
            Some(ShutdownCourse::NotCalled) => "was never called".to_owned(),
            Some(ShutdownCourse::Returned) => format!("was called and returned{took}"),
            Some(ShutdownCourse::ReturnedError) => format!("was called and returned an error{took}"),
            Some(ShutdownCourse::DidNotReturn) => "was called and had not returned by then".to_owned(),
            Some(ShutdownCourse::ReturnUnseen) => "was called; whether it returned was not seen".to_owned(),
            Some(ShutdownCourse::Unseen) => "may have been called: that was not seen".to_owned(),
            None => provider.shutdown.to_string(),
        };
        whose + &course
    };
    let mut parts: Vec<String> = end.providers.iter().take(PROVIDERS).map(one).collect();
    let more = end.providers.len().saturating_sub(PROVIDERS);
    if more > 0 {
        parts.push(format!("and {more} more providers"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::number::TERMINAL;
    use super::*;

    fn end(by: EndedBy, signal: Option<i32>, code: Option<i32>) -> ServiceEnd {
        ServiceEnd {
            incarnation: 0,
            at_ms: 5.0,
            code,
            signal,
            by: by.into(),
            fault: Some(1),
            left_running: 0,
            providers: Vec::new(),
        }
    }

    #[test]
    fn ends_are_told_with_who_brought_them_about() {
        let texts: Vec<String> = EndedBy::ALL
            .iter()
            .flat_map(|by| [how(&end(*by, Some(9), None)), how(&end(*by, None, Some(3)))])
            .collect();
        assert!(texts.iter().all(|text| text.contains("SIGKILL") || text.contains("code 3")), "{texts:?}");
        let mut different = texts.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), texts.len());
        assert_eq!(how(&end(EndedBy::User, Some(2), None)), "ended by SIGINT when you stopped the run");
        assert_eq!(
            how(&end(EndedBy::SomebodyElse, Some(64), None)),
            "ended by signal 64, which Spanfate did not send"
        );
        let foreign = ServiceEnd {
            by: spanfate_model::term::Term::read("a neighbour"),
            ..end(EndedBy::User, None, Some(0))
        };
        assert_eq!(how(&foreign), "exited with code 0 (a neighbour)");
        let mut parent = end(EndedBy::Itself, None, Some(0));
        parent.left_running = 1;
        assert_eq!(
            how(&parent),
            "exited with code 0 by itself; a process that it had started still ran, and was ended, its spans unseen"
        );
    }

    #[test]
    fn shutdowns_are_told_by_provider_where_there_are_several() {
        let provider = |provider, shutdown: ShutdownCourse, took_ms| ProviderEnd {
            provider,
            shutdown: shutdown.into(),
            called_ms: Some(1.0),
            took_ms,
        };
        let mut one = end(EndedBy::Itself, None, Some(0));
        assert_eq!(shutdowns(&one, TERMINAL), None);
        one.providers = vec![provider(1, ShutdownCourse::Returned, Some(3.0))];
        assert_eq!(shutdowns(&one, TERMINAL).unwrap(), "Shutdown was called and returned after 3.00 ms");
        one.providers.push(provider(2, ShutdownCourse::NotCalled, None));
        assert_eq!(
            shutdowns(&one, TERMINAL).unwrap(),
            "Shutdown of provider 1 was called and returned after 3.00 ms; Shutdown of provider 2 was never called"
        );
        one.providers = (1..=10).map(|number| provider(number, ShutdownCourse::DidNotReturn, None)).collect();
        assert!(shutdowns(&one, TERMINAL).unwrap().ends_with("by then; and 2 more providers"));
    }
}
