//! Rows as OpenAI's surface documents them, into the native ones: pairs of answers under other names, and weights of 0 or 1.
//! Deliberately absent: judging what is the same in both.

use serde_json::{Value, json};

/// A pair under the native names; any other row as it is, without the names of speakers, which no template shows.
pub(crate) fn native(mut row: Value) -> Result<Value, String> {
    if row.get("input").is_some() {
        let answer = |name: &str| match row.get(name).and_then(Value::as_array).map(Vec::as_slice) {
            Some([one]) => Ok(one.clone()),
            Some(_) => Err(format!("{name} must be one message")),
            None => Err(format!("it has no {name}")),
        };
        let (chosen, rejected) = (answer("preferred_output")?, answer("non_preferred_output")?);
        let input = &row["input"];
        row = json!({"messages": input["messages"], "tools": input["tools"], "chosen": chosen, "rejected": rejected});
    }
    for message in messages(&mut row) {
        if let Some(fields) = message.as_object_mut() {
            fields.remove("name");
            // Kept under a name that the judge passes over, because nothing native weighs nothing.
            if let Some(weight) = fields.remove("weight") {
                let learnt = weight.as_f64().filter(|weight| [0.0, 1.0].contains(weight));
                fields.insert(LEARNT.to_owned(), learnt.ok_or("a message's weight must be 0 or 1")?.into());
            }
        }
    }
    Ok(row)
}

const LEARNT: &str = "learnt";

/// The weights under their native name, once the row is judged.
pub(crate) fn weighted(mut row: Value) -> Value {
    for message in messages(&mut row) {
        if let Some(fields) = message.as_object_mut()
            && let Some(weight) = fields.remove(LEARNT)
        {
            fields.insert("loss_weight".to_owned(), json!(weight.as_f64().unwrap_or(1.0) as u8));
        }
    }
    row
}

/// Every message of a row, the answers included.
fn messages(row: &mut Value) -> impl Iterator<Item = &mut Value> {
    let fields = row.as_object_mut().into_iter().flatten();
    fields.flat_map(|(name, value)| match (name.as_str(), value) {
        ("messages", Value::Array(list)) => list.iter_mut().collect(),
        ("chosen" | "rejected", message) => vec![message],
        _ => Vec::new(),
    })
}
