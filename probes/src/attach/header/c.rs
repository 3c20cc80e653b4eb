//! As much C as `bpf/record.h` needs: enumerators with their numbers, fields with their places.

/// A field of a struct: its name, where it begins, and how many bytes it has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct StructField {
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) size: usize,
}

/// Splits text into words and signs; comments are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut word = String::new();
        for sign in line.split("//").next().unwrap_or_default().chars().chain([' ']) {
            if sign.is_alphanumeric() || sign == '_' {
                word.push(sign);
                continue;
            }
            out.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            out.extend((!sign.is_whitespace()).then(|| sign.to_string()));
        }
    }
    out
}

/// What stands between the braces that open at the first place where the words stand.
fn block(text: &str, words: [&str; 2]) -> Vec<String> {
    let all = tokens(text);
    let found = all.windows(3).position(|three| three[..2] == words && three[2] == "{");
    let from = found.unwrap_or_else(|| panic!("there is no {} {}", words[0], words[1])) + 3;
    let mut depth = 1;
    let end = all[from..].iter().position(|token| {
        depth += i32::from(token == "{") - i32::from(token == "}");
        depth == 0
    });
    all[from..from + end.unwrap()].to_vec()
}

/// Enumerators with their numbers.
pub(super) fn enumerators(text: &str, name: &str) -> Vec<(String, u32)> {
    let mut next = 0;
    let mut out = Vec::new();
    for one in block(text, ["enum", name]).split(|token| token == ",").filter(|one| !one.is_empty()) {
        next = if one.len() > 1 { one[2].parse().unwrap() } else { next };
        out.push((one[0].clone(), next));
        next += 1;
    }
    out
}

/// Fields in order, and the size of all.
pub(super) fn fields(text: &str, name: &str) -> (Vec<StructField>, usize) {
    let mut out = Vec::new();
    let (size, align) = members(&block(text, ["struct", name]), 0, false, &mut out);
    (out, size.next_multiple_of(align))
}

/// Lays members out from a place on; all at that place where they are a union's. Gives the end and the strictest alignment.
fn members(tokens: &[String], base: usize, union: bool, out: &mut Vec<StructField>) -> (usize, usize) {
    let (mut at, mut end, mut strictest, mut rest) = (base, base, 1, tokens);
    while let Some(first) = rest.first() {
        let inner_union = first == "union";
        let (size, align, used) = if inner_union || first == "struct" {
            let close = closing(rest);
            let inner = &rest[2..close];
            let align = members(inner, 0, inner_union, &mut Vec::new()).1;
            at = at.next_multiple_of(align);
            let (inner_end, _) = members(inner, at, inner_union, out);
            ((inner_end - at).next_multiple_of(align), align, close + 2)
        } else {
            let unit = bits(first) / 8;
            let used = rest.iter().position(|token| token == ";").unwrap();
            at = at.next_multiple_of(unit);
            let mut size = 0;
            for one in rest[1..used].split(|token| token == ",") {
                let count: usize = one.get(2).map_or(1, |count| count.parse().unwrap());
                out.push(StructField { name: one[0].clone(), at: at + size, size: unit * count });
                size += unit * count;
            }
            (size, unit, used + 1)
        };
        end = end.max(at + size);
        at = if union { base } else { at + size };
        strictest = strictest.max(align);
        rest = &rest[used..];
    }
    (end, strictest)
}

/// Where the first brace is closed.
fn closing(tokens: &[String]) -> usize {
    let mut depth = 0;
    let closes = |token: &String| {
        depth += i32::from(token == "{") - i32::from(token == "}");
        depth == 0 && token == "}"
    };
    tokens.iter().position(closes).unwrap()
}

fn bits(name: &str) -> usize {
    name.strip_prefix("__u")
        .and_then(|bits| bits.parse().ok())
        .unwrap_or_else(|| panic!("a member of type {name}"))
}

/// The size that a `_Static_assert` gives a struct.
pub(super) fn asserted(text: &str, name: &str) -> Option<usize> {
    let all = tokens(text);
    let at =
        all.windows(6).position(|six| six[..6] == ["_Static_assert", "(", "sizeof", "(", "struct", name])?;
    all[at + 6..].iter().find_map(|token| token.parse().ok())
}
