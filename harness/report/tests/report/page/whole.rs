//! The HTML report.

use base64::Engine as _;
use sha2::Digest as _;
use spanfate_model::fate::Fate;
use spanfate_model::result::Slice;

use crate::given::html;
use crate::page::reader::{Page, read};
use crate::sample;

pub(crate) fn page(result: &spanfate_model::result::RunResult) -> Page {
    read(&html(result)).unwrap_or_else(|problem| unreachable!("not readable: {problem}"))
}

fn all() -> Vec<(&'static str, spanfate_model::result::RunResult)> {
    vec![
        ("nine", sample::nine()),
        ("repeated", sample::repeated()),
        ("single", sample::single()),
        ("spanless", sample::spanless()),
        ("interrupted", sample::interrupted()),
        ("aborted", sample::aborted()),
        ("broken", sample::broken()),
        ("poisoned", sample::poisoned("<b>&\"'")),
        ("chain", sample::chain()),
        ("many", sample::many(60)),
        ("chatty", sample::chatty()),
        ("huge", sample::huge()),
        ("replayed", sample::replayed()),
        ("poisoned replays", sample::poisoned_replays("<b>&\"'")),
        ("own", sample::own()),
        ("pair", sample::pair()),
        ("planted", sample::planted()),
        ("faulty", sample::faulty()),
        ("repeatedly", sample::repeatedly()),
        ("contextless", sample::contextless()),
        ("poisoned faults", sample::poisoned_faults("<b>&\"'")),
        ("poisoned chain", sample::poisoned_chain("<b>&\"'")),
        ("forked", sample::forked()),
        ("forked once", sample::forked_once()),
        ("poisoned paths", sample::poisoned_paths("<b>&\"'")),
        ("compared", sample::compared()),
        ("swept", sample::swept()),
        ("poisoned matrix", sample::poisoned_matrix("<b>&\"'")),
        ("poisoned comparison", sample::poisoned_comparison("<b>&\"'")),
    ]
}

#[test]
fn the_same_result_gives_the_same_bytes() {
    for (name, result) in all() {
        assert_eq!(html(&result), html(&result.clone()), "{name}");
    }
}

#[test]
fn every_page_is_well_formed_and_its_anchors_lead_somewhere() {
    for (name, result) in all() {
        let page = page(&result);
        page.balance().unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(page.dangling(), Vec::<String>::new(), "{name}");
        assert_eq!(page.count("h1"), 1, "{name}");
    }
}

#[test]
fn a_page_needs_nothing_from_anywhere() {
    for (name, result) in all() {
        let (text, page) = (html(&result), page(&result));
        assert_eq!(page.count("link") + page.count("img") + page.count("iframe"), 0, "{name}");
        assert_eq!((page.count("script"), page.count("style")), (1, 1), "{name}");
        assert!(page.values("src").is_empty() && page.values("style").is_empty(), "{name}");
        let inside = |href: &&str| href.starts_with('#') || href.starts_with("data:application/gzip;base64,");
        assert!(page.values("href").iter().all(inside), "{name}");
        assert!(!text.contains("url(") && !text.contains("@import"), "{name}");
        assert!(
            page.values("content").iter().any(|policy| policy.starts_with("default-src 'none'")),
            "{name}"
        );
    }
}

#[test]
fn the_policy_allows_the_script_of_the_page_and_no_other() {
    let text = html(&sample::single());
    let script = text.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>")).unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(script));
    assert!(
        text.contains(&format!("script-src 'sha256-{hash}'")),
        "write sha256-{hash} into page/frame/script.rs"
    );
}

#[test]
fn the_result_itself_comes_along() {
    let result = spanfate_analysis::with_insights(sample::nine());
    let page = page(&result);
    let href = page.values("href").into_iter().find(|href| href.starts_with("data:")).unwrap();
    let packed = base64::engine::general_purpose::STANDARD.decode(href.split_once(',').unwrap().1).unwrap();
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(&packed[..])).unwrap();
    assert!(text == serde_json::to_string(&crate::given::concluded(&result)).unwrap());
}

#[test]
fn the_first_screen_answers_four_questions() {
    for (name, result) in all() {
        let page = page(&result);
        for question in ["Is anything lost?", "Why?", "May I believe it?", "What should I set?"] {
            assert_eq!(page.text.matches(&format!("\n{question}\n")).count(), 1, "{name}: {question}");
        }
        let classes = page.values("class");
        assert_eq!(classes.iter().filter(|class| **class == "short").count(), 4, "{name}");
    }
}

