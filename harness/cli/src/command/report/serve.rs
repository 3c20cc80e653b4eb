//! `spanfate report --serve`: all runs, their reports and comparisons, for browsers on this machine.

use std::time::Duration;

use spanfate_model::verdict::ExitCode;
use spanfate_report::IndexLinks;
use spanfate_run::pages::{PageAnswer, Pages};
use spanfate_run::process::interrupt::Interrupt;

use crate::args::again;
use crate::error::Error;
use crate::session::publish::beside;
use crate::session::runs::Shelf;
use crate::show;

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Serves until a signal asks for the end, which is what was asked for and no failure.
pub(super) fn run(shelf: Shelf, port: u16) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen(|_| ())?;
    let pages = Pages::open(port, move |path, query| answer(&shelf, path, query))?;
    show::data(&format!("http://{}/\n", pages.address()))?;
    show::note("all runs, for browsers on this machine, until Ctrl-C");
    while !interrupt.requested() {
        std::thread::sleep(LOOK);
    }
    drop(pages);
    Ok(ExitCode::Pass)
}

fn answer(shelf: &Shelf, path: &str, query: &str) -> PageAnswer {
    if path == "/" {
        return PageAnswer::Page(spanfate_report::index(&shelf.entries(), IndexLinks::Served));
    }
    if path == "/compare" {
        return compared(shelf, &value(query, "a"), &value(query, "b"));
    }
    let Some(run) = path.strip_prefix("/runs/").map(decoded) else {
        return PageAnswer::Missing("There is no such page; all runs are at /.".to_owned());
    };
    match shelf.result(&run) {
        Some(Ok(result)) => PageAnswer::Page(spanfate_report::html(&result, again(&result).as_deref())),
        Some(Err(why)) => PageAnswer::Missing(why),
        None => PageAnswer::Missing(format!("There is no run `{run}`; all runs are at /.")),
    }
}

fn compared(shelf: &Shelf, baseline: &str, candidate: &str) -> PageAnswer {
    match (shelf.result(baseline), shelf.result(candidate)) {
        (Some(Ok(baseline)), Some(Ok(candidate))) => PageAnswer::Page(beside(&baseline, &candidate)),
        (Some(Err(why)), _) | (_, Some(Err(why))) => PageAnswer::Missing(why),
        _ => PageAnswer::Missing("Choose two runs at /: one as A, one as B.".to_owned()),
    }
}

/// A value of a query, decoded; empty where there is none.
fn value(query: &str, name: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map_or_else(String::new, |(_, value)| value.into_owned())
}

/// A part of an address, as a browser writes it.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_browsers_write_them() {
        let cases = [
            ("a-b.c_1", "a-b.c_1"),
            ("a%20b+c", "a b+c"),
            ("%zz%4", "%zz%4"),
            ("%C3%A4", "ä"),
            ("%", "%"),
            ("%+4", "%+4"),
            ("ä%", "ä%"),
        ];
        for (written, read) in cases {
            assert_eq!(decoded(written), read);
        }
        assert_eq!((value("a=x&b=y%20z+1", "b"), value("a=x", "b")), ("y z 1".to_owned(), String::new()));
    }
}
