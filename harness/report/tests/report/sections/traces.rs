//! Chains, own programs, pairs and plants: what page and terminal say of traces, spans, services and the witness.

use spanfate_model::books::damage::Damage;
use spanfate_model::result::RunResult;

use crate::given::html;
use crate::page::whole::page;
use crate::sample;
use crate::table::plain;

/// The part of a page between a section's heading and the next section.
pub(crate) fn section(result: &RunResult, id: &str) -> Option<String> {
    let text = html(result);
    let begin = text.find(&format!("<section id=\"{id}\""))?;
    let end = text[begin..].find("</section>")? + begin;
    Some(text[begin..end].replace('\u{202f}', " "))
}

/// A part of the section about trust.
fn part(result: &RunResult, id: &str) -> Option<String> {
    let text = section(result, "belief")?;
    let begin = text.find(&format!("<div class=\"part\" id=\"{id}\""))?;
    let rest = text[begin + 1..].split("<div class=\"part\"").next()?;
    Some(rest.to_owned())
}

pub(crate) fn asked(result: &RunResult, id: &str) -> String {
    section(result, id).unwrap_or_else(|| unreachable!("no section {id}"))
}

#[test]
fn a_chain_says_which_service_is_gone_from_which_traces() {
    let damage = asked(&sample::chain(), "damage");
    for words in [
        "With slow receiver 30 % of the traces are damaged (11,856 of 40,000); 100 % of those that miss spans below the root look whole: in \
         11,856 traces payment (3 hops down) is simply not there.",
        "payment · 3 hops",
        "30 % broken, 30 % not there",
        "gateway · 0 hops",
        "29.64 %",
        "<th scope=\"row\">slow receiver</th>",
    ] {
        assert!(damage.contains(words), "{words}\nis missing in\n{damage}");
    }
    // Six states and one variant that is damaged.
    assert_eq!(damage.matches("role=\"img\"").count(), 7);
    assert!(html(&sample::chain()).contains("· 4 services"));
}

#[test]
fn a_chain_says_which_spans_and_which_service_are_lost() {
    let spans = asked(&sample::chain(), "breakdown");
    assert!(spans.contains("Which spans are lost?"));
    assert!(spans.contains(
        "With slow receiver: payment · payment.Check: 50 % of the lost spans; payment · payment.Charge: 50 %."
    ));
    assert!(spans.contains("Where the time goes without a loss"));
    let services = asked(&sample::chain(), "services");
    assert!(services.contains(
        "Only payment: 29.64 % of its spans with slow receiver, and the capacity model predicts 29.34 %."
    ));
    assert!(services.contains("7 rows without a loss") && services.contains("0 of 40,000"));
    assert!(section(&sample::nine(), "services").is_none());
}

#[test]
fn losses_are_split_by_service_kind_and_place_without_unfolding() {
    let text = asked(&sample::nine(), "breakdown");
    let open = text.split_once("<details>").map_or(&*text, |(open, _)| open);
    // Of three variants that lose something, the one that loses most.
    let title = |what: &str| format!("Lost spans by {what}, answer after 50 ms, SDK defaults otherwise");
    for what in ["name", "service", "kind", "place in the trace"] {
        assert_eq!(open.matches(&title(what)).count(), 1, "{what}");
    }
    assert!(open.contains(
        "How the losses of answer after 50 ms, SDK defaults otherwise, which loses most, are split"
    ));
    let chain = asked(&sample::chain(), "breakdown");
    for row in [
        "payment: 23,712 · 100 % · rate 30 %",
        "gateway: none of 40,000",
        "child: 23,712 · 100 % · rate 15 %",
    ] {
        assert!(chain.contains(row), "{row}\nis missing in\n{chain}");
    }
}

#[test]
fn without_a_loss_the_time_is_asked_for() {
    let mut result = sample::chain();
    result.variants.truncate(1);
    let spans = asked(&result, "breakdown");
    assert!(spans.contains("Where does the time go?") && !spans.contains("Which spans are lost?"));
    assert!(spans.contains(
        "No named span was lost. By p99 the longest with fast receiver are payment · payment.Charge (14.0 ms), gateway · \
         GET /work (7.00 ms)"
    ));
    assert!(asked(&result, "damage").contains("Everything: all 40,000 traces are complete."));
}