#[test]
fn every_question_is_asked_and_answered() {
    let questions = [
        "Why may I believe it?",
        "Where did the spans go?",
        "What happened to one lost span?",
        "Which spans are lost?",
        "What happened when?",
        "Which should I choose?",
        "How much is lost, and does the capacity model explain it?",
        "At which rate does it start to lose?",
        "How slow, how late?",
        "What does the user see in the trace UI?",
        "Which losses are silent?",
        "What does it cost?",
        "What differs?",
        "Is it comparable?",
        "How to reproduce it?",
        "Where is the raw data?",
        "What do the words mean?",
    ];
    let page = page(&sample::nine());
    for question in questions {
        // Once in the contents, once as a heading; cards link to some.
        let times = page.text.matches(&format!("\n{question}\n")).count();
        assert!((2..=3).contains(&times), "{question}: {times}");
    }
    let answers = page.values("class").iter().filter(|class| **class == "answer").count();
    // The verdict and the claims have one each.
    assert_eq!(answers, questions.len() + 2);
    // What is a part of another section has its question, and an anchor of its own.
    assert!(page.text.contains("\nDo the witnesses agree?\n") && page.values("id").contains(&"witnesses"));
}

#[test]
fn every_section_stands_under_one_of_four_themes_and_claims_before_them() {
    let text = html(&sample::nine());
    let at =
        |id: &str| text.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| unreachable!("no {id}"));
    let order = [
        "verdict",
        "claims",
        "theme-loss",
        "fates",
        "theme-time",
        "time",
        "theme-trust",
        "belief",
        "theme-choice",
        "choice",
    ];
    let places: Vec<usize> = order.iter().map(|id| at(id)).collect();
    assert!(places.is_sorted(), "{places:?}");
    for (name, result) in all() {
        let page = page(&result);
        for theme in ["Loss", "Time", "Trust", "Choice"] {
            // Once in the contents, once as a heading.
            assert!(page.text.matches(&format!("\n{theme}\n")).count() >= 2, "{name}: {theme}");
        }
    }
}

#[test]
fn the_first_screen_has_a_picture_of_every_loss_and_of_the_variant_that_matters_most() {
    let text = html(&sample::nine());
    let picture = text
        .split_once("<div class=\"overview\">")
        .and_then(|(_, rest)| rest.split_once("<div class=\"four\">"))
        .unwrap()
        .0;
    assert_eq!(picture.matches("<svg").count(), 2);
    // Nine variants, of which eight have a bar: the one that lost most comes first.
    assert!(picture.contains(
        "<desc id=\"overview-loss-d\">answer after 50 ms, SDK defaults otherwise: 58.46\u{202f}%; "
    ));
    assert!(
        picture.contains("answer after 50 ms, SDK defaults otherwise over time")
            && picture.contains("1 more lost nothing: see")
    );
    for lane in ["spans/s", "queue, spans", "longest export, ms"] {
        assert!(picture.contains(&format!(">{lane}</text>")), "{lane}");
    }
}

#[test]
fn every_variant_that_lost_spans_has_its_cause_and_remedy() {
    let result = spanfate_analysis::with_insights(sample::nine());
    let text = page(&result).text;
    assert!(text.contains("Cause and remedy of each of the 3 variants that lost spans"));
    let table = text.split_once("Every variant that lost spans in its measured part").unwrap().1;
    for cause in &result.insights.why {
        assert!(table.contains(&format!("\n{}\n", cause.variant)), "{}", cause.variant);
    }
    assert!(table.contains("Queue full; one worker exports 512 spans in"));
    // No variable is set without being handed on.
    assert!(!text.lines().any(|line| line.starts_with("OTEL_") && line.contains('=')));
}

#[test]
fn every_plot_is_named_described_and_scales() {
    let page = page(&sample::nine());
    let plots: Vec<_> =
        page.tags.iter().filter(|tag| tag.attributes.iter().any(|(_, v)| v == "img")).collect();
    // The two of the first screen; nine waterfalls, latencies, timelines and plots of span names, six states of a trace, three plots of a choice, one
    // loss plot, and one of loss by rate; the way of all spans and that of three variants; losses
    // by service, kind and place.
    assert_eq!(plots.len(), 56);
    for plot in plots {
        let has = |name: &str| plot.attributes.iter().any(|(key, _)| key == name);
        assert!(has("viewBox") && has("aria-labelledby") && !has("width"), "{plot:?}");
    }
    assert_eq!(page.count("desc"), 56);
    // No colour is written into a drawing: the style sheet decides, for light and dark.
    assert!(page.values("fill").is_empty() && page.values("stroke").is_empty());
}

