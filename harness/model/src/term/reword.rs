//! All texts said differently, for tests that hold that nothing but a reader minds.

use std::borrow::Cow;
use std::cell::Cell;

thread_local! {
    static REWORDED: Cell<bool> = const { Cell::new(false) };
}

/// Does something while every text of this thread is said differently: each letter is replaced by the one 13 further. The
/// length stays, so what is laid out by it stays where it is.
pub fn during<T>(act: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            REWORDED.set(self.0);
        }
    }
    let _back = Back(REWORDED.replace(true));
    act()
}

/// A text as it is said now.
pub(super) fn applied(text: &'static str) -> Cow<'static, str> {
    if REWORDED.get() { Cow::Owned(said(text)) } else { Cow::Borrowed(text) }
}

/// Something with texts that live for ever, as they are said now: each call under [`during`] keeps what it makes.
pub(crate) fn kept<T>(
    plain: &'static T,
    reworded: impl FnOnce(fn(&'static str) -> &'static str) -> T,
) -> &'static T {
    let said: fn(&'static str) -> &'static str = |text| Box::leak(said(text).into_boxed_str());
    if REWORDED.get() { Box::leak(Box::new(reworded(said))) } else { plain }
}

/// A text, said differently; twice gives it back.
pub fn said(text: &str) -> String {
    text.chars().map(turned).collect()
}

const fn turned(c: char) -> char {
    match c {
        'a'..='m' | 'A'..='M' => (c as u8 + 13) as char,
        'n'..='z' | 'N'..='Z' => (c as u8 - 13) as char,
        _ => c,
    }
}

/// Where something reads otherwise than it would if only texts were said differently: a place from both, or nothing. It must
/// have each letter as it was or turned, and all else as it was.
pub fn differs(plain: &str, reworded: &str) -> Option<(String, String)> {
    let around =
        |text: &str, at: usize| text.chars().skip(at.saturating_sub(60)).take(120).collect::<String>();
    let mut others = reworded.chars();
    for (at, c) in plain.chars().enumerate() {
        let other = others.next();
        if other != Some(c) && other != Some(turned(c)) {
            return Some((around(plain, at), around(reworded, at)));
        }
    }
    let end = plain.chars().count();
    others.next().map(|_| (around(plain, end), around(reworded, end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fate::Fate;
    use crate::result::TrustCheck;
    use crate::term::{Term, Word};

    #[test]
    fn texts_are_said_differently_and_mean_the_same() {
        let said = during(|| TrustCheck::Steal.text());
        assert_eq!(said, "fgrny ba gur svkgher'f pberf, funer");
        assert_eq!(during(|| Term::<TrustCheck>::read(&said)), Term::Known(TrustCheck::Steal));
        assert_eq!(Term::<TrustCheck>::read(&said), Term::Foreign(said.to_string()));
        assert_eq!(during(|| Fate::DroppedQueueFull.facts().short), "dhrhr shyy");
    }

    #[test]
    fn only_letters_may_differ_and_only_so() {
        assert_eq!(differs("3 lost, fail", "3 ybfg, fail"), None);
        for other in ["4 lost, fail", "3 lost, pass", "3 lost, fai", "3 lost, fail."] {
            assert!(differs("3 lost, fail", other).is_some(), "{other}");
        }
    }
}
