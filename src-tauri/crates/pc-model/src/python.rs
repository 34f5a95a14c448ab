//! Values as Python writes them: `True`, `None`, `1.0`, `['a']`, and `json.dumps` with its separators.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

/// How `{{ value }}` is written.
pub fn format(out: &mut Output<'_>, _: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    out.write_str(&text(value)).map_err(Error::from)
}

/// Python's `str(value)`.
pub fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => String::new(),
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        _ => repr(value),
    }
}

fn repr(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => "None".into(),
        ValueKind::Bool => (if value.is_true() { "True" } else { "False" }).into(),
        ValueKind::String => quoted(value.as_str().unwrap_or_default()),
        ValueKind::Seq => joined(value, "[", "]", repr),
        ValueKind::Map => {
            let pairs = keys(value).map(|(key, item)| format!("{}: {}", repr(&key), repr(&item)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

fn joined(value: &Value, open: &str, close: &str, each: impl Fn(&Value) -> String) -> String {
    let items: Vec<String> = value.try_iter().into_iter().flatten().map(|item| each(&item)).collect();
    format!("{open}{}{close}", items.join(", "))
}

fn keys(map: &Value) -> impl Iterator<Item = (Value, Value)> + '_ {
    map.try_iter().into_iter().flatten().map(|key| {
        let item = map.get_item(&key).unwrap_or_default();
        (key, item)
    })
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
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// `json.dumps(value, ensure_ascii=False)` with an optional indent, as Transformers' `tojson` calls it.
pub fn tojson(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let _: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let mut out = String::new();
    dump(&mut out, value, indent, 0)?;
    Ok(Value::from_safe_string(out))
}

fn dump(out: &mut String, value: &Value, indent: Option<usize>, depth: usize) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined => {
            return Err(Error::new(ErrorKind::InvalidOperation, "undefined is not JSON serializable"));
        }
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::String => dump_text(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq => {
            let items: Vec<Value> = value.try_iter()?.collect();
            surrounded(out, ('[', ']'), items.len(), indent, depth, |out, at| {
                dump(out, &items[at], indent, depth + 1)
            })?;
        }
        ValueKind::Map => {
            let pairs: Vec<(Value, Value)> = keys(value).collect();
            surrounded(out, ('{', '}'), pairs.len(), indent, depth, |out, at| {
                dump_text(out, &text(&pairs[at].0));
                out.push_str(": ");
                dump(out, &pairs[at].1, indent, depth + 1)
            })?;
        }
        _ => out.push_str(&value.to_string()),
    }
    Ok(())
}

fn surrounded(
    out: &mut String,
    (open, close): (char, char),
    count: usize,
    indent: Option<usize>,
    depth: usize,
    mut each: impl FnMut(&mut String, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let new_line = |out: &mut String, depth: usize| {
        if let (Some(width), true) = (indent, count > 0) {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * depth));
        }
    };
    out.push(open);
    for at in 0..count {
        if at > 0 {
            out.push_str(if indent.is_some() { "," } else { ", " });
        }
        new_line(out, depth + 1);
        each(out, at)?;
    }
    new_line(out, depth);
    out.push(close);
    Ok(())
}

fn dump_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 => write!(out, "\\u{:04x}", c as u32).expect("a String takes everything"),
            c => out.push(c),
        }
    }
    out.push('"');
}
