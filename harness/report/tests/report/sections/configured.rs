//! What differs between variants.

use spanfate_model::exporter::{Effective, Retry};
use spanfate_model::quantity::unit::Period;
use spanfate_model::result::RunResult;

use crate::sample::{self, Axes};
use crate::sections::cells::answer;
use crate::sections::traces::asked;

fn settings(result: &RunResult) -> String {
    asked(result, "settings").replace('\u{a0}', " ")
}

#[test]
fn only_what_differs_is_in_the_main_table_with_defaults_in_their_place() {
    let text = settings(&sample::nine());
    assert_eq!(
        answer(&sample::nine(), "settings"),
        "The variants differ in protocol, queue, batch, on_full, compression, answer_after; all else is equal."
    );
    let (main, equal) = text.split_once("<details>").unwrap_or_default();
    for words in [
        "<strong>65536</strong>",
        "<span class=\"unset\">2048 (default)</span>",
        "<span class=\"unset\">drop (default)</span>",
        "<span class=\"unset\">not set</span>",
        "<strong>50ms</strong>",
    ] {
        assert!(main.contains(words), "{words}\nis missing in\n{main}");
    }
    assert!(!main.contains("ParentBased") && !main.contains("export_timeout"));
    for words in [
        "<th scope=\"row\">delay</th><td class=\"w\">5s</td><td class=\"w\">default</td>",
        "ParentBased{root:AlwaysOnSampler}",
        "<th scope=\"row\">sdk</th><td class=\"w\">1.44.0</td>",
    ] {
        assert!(equal.contains(words), "{words}\nis missing in\n{equal}");
    }
}

#[test]
fn what_is_set_to_the_default_does_not_differ_and_what_the_sdk_changes_does() {
    let mut result = sample::nine();
    result.variants.drain(3..);
    result.variants.remove(1);
    // One sets what the other has by default.
    result.variants[0].settings = vec![("batch".to_owned(), "512".to_owned())];
    result.variants[1].settings = Vec::new();
    let set = |result: &mut RunResult, at: usize, change: fn(&mut Effective)| {
        if let Some(effective) = &mut result.variants[at].trials[0].effective {
            change(effective);
        }
    };
    set(&mut result, 1, |effective| effective.batch = 512);
    assert_eq!(answer(&result, "settings"), "Nothing: all variants have the same settings.");
    assert!(settings(&result).contains("by 1 of 2 variants; the default is the same"));
    set(&mut result, 0, |effective| effective.batch = 256);
    assert_eq!(answer(&result, "settings"), "The variants differ in batch; all else is equal.");
    assert!(settings(&result).contains("<strong>512</strong><span class=\"unset\"> uses 256</span>"));
}

#[test]
fn faults_and_all_of_a_retry_are_settings_too() {
    let swept = sample::matrix(Axes { queues: 1, rates: 1, faults: 3 });
    assert_eq!(answer(&swept, "settings"), "The variants differ in faults; all else is equal.");
    assert!(
        settings(&swept).contains("<strong>no fault</strong>")
            && settings(&swept).contains("<strong>outage</strong>")
    );
    let mut retried = sample::nine();
    retried.variants.truncate(2);
    for (n, variant) in retried.variants.iter_mut().enumerate() {
        variant.settings = vec![("retry".to_owned(), "on".to_owned())];
        let elapsed = Some(Period::millis(5000 + n as u64 * 1000));
        retried.plan.variants[n].exporter.retry =
            Some(Retry { enabled: true, initial: None, max_interval: None, max_elapsed: elapsed });
        if let Some(effective) = &mut variant.trials[0].effective {
            effective.queue = 2048;
        }
    }
    assert_eq!(answer(&retried, "settings"), "The variants differ in retry; all else is equal.");
    assert!(
        settings(&retried).contains("on, max_elapsed 5s")
            && settings(&retried).contains("on, max_elapsed 6s")
    );
}

#[test]
fn one_variant_shows_all_its_settings() {
    let text = settings(&sample::single());
    assert!(text.contains("There is one variant, so nothing is compared.") && !text.contains("<details>"));
    assert!(text.contains(
        "<th scope=\"row\">answer_after</th><td class=\"w\">30ms</td><td class=\"w\">by the scenario</td>"
    ));
    assert!(asked(&sample::chain(), "settings").contains("What the SDK uses is that of gateway"));
}
