//! Rows as CSV (RFC 4180, lines end with `\n`): every cell that needs quotes has them, and no text is a formula.

use std::fmt::Display;
use std::io::{self, Write};

use spanfate_model::books::row::SpanRow;

/// The first line; columns are only ever added at the end.
pub(super) const HEADER: &str = "trial,variant,service,incarnation,trace_id,span_id,parent_span_id,name,kind,request,\
                                 created_ms,ended_ms,exported_ms,fate,copies,delay_ms,received_ms,position,paths\n";

/// Writes one row. What is not known is an empty cell.
pub(super) fn write(to: &mut impl Write, row: &SpanRow<'_>) -> io::Result<()> {
    write!(to, "{},", row.trial)?;
    text(to, row.variant)?;
    to.write_all(b",")?;
    text(to, row.service)?;
    to.write_all(b",")?;
    maybe(to, row.incarnation)?;
    write!(to, "{},{},", row.trace_id, row.span_id)?;
    maybe(to, row.parent_span_id)?;
    text(to, row.name)?;
    write!(to, ",{},", row.kind)?;
    maybe(to, row.request)?;
    for time in [row.created_ms, row.ended_ms, row.exported_ms] {
        maybe(to, time)?;
    }
    write!(to, "{},{},", row.fate, row.copies)?;
    maybe(to, row.delay_ms)?;
    maybe(to, row.received_ms)?;
    write!(to, "{},", row.position.as_str())?;
    text(to, &row.paths)?;
    to.write_all(b"\n")
}

fn maybe(to: &mut impl Write, value: Option<impl Display>) -> io::Result<()> {
    match value {
        Some(value) => write!(to, "{value},"),
        None => to.write_all(b","),
    }
}

/// What a spreadsheet takes for a formula begins with one of these.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Text of others: what would be a formula gets an apostrophe before it, and so does what would be read back as if it had got one.
fn text(to: &mut impl Write, text: &str) -> io::Result<()> {
    let seems_guarded =
        text.strip_prefix('\'').is_some_and(|rest| rest.starts_with('\'') || rest.starts_with(FORMULA));
    let formula = if seems_guarded || text.starts_with(FORMULA) { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) {
        write!(to, "\"{formula}{}\"", text.replace('"', "\"\""))
    } else {
        write!(to, "{formula}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: &str) -> String {
        let mut out = Vec::new();
        text(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_quoted_and_no_formula() {
        for (value, expected) in [
            ("GET /", "GET /"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@sum(1,2)", "\"'@sum(1,2)\""),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("a=1", "a=1"),
            ("'=1", "''=1"),
            ("''", "'''"),
            ("'s", "'s"),
            ("'", "'"),
        ] {
            assert_eq!(cell(value), expected);
        }
    }
}
