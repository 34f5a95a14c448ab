//! The cloud's own check of training rows while they are opened for the worker. The console checks before upload and
//! lists every error; this is the last gate and names the first.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::Value;

/// The longest line that is read, so that a file without line ends cannot fill the memory.
const LONGEST_LINE: u64 = 16 << 20;

/// Copies rows to `out` while checking each; answers how many, or the first fault as `(line, why)`.
pub(crate) fn copy_checked(from: impl Read, mut out: impl Write) -> anyhow::Result<Result<u64, (u64, String)>> {
    let mut reader = BufReader::with_capacity(1 << 18, from);
    let (mut line, mut number, mut rows) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            out.flush()?;
            return Ok(Ok(rows));
        }
        number += 1;
        if read as u64 == LONGEST_LINE {
            return Ok(Err((number, "the line is too long".to_owned())));
        }
        let mut text = line.as_slice();
        if number == 1 {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        if let Err(why) = judge(text) {
            return Ok(Err((number, why)));
        }
        out.write_all(text.trim_ascii())?;
        out.write_all(b"\n")?;
        rows += 1;
    }
}

/// Whether a line is a ChatML row with something to learn.
fn judge(line: &[u8]) -> Result<(), String> {
    let row: Value = serde_json::from_slice(line).map_err(|_| "it is not JSON".to_owned())?;
    let messages = row.get("messages").and_then(Value::as_array).ok_or("it has no messages")?;
    let mut answers = 0;
    for message in messages {
        let role = message.get("role").and_then(Value::as_str).ok_or("a message has no role")?;
        if !["system", "user", "assistant", "tool"].contains(&role) {
            return Err(format!("the role {} is not known", Value::from(role)));
        }
        let content = message.get("content");
        let spoken = content.is_some_and(|content| content.is_string() || content.is_array());
        let calls = role == "assistant" && message.get("tool_calls").is_some_and(Value::is_array);
        if !spoken && !calls {
            return Err("a message has no content".to_owned());
        }
        answers += u32::from(role == "assistant");
    }
    if answers == 0 { Err("it has no assistant message".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}"#;

    fn check(text: &str) -> Result<u64, (u64, String)> {
        copy_checked(text.as_bytes(), Vec::new()).unwrap()
    }

    #[test]
    fn good_rows_are_counted_and_copied_without_mark_and_empty_lines() {
        let mut out = Vec::new();
        let text = format!("\u{feff}{GOOD}\r\n\n{GOOD}");
        assert_eq!(copy_checked(text.as_bytes(), &mut out).unwrap(), Ok(2));
        assert_eq!(String::from_utf8(out).unwrap(), format!("{GOOD}\n{GOOD}\n"));
    }

    #[test]
    fn the_first_fault_is_named_with_its_line() {
        assert_eq!(check(&format!("{GOOD}\nno json\n")), Err((2, "it is not JSON".to_owned())));
        assert_eq!(
            check(r#"{"messages":[{"role":"user","content":"hi"}]}"#).unwrap_err().1,
            "it has no assistant message"
        );
        assert!(check(r#"{"messages":[{"role":"robot","content":"hi"}]}"#).unwrap_err().1.contains("robot"));
        assert!(check(r#"{"text":"hi"}"#).is_err());
        assert!(check("[]").is_err());
    }
}
