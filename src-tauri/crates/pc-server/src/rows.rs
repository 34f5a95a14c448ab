//! The cloud's own check of training rows while they are opened for the worker. The console checks before upload and
//! lists every error; this is the last gate and names the first.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::Value;

use crate::engine::TrainingType;
use crate::openai_rows;

/// The longest line that is read, so that a file without line ends cannot fill the memory.
const LONGEST_LINE: u64 = 16 << 20;

/// Which rows are expected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub training_type: TrainingType,
    /// Whether the job was made through OpenAI's surface, whose rows have forms of their own.
    pub openai: bool,
}

/// Copies rows to `out` while checking that each is one of the form; answers how many, or the first fault as `(line, why)`.
/// Rows of OpenAI's forms come out in the native one.
pub(crate) fn copy_checked(
    from: impl Read,
    mut out: impl Write,
    form: Form,
) -> anyhow::Result<Result<u64, (u64, String)>> {
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
        match judged(text, form) {
            Err(why) => return Ok(Err((number, why))),
            Ok(None) => out.write_all(text.trim_ascii())?,
            Ok(Some(row)) => serde_json::to_writer(&mut out, &row)?,
        }
        out.write_all(b"\n")?;
        rows += 1;
    }
}

/// Whether a line is a row of the form with something to learn; answers the native row where the line has another form.
fn judged(line: &[u8], form: Form) -> Result<Option<Value>, String> {
    let row: Value = serde_json::from_slice(line).map_err(|_| "it is not JSON".to_owned())?;
    if !form.openai {
        return judge(&row, form.training_type).map(|()| None);
    }
    let row = openai_rows::native(row)?;
    judge(&row, form.training_type)?;
    Ok(Some(openai_rows::weighted(row)))
}

fn judge(row: &Value, training_type: TrainingType) -> Result<(), String> {
    match training_type {
        TrainingType::Cpt => text(row),
        TrainingType::Sft | TrainingType::EfficientSft => {
            let messages = conversation(row)?;
            let answers = messages.iter().filter(|message| message["role"] == "assistant");
            if answers.count() == 0 { Err("it has no assistant message".to_owned()) } else { Ok(()) }
        }
        TrainingType::DpoFull | TrainingType::DpoLora => preference(row),
    }
}

fn text(row: &Value) -> Result<(), String> {
    let text = row.get("text").ok_or("it has no text")?;
    let text = text.as_str().ok_or("its text is not a string")?;
    if text.trim().is_empty() { Err("its text is empty".to_owned()) } else { Ok(()) }
}

fn preference(row: &Value) -> Result<(), String> {
    let messages = conversation(row)?;
    if messages.last().is_none_or(|message| message["role"] != "user") {
        return Err("its messages do not end with the user's".to_owned());
    }
    for name in ["chosen", "rejected"] {
        let answer = row.get(name).ok_or(format!("it has no {name} answer"))?;
        message(answer).map_err(|why| format!("{name}: {why}"))?;
        if answer["role"] != "assistant" {
            return Err(format!("the role of {name} is not assistant"));
        }
    }
    if row["rejected"].get("loss_weight").is_some() {
        return Err("loss_weight is only for chosen".to_owned());
    }
    Ok(())
}

fn conversation(row: &Value) -> Result<&Vec<Value>, String> {
    let messages = row.get("messages").and_then(Value::as_array).ok_or("it has no messages")?;
    messages.iter().try_for_each(message)?;
    if row.get("tools").is_some_and(|tools| !tools.is_array() && !tools.is_null()) {
        return Err("its tools are not a list".to_owned());
    }
    Ok(messages)
}

