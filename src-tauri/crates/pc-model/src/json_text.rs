//! The `tojson` filter: `json.dumps` with Python's separators, as Transformers calls it, and without HTML escapes.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind};

use crate::python::{MAX_DEPTH, number, pairs, text};

/// What `json.dumps` is asked for.
struct Style {
    indent: Option<usize>,
    ascii: bool,
    sorted: bool,
    between_items: String,
    after_key: String,
}

/// `tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
pub fn tojson(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let (between_items, after_key) = match separators.as_deref() {
        Some([items, keys]) => (items.clone(), keys.clone()),
        Some(_) => return Err(Error::new(ErrorKind::InvalidOperation, "separators are two texts")),
        None => ((if indent.is_some() { "," } else { ", " }).into(), ": ".into()),
    };
    let ascii = options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false);
    let sorted = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    options.assert_all_used()?;
    let mut out = String::new();
    dump(
        &mut out,
        value,
        &Style { indent: indent.map(|width| width.min(64)), ascii, sorted, between_items, after_key },
        0,
    )?;
    Ok(Value::from_safe_string(out))
}

fn dump(out: &mut String, value: &Value, style: &Style, depth: usize) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::new(ErrorKind::InvalidOperation, why.to_owned()));
    if depth > MAX_DEPTH {
        return refused("the value is nested too deeply for JSON");
    }
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::String => dump_text(out, value.as_str().unwrap_or_default(), style.ascii),
        ValueKind::Number => match number(value).as_str() {
            "nan" => out.push_str("NaN"),
            "inf" => out.push_str("Infinity"),
            "-inf" => out.push_str("-Infinity"),
            finite => out.push_str(finite),
        },
        ValueKind::Seq => {
            let items: Vec<Value> = value.try_iter()?.collect();
            surrounded(out, ('[', ']'), items.len(), style, depth, |out, at| dump(out, &items[at], style, depth + 1))?;
        }
        ValueKind::Map => {
            let mut pairs: Vec<(Value, Value)> = pairs(value).collect();
            if style.sorted {
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
            }
            surrounded(out, ('{', '}'), pairs.len(), style, depth, |out, at| {
                dump_text(out, &text(&pairs[at].0), style.ascii);
                out.push_str(&style.after_key);
                dump(out, &pairs[at].1, style, depth + 1)
            })?;
        }
        other => return refused(&format!("{other} is not JSON serializable")),
    }
    Ok(())
}

fn surrounded(
    out: &mut String,
    (open, close): (char, char),
    count: usize,
    style: &Style,
    depth: usize,
    mut each: impl FnMut(&mut String, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let new_line = |out: &mut String, depth: usize| {
        if let (Some(width), true) = (style.indent, count > 0) {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * depth));
        }
    };
    out.push(open);
    for at in 0..count {
        if at > 0 {
            out.push_str(&style.between_items);
        }
        new_line(out, depth + 1);
        each(out, at)?;
    }
    new_line(out, depth);
    out.push(close);
    Ok(())
}

fn dump_text(out: &mut String, text: &str, ascii: bool) {
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
            c if (c as u32) < 0x20 || (ascii && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("a String takes everything");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
