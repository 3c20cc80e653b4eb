//! A contract of what a service must show (`.obsrv.yml`), and what `spanfate contract` finds in it.

mod found;
mod rule;
mod schema;
mod whole;

pub use self::found::{
    CONTRACT_FORMAT, ContractFinding, ContractResult, ContractRule, ContractSubject, NotTaken, RuleVerdict,
};
pub use self::rule::{
    ArriveRule, AttributeRule, Contract, ContractAlert, ContractInstrument, ContractItem, ContractKind,
    ContractPlace, ContractShare, ContractValue, LogRule, MetricRule, SpanRule, VALUE_TYPES,
};
pub use self::whole::{WholeAttribute, WholeSpan};

/// The one of some words that is nearest to what was written, where one is near.
pub fn nearest<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |word: &'a str| (strsim::damerau_levenshtein(written, word), word);
    // A word may be longer than what is worth a comparison letter by letter.
    let short = |word: &&str| written.len() <= 128 && word.len() <= 128;
    let (apart, word) = words.into_iter().filter(short).map(near).min()?;
    (apart <= 2.max(written.chars().count() / 3)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_word_is_one_that_may_have_been_meant() {
        let words = ["predict_v2", "fetch_features", "GET /"];
        assert_eq!(nearest("predict_v3", words), Some("predict_v2"));
        assert_eq!(nearest("fetch_feature", words), Some("fetch_features"));
        assert_eq!(nearest("completely other", words), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest(&"x".repeat(1000), words), None);
    }
}
