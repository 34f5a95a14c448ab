//! Log lines in the documented style: Python-dict text, which is how a client gets a loss curve.

use crate::engine::TrainEvent;

/// The line of an event.
pub(crate) fn log_line(event: &TrainEvent) -> String {
    match event {
        TrainEvent::Started { rows, dropped, tokens_per_epoch, total_steps, resumed_from_step } => format!(
            "{{'rows': {rows}, 'dropped': {dropped}, 'tokens_per_epoch': {tokens_per_epoch}, 'total_steps': {total_steps}, \
             'resumed_from_step': {resumed_from_step}}}"
        ),
        TrainEvent::Step { step, epoch, loss, learning_rate, tokens, tokens_per_second, eta_seconds } => format!(
            "{{'loss': {}, 'learning_rate': {}, 'epoch': {}, 'step': {step}, 'tokens': {tokens}, 'tokens_per_second': {}, \
             'eta_seconds': {eta_seconds}}}",
            number(*loss),
            number(*learning_rate),
            number((*epoch * 1e4).round() / 1e4),
            number((*tokens_per_second * 10.0).round() / 10.0),
        ),
        TrainEvent::Eval { step, loss } => format!("{{'eval_loss': {}, 'step': {step}}}", number(*loss)),
        TrainEvent::Checkpoint { step, .. } => format!("checkpoint-{step} was stored."),
    }
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
        };
        let expected = "{'loss': 1.25, 'learning_rate': 1e-5, 'epoch': 0.5, 'step': 2, 'tokens': 300, \
                        'tokens_per_second': 44.4, 'eta_seconds': 9}";
        assert_eq!(log_line(&event), expected);
    }
}