#[test]
fn the_numbers_of_the_result_are_in_the_page() {
    let text = page(&sample::nine()).text;
    for number in [
        "2,025,000",
        "198,930",
        "31.66\u{202f}%",
        "31.93\u{202f}%",
        "58.46\u{202f}%",
        "69,642",
        "16,732",
        "run-again qps5k-20260914T101500-5000 SDK defaults",
        "go1.26.1",
        "dropped_queue_full",
        "the batch processor's queue was full when the span ended",
        "GET /work",
        "ParentBased{root:AlwaysOnSampler}",
        "(r − b/R) · t",
    ] {
        let found = text.contains(number) || text.replace('\n', "").contains(number);
        assert!(found, "{number:?} is missing");
    }
}

#[test]
fn the_first_lost_span_of_each_fate_stands_with_its_time() {
    let result = sample::nine();
    let page = page(&result);
    let lossy: usize = result
        .variants
        .iter()
        .map(|variant| variant.trials[0].ledger.fates.values().filter(|count| count.first.is_some()).count())
        .sum();
    let first = result.variants[7].trials[0].ledger.fates[&Fate::DroppedQueueFull].first.as_ref();
    assert!(page.text.contains("The first span of each lost fate") && lossy > 3);
    // Lost 0.75 ms after its creation: once in the table, once among the steps of its example.
    assert_eq!(page.text.matches("1,240.750").count(), 2 * lossy);
    assert!(first.is_some_and(|first| page.text.contains(&first.span_id.to_string())));
}

#[test]
fn nothing_lost_is_said_with_the_number_it_rests_on() {
    let text = page(&sample::nine()).text;
    // Plot, its description, and table, for each of the six variants without loss.
    assert!(text.matches("0 of 200,000").count() >= 18);
    // Only the axes of plots may say so.
    assert_eq!(text.lines().filter(|line| line.trim() == "0\u{202f}%").count(), 3);
    assert!(!text.lines().any(|line| line.trim() == "0.00\u{202f}%"));
}

#[test]
fn an_interval_and_dots_stand_only_where_there_are_several_trials() {
    let dots = |page: &Page| page.values("class").iter().filter(|class| **class == "f trial").count();
    let (one, five) = (page(&sample::nine()), page(&sample::repeated()));
    assert_eq!(dots(&one), 0);
    // Nine variants with five trials, and the key.
    assert_eq!(dots(&five), 46);
    assert!(!one.text.contains("31.54 … 32.54"));
    assert!(five.text.contains("31.54 … 32.54\u{202f}%"), "no interval");
    assert!(five.text.contains("answer after 30 ms · trial 3"));
}

#[test]
fn a_run_that_broke_off_says_so_first() {
    let text = page(&sample::interrupted()).text;
    assert!(text.contains("This run was interrupted: 3 of 9 planned trials are complete"));
    assert!(text.contains("the fixture did not stop within 10s"));
    let text = page(&sample::aborted()).text;
    assert!(text.contains("This run broke off: 0 of 9 planned trials are complete"));
    assert!(!page(&sample::nine()).text.contains("planned trials are complete"));
}

#[test]
fn books_that_do_not_close_are_shown_by_id() {
    let text = page(&sample::broken()).text;
    assert!(text.contains("accounting broken"));
    assert!(
        text.contains("73 spans are unexplained")
            && text.contains("2 spans were received that nobody created")
    );
    assert_eq!(text.matches("bad00000000000").count(), 50);
    assert!(text.contains("and 23 more"));
}

#[test]
fn a_service_without_spans_has_a_report() {
    let text = page(&sample::spanless()).text;
    assert!(text.contains("No span was created.") && text.contains("No latency was measured."));
    assert!(text.contains("0 of 0") && !text.contains("NaN") && !text.contains("inf"));
}

#[test]
fn nine_variants_stay_small() {
    let size = html(&sample::nine()).len();
    assert!(size < 600_000, "{size} bytes");
    for (name, result) in all() {
        let size = html(&result).len();
        assert!(size < 1_048_576, "{name}: {size} bytes");
    }
}

#[test]
fn a_long_timeline_is_condensed_and_keeps_its_peaks() {
    let mut result = sample::single();
    let trial = &mut result.variants[0].trials[0];
    let slice = trial.timeline[4].clone();
    trial.timeline = (0..40_000)
        .map(|at| Slice {
            at_ms: f64::from(at) * 250.0,
            queue: if at == 31_007 { 77_777 } else { 5 },
            ..slice.clone()
        })
        .collect();
    let text = html(&result);
    assert!(text.len() < 350_000, "{} bytes", text.len());
    assert!(page(&result).text.contains("77,777"));
}