#[test]
fn what_cannot_be_known_is_said_with_its_reason() {
    let own = sample::own();
    for id in ["damage", "breakdown"] {
        let text = asked(&own, id);
        assert!(text.contains(
            "That cannot be said: there was no witness in the process (plainsvc is a program of your own)"
        ));
        assert!(!text.contains("<table") && !text.contains("<svg"), "{id} shows what it cannot know");
    }
    let fates = asked(&own, "fates");
    assert!(fates.contains("spans as lost_before_receiver are counted, not named."));
    assert!(fates.contains("1,234 spans of answer after 30 ms came in traces that the load did not begin."));
    assert!(fates.contains("all as lost_before_receiver; where 69,642 of them were lost nobody saw."));
    assert!(!fates.contains("the SDK reports nothing"));
    let time = asked(&own, "time");
    assert!(
        time.contains("When answer after 30 ms lost its spans nobody saw.")
            && !time.contains("No span is lost")
    );
    // What only a witness in the process counts is unknown, not 0.
    assert!(asked(&own, "cost").matches("<td class=\"n\">–</td>").count() >= 6);
    assert!(plain(&own, 200).contains("outside     1,234 spans came in traces that the load did not begin"));
    // A result of an earlier version holds none of it.
    let mut old = sample::nine();
    for variant in &mut old.variants {
        (variant.summary.damage, variant.summary.breakdown) = (None, Vec::new());
    }
    assert!(asked(&old, "damage").contains("That is not part of this result."));
    assert!(!plain(&old, 200).contains("damaged"));
}

#[test]
fn damage_that_may_be_none_is_marked() {
    let mut result = sample::chain();
    assert!(!asked(&result, "damage").contains("may have arrived"));
    result.variants[1].trials[0].ledger.unaccounted.count = 3;
    assert!(asked(&result, "damage").contains("! missing ones may have arrived"));
}

#[test]
fn every_state_of_a_trace_is_named() {
    let mut result = sample::chain();
    let damage = Damage {
        traces: 100,
        complete: 40,
        headless: 30,
        torn: 20,
        torn_unseen: 5,
        split: 3,
        absent: 7,
        missing_spans: 80,
        left_out: 0,
        left_out_spans: 0,
        amplification: 0.7125,
        calls: 0,
        intact_calls: 0,
        kept: None,
        services: Vec::new(),
    };
    assert!(damage.closes());
    result.variants[0].summary.damage = Some(damage.clone());
    let text = asked(&result, "damage");
    assert!(text.contains(
        "2 of 2 variants damage traces. With fast receiver 57 % of the traces are damaged (57 of 100); of 7 nothing arrived; \
         of 30 the root is missing; 25 % of those that miss spans below the root look whole."
    ));
    assert!(text.contains("0.71") && text.contains("57.00 %"));
    let whole = Damage { split: 3, complete: 97, traces: 100, ..Damage::default() };
    for variant in &mut result.variants {
        variant.summary.damage = Some(whole.clone());
    }
    assert!(asked(&result, "damage").contains("6 of 200 traces come in pieces: a service lost the context."));
}

#[test]
fn a_trace_that_misses_only_what_was_left_out_on_purpose_is_not_called_damaged() {
    let mut result = sample::chain();
    let thinned = Damage {
        traces: 100,
        complete: 40,
        torn: 20,
        torn_unseen: 5,
        absent: 40,
        left_out: 60,
        missing_spans: 300,
        left_out_spans: 300,
        ..Damage::default()
    };
    let set = |result: &mut RunResult, damage: &Damage| {
        result.variants.truncate(1);
        result.variants[0].summary.damage = Some(damage.clone());
        (asked(result, "damage"), plain(result, 200))
    };
    let (page, terminal) = set(&mut result, &thinned);
    assert!(
        page.contains("No trace is damaged, but 60 of 100 miss spans that were left out on purpose."),
        "{page}"
    );
    assert!(page.contains("for what they miss was left out on purpose"), "{page}");
    assert!(
        terminal.contains(
            "traces      fast receiver: 60 of 100 miss only what was left out on purpose, none is damaged\n"
        ),
        "{terminal}"
    );
    // Some of them miss more than that.
    let both = Damage { left_out: 45, left_out_spans: 280, ..thinned };
    let (page, terminal) = set(&mut result, &both);
    assert!(
        page.contains(
            "15 % of the traces are damaged (15 of 100), and 45 miss only what was left out on purpose; of 40 nothing arrived"
        ),
        "{page}"
    );
    assert!(
        terminal.contains("fast receiver: 15 of 100 damaged, 45 miss only what was left out on purpose"),
        "{terminal}"
    );
}

