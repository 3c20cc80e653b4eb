//! All texts said differently, for tests that hold that nothing but a reader minds.

use std::borrow::Cow;
use std::cell::Cell;

thread_local! {
    static REWORDED: Cell<bool> = const { Cell::new(false) };
}

/// Does something while every text of this thread is said differently: each letter is replaced by the one 13 further. Its
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

/// A text, said differently; twice gives it back.
pub fn said(text: &str) -> String {
    let turned = |c: char| match c {
        'a'..='m' | 'A'..='M' => char::from_u32(u32::from(c) + 13).unwrap_or(c),
        'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(c) - 13).unwrap_or(c),
        _ => c,
    };
    text.chars().map(turned).collect()
}
