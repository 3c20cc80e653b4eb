//! What an error of TOML or serde says, in words for who writes scenarios.

use spanfate_model::scenario::figure::nearest;
use toml::de::{DeTable, DeValue};

use super::Diagnostic;
use super::table;
use super::takes::{Takes, takes};

/// How the errors begin that speak of types and not of scenarios. All others are the model's own words.
const OF_TYPES: [&str; 7] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "wanted ",
    "expected ",
    "unexpected keys",
    // The number itself follows in the line that is shown.
    "integer number overflowed",
];

/// A mistake in a table that was read, by what its error says.
pub(super) fn of_error(error: &toml::de::Error, table: &DeTable<'_>) -> Diagnostic {
    let span = error.span();
    let place = span.as_ref().and_then(|span| table::at(table, span));
    let (path, written) = place.map_or((Vec::new(), None), |(path, value)| (path, Some(value)));
    let mut out = of_message(error.message(), &path, written);
    out.span = span;
    out
}

/// What a message says of the value at a path.
pub(super) fn of_message(message: &str, path: &[String], written: Option<&DeValue<'_>>) -> Diagnostic {
    let without_place = |message: String, help: Option<String>| Diagnostic { span: None, message, help };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let (key, allowed) = named(rest);
        return without_place(format!("unknown key `{key}`"), Some(allowed));
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (word, allowed) = named(rest);
        return without_place(format!("unknown value `{word}` for {}", called(path)), Some(allowed));
    }
    if let Some(key) = message.strip_prefix("missing field ").map(|rest| named(rest).0) {
        let below: Vec<String> = path.iter().cloned().chain([key.clone()]).collect();
        let help = takes(&below).map(|takes| example(&below, &takes));
        return without_place(format!("missing key `{key}`"), help);
    }
    if let Some(key) = message.strip_prefix("duplicate field ").map(|rest| named(rest).0) {
        return without_place(format!("`{key}` stands here twice"), Some("write it once".to_owned()));
    }
    if OF_TYPES.iter().any(|of_types| message.starts_with(of_types)) || message.ends_with("number overflowed")
    {
        return wrong_value(path, written);
    }
    without_place(message.to_owned(), None)
}

/// What an error names, and the words of its list as a hint.
fn named(rest: &str) -> (String, String) {
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let name = quoted.next().unwrap_or_default().to_owned();
    let known: Vec<&str> = quoted.collect();
    let list = match known.as_slice() {
        [] => "nothing is allowed here".to_owned(),
        _ => format!("allowed here: {}", known.join(", ")),
    };
    match nearest(&name, known.iter().copied()) {
        Some(near) => (name, format!("did you mean `{near}`? {list}")),
        None => (name, list),
    }
}

/// A value that is not of the kind, or not in the range, that its key takes.
fn wrong_value(path: &[String], written: Option<&DeValue<'_>>) -> Diagnostic {
    let shown = written.map_or_else(|| "something else".to_owned(), shown);
    let name = called(path);
    let of_nothing = |path: &[String]| {
        let (last, above) = path.split_last()?;
        takes(above)?.words.contains(last).then(|| last.clone())
    };
    if let Some(word) = of_nothing(path) {
        let above = path.len().checked_sub(2).and_then(|at| path.get(at)).map_or("", String::as_str);
        let help = Some(format!("write `{above} = \"{word}\"`"));
        return Diagnostic {
            span: None,
            message: format!("{name} takes nothing, and here stands {shown}"),
            help,
        };
    }
    let Some(takes) = takes(path) else {
        return Diagnostic { span: None, message: format!("{name} cannot be {shown}"), help: None };
    };
    if let Some(DeValue::String(word)) = written
        && takes.keys.iter().any(|key| key == word)
    {
        let key = path.last().map_or("", String::as_str);
        return Diagnostic {
            span: None,
            message: format!("`{word}` needs a table of its own keys"),
            help: Some(format!("write `{key} = {{ {word} = {{ … }} }}`")),
        };
    }
    let message = format!("{name} is {shown}; it takes {}", takes.what);
    Diagnostic { span: None, message, help: Some(example(path, &takes)) }
}

/// What may be written.
fn example(path: &[String], takes: &Takes) -> String {
    let key = path.iter().rev().find(|step| step.parse::<usize>().is_err()).map_or("", String::as_str);
    let all: Vec<&str> = takes.words.iter().chain(&takes.keys).map(String::as_str).collect();
    let list = if all.is_empty() { String::new() } else { format!("; allowed here: {}", all.join(", ")) };
    let is_entry = path.last().is_some_and(|last| last.parse::<usize>().is_ok());
    match &takes.example {
        _ if takes.tables => format!("for example `[[{key}]]` and its keys below it"),
        Some(example) if is_entry => format!("for example `{key} = [{example}]`{list}"),
        Some(example) => format!("for example `{key} = {example}`{list}"),
        None if takes.table => format!("for example `[{key}]` and its keys below it"),
        None => format!("write text in quotes, for example `{key} = \"text\"`{list}"),
    }
}

/// What a key is called in a sentence.
fn called(path: &[String]) -> String {
    match path {
        [] => "this value".to_owned(),
        [.., key, index] if index.parse::<usize>().is_ok() => format!("an entry of `{key}`"),
        [.., key] => format!("`{key}`"),
    }
}

/// A value as it is written, in a few letters.
fn shown(value: &DeValue<'_>) -> String {
    const MOST: usize = 40;
    let text = match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => format!("the time {time}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