#[test]
fn the_price_of_the_witness_stands_only_where_it_was_measured() {
    let cost = part(&sample::pair(), "instrument").unwrap();
    for words in [
        "The process witness in SDK defaults: +10.5 µs of CPU per request and 0.00 ms at the p99 of the response (each side ran once, so \
         there is no interval: read it as a hint).",
        "142.2",
        "+8.0 %",
        "+0.012",
    ] {
        assert!(cost.contains(words), "{words}\nis missing in\n{cost}");
    }
    let mut noisy = sample::pair();
    noisy.variants[1].summary.marks.push("latency not valid".to_owned());
    let noisy_cost = part(&noisy, "instrument").unwrap();
    assert!(noisy_cost.contains("the machine was not quiet, so it is not valid"));
    assert!(plain(&noisy, 200).contains("no interval, not valid)"));
    assert!(part(&sample::chain(), "instrument").is_none());
    let text = plain(&sample::pair(), 200);
    assert!(text.contains(
        "instrument  SDK defaults: CPU per request 142.2 µs with process witness, 131.8 without; response p99 1.25 ms with \
         process witness, 1.25 without (one trial each, no interval)"
    ), "{text}");
    assert!(!plain(&sample::chain(), 200).contains("instrument"));
}

#[test]
fn a_plant_is_said_before_anything_else() {
    let said = "This run seeds 7 losses on purpose in each trial: 4 spans that the receiver throws away after it \
                acknowledged them, which must come out as unexplained; 3 spans that payment filters, which must come out as \
                filtered. It also makes payment send 2 export calls twice in each trial, on purpose.";
    assert!(asked(&sample::planted(), "verdict").contains(said));
    assert!(plain(&sample::planted(), 400).contains(&format!("seeded      {said}")));
    assert!(!page(&sample::chain()).text.contains("on purpose in each trial"));
    assert!(!plain(&sample::chain(), 400).contains("seeded"));
}

#[test]
fn the_terminal_names_damage_and_spans_in_a_line_each() {
    let text = plain(&sample::chain(), 200);
    for line in [
        ", 4 services, 2 trials in 2 variants",
        "spans       slow receiver: payment · payment.Check 50 %, payment · payment.Charge 50 %\n",
        "traces      slow receiver: 11,856 of 40,000 damaged (11,856 look whole); payment loses 100 % of the lost spans\n",
    ] {
        assert!(text.contains(line), "{line}\nis missing in\n{text}");
    }
    let mut clean = sample::chain();
    clean.variants.truncate(1);
    assert!(!plain(&clean, 200).contains("\ntraces") && !plain(&clean, 200).contains("\nspans "));
    // One service has nobody to point at, and ten lossy variants do not fill the screen.
    let nine = plain(&sample::nine(), 200);
    assert!(nine.contains("damaged") && !nine.contains("of the lost spans"));
    assert!(!nine.contains("services,"));
}

#[test]
fn long_lists_are_cut_and_their_rest_is_added_up() {
    let chatty = asked(&sample::chatty(), "breakdown");
    assert!(chatty.contains("and 248 more names") && chatty.contains("216 more, added up"));
    assert!(chatty.contains("the loss hits all names alike") && !chatty.contains("/users/250/"));
    let many = asked(&sample::many(60), "damage");
    assert!(many.contains("The 16 most broken; 44 more are in the table."));
    let services = asked(&sample::many(60), "services");
    assert!(services.contains("and 340 more rows in result.json"));
    assert!(page(&sample::many(60)).text.contains("60 services"));
}
