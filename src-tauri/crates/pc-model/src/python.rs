//! Values as Python writes them (`True`, `None`, `1e+16`, `['a']`), and what Jinja2 does otherwise than minijinja.
//!
//! Deliberately absent: tuples. A pair of `items()` prints with square brackets here; templates unpack it instead.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

/// Lists in lists; no conversation is deeper, and a template must not exhaust the stack.
pub const MAX_DEPTH: usize = 200;

/// How `{{ value }}` is written.
pub fn format(out: &mut Output<'_>, _: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    out.write_str(&text(value)).map_err(Error::from)
}

/// Python's `str(value)`.
pub fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => String::new(),
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        _ => repr(value, 0),
    }
}

fn repr(value: &Value, depth: usize) -> String {
    if depth > MAX_DEPTH {
        return "...".into();
    }
    match value.kind() {
        ValueKind::Undefined => "Undefined".into(),
        ValueKind::None => "None".into(),
        ValueKind::Bool => (if value.is_true() { "True" } else { "False" }).into(),
        ValueKind::Number => number(value),
        ValueKind::String => quoted(value.as_str().unwrap_or_default()),
        ValueKind::Seq => {
            let items = value.try_iter().into_iter().flatten().map(|item| repr(&item, depth + 1));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        ValueKind::Map => {
            let pairs =
                pairs(value).map(|(key, item)| format!("{}: {}", repr(&key, depth + 1), repr(&item, depth + 1)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

/// Keys with their values, in the order of insertion.
pub fn pairs(map: &Value) -> impl Iterator<Item = (Value, Value)> + '_ {
    map.try_iter().into_iter().flatten().map(|key| {
        let item = map.get_item(&key).unwrap_or_default();
        (key, item)
    })
}

/// A number by Python's rules: a float has a fraction or, below 1e-4 and from 1e16 on, an exponent of two digits.
pub fn number(value: &Value) -> String {
    let (Ok(float), false) = (f64::try_from(value.clone()), value.is_integer()) else { return value.to_string() };
    if !float.is_finite() {
        return if float.is_nan() { "nan".into() } else { format!("{float}") };
    }
    let scientific = format!("{float:e}");
    match scientific.split_once('e').map(|(digits, power)| (digits, power.parse::<i32>().unwrap_or(0))) {
        Some((digits, power)) if !(-4..16).contains(&power) => {
            format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
        }
        _ => format!("{float:?}"),
    }
}

/// Single quotes unless the text has some and no double ones, as Python chooses.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c if !invisible(c) => out.push(c),
            c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if (c as u32) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    out.push(quote);
    out
}

/// Characters that Python's `repr` escapes: controls, separators but the space, formats, private use.
fn invisible(c: char) -> bool {
    (c.is_control() || (c.is_whitespace() && c != ' '))
        || matches!(c, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0001}'..='\u{e007f}' | '\u{f0000}'..='\u{10ffff}')
}

/// Jinja2's `trim` turns what is no text into text first.
pub fn trim(value: &Value, characters: Option<String>) -> String {
    let text = text(value);
    match characters {
        Some(characters) => text.trim_matches(|c| characters.contains(c)).to_owned(),
        None => text.trim().to_owned(),
    }
}

/// Jinja2's `length`: of what is undefined it is zero.
pub fn length(value: &Value) -> Result<usize, Error> {
    let none = || Error::new(ErrorKind::InvalidOperation, format!("{} has no length", value.kind()));
    if value.is_undefined() { Ok(0) } else { value.len().ok_or_else(none) }
}

/// Jinja2's test: whatever has a length and items, so texts and mappings too.
pub fn is_sequence(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Undefined | ValueKind::String | ValueKind::Seq | ValueKind::Map)
}

/// Jinja2's test: nothing can be drawn from `none`.
pub fn is_iterable(value: &Value) -> bool {
    !value.is_none() && value.try_iter().is_ok()
}

/// Python's methods of texts, lists and mappings: the library's, and those that it lacks.
pub fn method(state: &State<'_, '_>, value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let own = value.as_str().and_then(|text| text_method(text, name, arguments));
    own.map_or_else(|| minijinja_contrib::pycompat::unknown_method_callback(state, value, name, arguments), Ok)
}

fn text_method(text: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    let first = arguments.first().and_then(Value::as_str).filter(|first| !first.is_empty())?;
    let three = |a: &str, b: &str, c: &str| Value::from_iter([a, b, c].map(Value::from));
    Some(match name {
        "removeprefix" => text.strip_prefix(first).unwrap_or(text).into(),
        "removesuffix" => text.strip_suffix(first).unwrap_or(text).into(),
        "partition" => text.split_once(first).map_or_else(|| three(text, "", ""), |(a, b)| three(a, first, b)),
        "rpartition" => text.rsplit_once(first).map_or_else(|| three("", "", text), |(a, b)| three(a, first, b)),
        "rsplit" => {
            let most = arguments.get(1).and_then(|n| usize::try_from(n.clone()).ok()).unwrap_or(usize::MAX - 1);
            let mut parts: Vec<&str> = text.rsplitn(most + 1, first).collect();
            parts.reverse();
            Value::from_iter(parts)
        }
        _ => return None,
    })
}
