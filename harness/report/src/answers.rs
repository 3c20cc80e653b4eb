//! The four answers of the first screen: is anything lost, why, may I believe it, what should I set?

use spanfate_model::result::{RunResult, VariantResult};
use spanfate_model::unread::{UnreadReason, UnreadRequests};

use crate::figures::export_paths;
use crate::figures::sums::{Books, trials};
use crate::text::number::PAGE;

mod belief;
mod set;
mod why;

pub(crate) use belief::belief;
pub(crate) use set::{remedy_line, set};
pub(crate) use why::{cause_line, why};

/// Most variants that are named.
const NAMED: usize = 3;

/// An answer: a word or two, then sentences, then lines to paste.
pub(crate) struct ScreenAnswer {
    pub(crate) short: String,
    pub(crate) sentences: Vec<String>,
    pub(crate) setting: Option<Setting>,
}

/// Lines to paste, for one configuration.
pub(crate) struct Setting {
    pub(crate) instead_of: String,
    pub(crate) lines: Vec<String>,
    /// How it is known that they help, and what they cost.
    pub(crate) known: String,
}

impl ScreenAnswer {
    fn new(short: impl Into<String>, sentences: impl IntoIterator<Item = String>) -> Self {
        Self { short: short.into(), sentences: sentences.into_iter().collect(), setting: None }
    }
}

/// Is anything lost?
pub(crate) fn lost(result: &RunResult) -> ScreenAnswer {
    let books = Books::of_run(result);
    let due = books.created - books.deliberate.min(books.created);
    if books.created == 0 {
        return ScreenAnswer::new("No span was created", ["So nothing can be said about loss.".to_owned()]);
    }
    if books.unexplained + books.unexpected > 0 {
        let text = "The books do not close: until they do, no figure of loss means anything.";
        return ScreenAnswer::new("It cannot be said", [text.to_owned()]);
    }
    let lossy: Vec<&VariantResult> =
        result.variants.iter().filter(|v| Books::of_variant(v).lost > 0).collect();
    let several = result.variants.len() > 1;
    if lossy.is_empty() {
        let not_all = if books.unaccounted > 0 {
            format!(" Of {} it is not known.", PAGE.counted(books.unaccounted, "span", "spans"))
        } else {
            String::new()
        };
        let who =
            if several { format!(" by any of {} variants", result.variants.len()) } else { String::new() };
        return ScreenAnswer::new("No", [format!("0 of {} spans were lost{who}.{not_all}", PAGE.count(due))]);
    }
    let mut first = format!("{} of {} spans were lost", PAGE.count(books.lost), PAGE.count(due));
    if several {
        first += &format!(", by {} of {} variants", lossy.len(), result.variants.len());
    }
    let mut worst: Vec<&VariantResult> =
        lossy.into_iter().filter(|variant| variant.summary.lost > 0).collect();
    worst.sort_by(|a, b| b.summary.loss.mean.total_cmp(&a.summary.loss.mean));
    let each = |variant: &&VariantResult| {
        let name = if several { format!("{} ", variant.name) } else { String::new() };
        format!("{name}{}", PAGE.percent(variant.summary.loss.mean))
    };
    let named: Vec<String> = worst.iter().take(NAMED).map(each).collect();
    let more = worst.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let worst = (!named.is_empty()).then(|| format!("Of the measured part: {}{more}.", named.join(", ")));
    let silent = (books.silent > 0).then(|| {
        let how_many = if books.silent == books.lost {
            "All of it".to_owned()
        } else {
            PAGE.counted(books.silent, "span", "spans")
        };
        format!("{how_many} silently: by default the SDK reports nothing.")
    });
    let path = export_paths::loses_most(result, PAGE);
    let ours = turned_away(result);
    ScreenAnswer::new(
        "Yes",
        std::iter::once(format!("{first}.")).chain(ours).chain(worst).chain(path).chain(silent),
    )
}

/// What our own receiver did not take although it might have held spans: such a loss is not the service's. Its limits are named
/// where they are set.
fn turned_away(result: &RunResult) -> Option<String> {
    let unread = trials(result).flat_map(|(_, trial)| &trial.unread);
    let other = unread.filter(|unread| !unread.reason.is(&UnreadReason::TooLarge));
    let number: u64 = other.map(UnreadRequests::turned_away).sum();
    (number > 0).then(|| {
        let requests = PAGE.counted(number, "request", "requests");
        format!("Our own receiver turned {requests} away: what was lost there is not the service's loss.")
    })
}

/// The variant that matters most.
pub(crate) fn focus(result: &RunResult) -> Option<&VariantResult> {
    result.variant(&result.insights.focus.as_ref()?.variant)
}