fn message(message: &Value) -> Result<(), String> {
    let role = message.get("role").and_then(Value::as_str).ok_or("a message has no role")?;
    if !["system", "user", "assistant", "tool"].contains(&role) {
        return Err(format!("the role {} is not known", Value::from(role)));
    }
    let spoken = match message.get("content") {
        Some(Value::String(_)) => true,
        Some(Value::Array(parts)) if parts.iter().all(|part| part["text"].is_string()) => true,
        Some(Value::Array(_)) => return Err("a part of a message's content has no text".to_owned()),
        _ => false,
    };
    if let Some(refused) = ["name", "weight"].into_iter().find(|name| message.get(name).is_some()) {
        return Err(format!("a message has the key {refused}, which is not accepted"));
    }
    let calls = role == "assistant" && message.get("tool_calls").is_some_and(Value::is_array);
    if !spoken && !calls {
        return Err("a message has no content".to_owned());
    }
    let weight = match message.get("loss_weight") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_f64(),
    };
    if role != "assistant" {
        return Err("loss_weight is only for the assistant's messages".to_owned());
    }
    match weight {
        Some(weight) if weight > 0.0 && weight <= 1.0 => Ok(()),
        _ => Err("loss_weight must be above 0 and at most 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}"#;

    const SFT: Form = Form { training_type: TrainingType::Sft, openai: false };

    fn check_as(training_type: TrainingType, text: &str) -> Result<u64, (u64, String)> {
        copy_checked(text.as_bytes(), Vec::new(), Form { training_type, openai: false }).unwrap()
    }

    fn check(text: &str) -> Result<u64, (u64, String)> {
        check_as(TrainingType::EfficientSft, text)
    }

    #[test]
    fn good_rows_are_counted_and_copied_without_mark_and_empty_lines() {
        let mut out = Vec::new();
        let text = format!("\u{feff}{GOOD}\r\n\n{GOOD}");
        assert_eq!(copy_checked(text.as_bytes(), &mut out, SFT).unwrap(), Ok(2));
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

    #[test]
    fn every_type_has_rows_of_its_own() {
        let text = |line: &str| check_as(TrainingType::Cpt, line);
        assert_eq!(text(r#"{"text":"Breakfast is at seven."}"#), Ok(1));
        assert_eq!(text(GOOD).unwrap_err().1, "it has no text");
        assert_eq!(text(r#"{"text":" "}"#).unwrap_err().1, "its text is empty");
        assert_eq!(text(r#"{"text":1}"#).unwrap_err().1, "its text is not a string");

        let pair = |line: &str| check_as(TrainingType::DpoLora, line).map_err(|(_, why)| why);
        let with = |chosen: &str, rejected: &str| {
            format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],"chosen":{chosen},"rejected":{rejected}}}"#)
        };
        let (good, weighted) =
            (r#"{"role":"assistant","content":"a"}"#, r#"{"role":"assistant","content":"a","loss_weight":"0.5"}"#);
        assert_eq!(pair(&with(weighted, good)), Ok(1));
        assert_eq!(pair(GOOD).unwrap_err(), "its messages do not end with the user's");
        assert_eq!(pair(r#"{"messages":[{"role":"user","content":"a"}]}"#).unwrap_err(), "it has no chosen answer");
        assert_eq!(
            pair(&with(good, good).replace("assistant", "user")).unwrap_err(),
            "the role of chosen is not assistant"
        );
        assert_eq!(pair(&with(good, weighted)).unwrap_err(), "loss_weight is only for chosen");
        assert_eq!(pair(&with(good, r#"{"role":"assistant"}"#)).unwrap_err(), "rejected: a message has no content");
    }

    #[test]
    fn a_weight_lies_above_nothing_and_up_to_one() {
        let with = |weight: &str| GOOD.replace(r#""hello""#, &format!(r#""hello","loss_weight":{weight}"#));
        assert_eq!(check(&with("0.5")), Ok(1));
        assert_eq!(check(&with(r#""1""#)), Ok(1));
        for wrong in ["0", "1.5", "-1", r#""much""#, "true"] {
            assert!(check(&with(wrong)).unwrap_err().1.contains("loss_weight"), "{wrong}");
        }
        let of_user = GOOD.replace(r#""hi""#, r#""hi","loss_weight":1"#);
        assert!(check(&of_user).unwrap_err().1.contains("assistant"));
    }

    #[test]
    fn rows_of_openai_come_out_in_the_native_form() {
        let of = |training_type, text: &str| {
            let mut out = Vec::new();
            let form = Form { training_type, openai: true };
            let copied = copy_checked(text.as_bytes(), &mut out, form).unwrap();
            copied.map(|_| serde_json::from_slice::<Value>(&out).unwrap()).map_err(|(_, why)| why)
        };
        let weighted = GOOD.replace(r#""hello""#, r#""hello","weight":0"#).replace(r#""hi""#, r#""hi","name":"Li""#);
        let row = of(TrainingType::EfficientSft, &weighted).unwrap();
        assert_eq!(row["messages"][1]["loss_weight"], 0, "a turn that is not to be learnt");
        assert!(row["messages"][0].get("name").is_none() && row["messages"][1].get("weight").is_none(), "{row}");
        assert!(of(TrainingType::EfficientSft, &weighted.replace(r#""weight":0"#, r#""weight":0.5"#)).is_err());
        assert!(check(&weighted).unwrap_err().1.contains("not accepted"), "the native form has other names");

        let pair = r#"{"input":{"messages":[{"role":"user","content":"hi"}],"tools":[]},
            "preferred_output":[{"role":"assistant","content":"a"}],
            "non_preferred_output":[{"role":"assistant","content":"b"}]}"#;
        let row = of(TrainingType::DpoLora, &pair.replace('\n', "")).unwrap();
        assert_eq!((&row["chosen"]["content"], &row["rejected"]["content"]), (&"a".into(), &"b".into()));
        assert_eq!(row["messages"][0]["content"], "hi");
        assert_eq!(
            of(TrainingType::DpoLora, r#"{"input":{"messages":[]}}"#).unwrap_err(),
            "it has no preferred_output"
        );
    }
}
