//! Folds a stream's events together where nothing is lost by it: text is joined, steps are collected, and of progress only
//! the newest counts. Deliberately absent: any other event, which stays as it is.

use serde_json::Value;

/// Appends an event, folded into the last one where that is possible.
pub fn push(events: &mut Vec<Value>, newer: Value) {
    match events.last_mut() {
        Some(older) => {
            if let Some(kept) = fold(older, newer) {
                events.push(kept);
            }
        }
        None => events.push(newer),
    }
}

/// Gives back what could not be folded.
fn fold(older: &mut Value, mut newer: Value) -> Option<Value> {
    if is_text(older) && is_text(&newer) {
        let joined = [older["text"].as_str(), newer["text"].as_str()].map(Option::unwrap_or_default).concat();
        older["text"] = Value::String(joined);
        return None;
    }
    // Indexing for writing would put a null where there is nothing.
    if let (Some(before), Some(after)) = (steps(older), steps(&mut newer)) {
        before.append(after);
        *after = std::mem::take(before);
        *older = newer;
        return None;
    }
    let stages = older["stage"].as_str().zip(newer["stage"].as_str());
    if stages.is_some_and(|(before, after)| before == after) {
        *older = newer;
        return None;
    }
    Some(newer)
}

fn steps(event: &mut Value) -> Option<&mut Vec<Value>> {
    event.get_mut("metrics")?.as_array_mut()
}

fn is_text(event: &Value) -> bool {
    event["kind"] == "text" && event["text"].is_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pushed(events: &[Value]) -> Vec<Value> {
        let mut out = Vec::new();
        events.iter().cloned().for_each(|event| push(&mut out, event));
        out
    }

    #[test]
    fn an_answer_keeps_every_character_in_order() {
        let events =
            [json!({"kind": "loading"}), json!({"kind": "text", "text": "早"}), json!({"kind": "text", "text": "餐"})];
        assert_eq!(pushed(&events), [json!({"kind": "loading"}), json!({"kind": "text", "text": "早餐"})]);
    }

    #[test]
    fn a_watched_job_keeps_every_step_and_the_newest_state() {
        let event = |status: &str, steps: &[u64]| json!({"job": {"status": status}, "metrics": steps});
        let folded = pushed(&[event("RUNNING", &[1, 2]), event("RUNNING", &[]), event("SUCCEEDED", &[3])]);
        assert_eq!(folded, [event("SUCCEEDED", &[1, 2, 3])]);
    }

    #[test]
    fn of_progress_the_newest_of_each_stage_is_kept() {
        let event = |stage: &str, done: u64| json!({"stage": stage, "done": done, "total": 9, "unit": "bytes"});
        let folded = pushed(&[event("hash", 1), event("hash", 9), event("upload", 2), event("upload", 3)]);
        assert_eq!(folded, [event("hash", 9), event("upload", 3)]);
    }

    #[test]
    fn what_is_not_known_is_left_alone() {
        let events = [json!(1), json!(null), json!({"kind": "other"}), json!({"kind": "other"})];
        assert_eq!(pushed(&events), events);
    }
}
