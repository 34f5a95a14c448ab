//! Log lines in the documented style: Python-dict text, which is how a client gets a loss curve.

use serde_json::{Map, Value};

use crate::engine::{Rewards, TrainEvent};

/// The line of an event; nothing for one that is only counted.
pub(crate) fn log_line(event: &TrainEvent) -> Option<String> {
    Some(match event {
        TrainEvent::Started { rows, dropped, tokens_per_epoch, total_steps, resumed_from_step } => format!(
            "{{'rows': {rows}, 'dropped': {dropped}, 'tokens_per_epoch': {tokens_per_epoch}, 'total_steps': {total_steps}, \
             'resumed_from_step': {resumed_from_step}}}"
        ),
        TrainEvent::Step { step, epoch, loss, learning_rate, tokens, tokens_per_second, eta_seconds, rewards } => {
            format!(
                "{{'loss': {}, 'learning_rate': {}, 'epoch': {}, 'step': {step}, 'tokens': {tokens}, 'tokens_per_second': {}, \
             'eta_seconds': {eta_seconds}{}}}",
                number(*loss),
                number(*learning_rate),
                number((*epoch * 1e4).round() / 1e4),
                number((*tokens_per_second * 10.0).round() / 10.0),
                rewards.as_ref().map(reward_fields).unwrap_or_default(),
            )
        }
        TrainEvent::Progress { .. } => return None,
        TrainEvent::Eval { step, loss } => format!("{{'eval_loss': {}, 'step': {step}}}", number(*loss)),
        TrainEvent::Checkpoint { step, .. } => format!("checkpoint-{step} was stored."),
    })
}

/// As TRL names them.
fn reward_fields(rewards: &Rewards) -> String {
    let named = [
        ("chosen", rewards.chosen),
        ("rejected", rewards.rejected),
        ("accuracies", rewards.accuracy),
        ("margins", rewards.margin),
    ];
    named.map(|(name, value)| format!(", 'rewards/{name}': {}", number(value))).concat()
}

/// How far a training came that stands still.
pub(crate) fn tokens_line(tokens: u64) -> String {
    format!("{{'tokens': {tokens}}}")
}

/// The fields of such a line; nothing where it is another one. What is not finite is left out.
pub(crate) fn read(line: &str) -> Option<Map<String, Value>> {
    let text = line.strip_prefix('{')?.strip_suffix('}')?;
    let field = |field: &str| {
        let (name, value) = field.split_once(':')?;
        let name = name.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned();
        let value = value.trim();
        let text = value.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        Some((name, text.map_or_else(|| serde_json::from_str(value).ok(), |text| Some(text.into()))?))
    };
    Some(text.split(',').filter_map(field).collect())
}

/// As Python writes a float, so that a parser of either language reads it.
fn number(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_as_a_python_dict() {
        let event = TrainEvent::Step {
            step: 2,
            epoch: 0.5,
            loss: 1.25,
            learning_rate: 1e-5,
            tokens: 300,
            tokens_per_second: 44.44,
            eta_seconds: 9,
            rewards: None,
        };
        let expected = "{'loss': 1.25, 'learning_rate': 1e-5, 'epoch': 0.5, 'step': 2, 'tokens': 300, \
                        'tokens_per_second': 44.4, 'eta_seconds': 9}";
        assert_eq!(log_line(&event).as_deref(), Some(expected));
        let fields = read(expected).unwrap();
        assert_eq!((fields["tokens"].as_u64(), fields["learning_rate"].as_f64()), (Some(300), Some(1e-5)));
        assert_eq!(read("{'loss': nan, 'step': 3}").unwrap().len(), 1, "JSON has no word for it");
        let rewards = Rewards { chosen: 1.5, rejected: -0.5, accuracy: 1.0, margin: 2.0 };
        assert!(reward_fields(&rewards).ends_with(", 'rewards/accuracies': 1.0, 'rewards/margins': 2.0"));
        assert_eq!(read("The final checkpoint was stored."), None);
    }
}
