//! What a plan says of its services and of losses made on purpose.

use spanfate_model::plan::Plan;
use spanfate_model::result::RunResult;

use crate::text::number::Numbers;

/// How many services there are, where it is more than one.
pub(crate) fn services(plan: &Plan, numbers: Numbers) -> Option<String> {
    let n = plan.services.len();
    (n > 1).then(|| numbers.counted(n as u64, "service", "services"))
}

/// That spans carry no number of a request, what counts in its place, and what would change it; as a sentence.
pub(crate) fn unnumbered(result: &RunResult, numbers: Numbers) -> Option<String> {
    let trials = result.variants.iter().flat_map(|variant| &variant.trials);
    let n: u64 = trials.map(|trial| trial.ledger.unnumbered).sum();
    (n > 0).then(|| {
        format!(
            "{} carry no number of a request, because the program takes up no `traceparent` (Go's default): receipts and \
             probes count them by when they were made, and otel.SetTextMapPropagator(propagation.TraceContext{{}}) in it would add what each \
             request and trace lost",
            numbers.counted(n, "span", "spans")
        )
    })
}

/// What the plan loses on purpose in every trial, as a sentence.
pub(crate) fn planted(plan: &Plan, numbers: Numbers) -> Option<String> {
    let plant = &plan.plant;
    let first = plan.services.first().map(|service| service.name.as_str());
    let service = plant.service.as_deref().or(first).unwrap_or("the first service");
    let spans = |n: u32| numbers.counted(u64::from(n), "span", "spans");
    let mut parts = Vec::new();
    if plant.discard_acknowledged > 0 {
        parts.push(format!(
            "{} that the receiver throws away after it acknowledged them, which must come out as unexplained",
            spans(plant.discard_acknowledged)
        ));
    }
    if plant.filter > 0 {
        parts
            .push(format!("{} that {service} filters, which must come out as filtered", spans(plant.filter)));
    }
    let losses = u64::from(plant.discard_acknowledged) + u64::from(plant.filter);
    let mut text = match losses {
        0 => String::new(),
        n => format!(
            "This run seeds {} on purpose in each trial: {}.",
            numbers.counted(n, "loss", "losses"),
            parts.join("; ")
        ),
    };
    if plant.double_send > 0 {
        let calls = numbers.counted(u64::from(plant.double_send), "export call", "export calls");
        let begin = if text.is_empty() { "This run" } else { " It also" };
        text += &format!("{begin} makes {service} send {calls} twice in each trial, on purpose.");
    }
    if plant.discard_acknowledged > 0 {
        text += " So “accounting broken” is the right verdict, if the number fits.";
    }
    (!text.is_empty()).then_some(text)
}
