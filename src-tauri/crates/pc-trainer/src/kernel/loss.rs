//! Cross entropy at the labelled positions, with its derivative by the hidden state.
//!
//! The logits of a vocabulary of 262 thousand tokens are large: they are made for some positions at a time, turned
//! into their derivative where they lie, multiplied back and dropped. Each position counts by a weight of its own, which
//! may be negative: that is how preferences are learnt. Deliberately absent: logits at positions without a label.

use std::sync::Mutex;

use candle_core::{Result, Tensor};

use super::outer::add_outer;
use super::vector::{each_row, edit, exp, maximum, rows, sum, view};

/// Values of logits held at once: 128 MiB.
const LOGITS_AT_ONCE: usize = 1 << 25;

/// The output head.
pub(crate) struct Head<'a> {
    /// `[vocabulary, hidden]`
    pub weight: &'a Tensor,
    /// `cap tanh(logit / cap)` where the model has one.
    pub softcap: Option<f32>,
}

impl Head<'_> {
    /// `[rows, vocabulary]` of `[rows, hidden]`, capped.
    pub(crate) fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let logits = hidden.matmul(&self.weight.t()?)?;
        if let Some(cap) = self.softcap {
            let width = logits.dim(1)?;
            edit(&logits, |values| {
                each_row(values, width, |_, row| row.iter_mut().for_each(|x| *x = cap * (*x / cap).tanh()))
            })?;
        }
        Ok(logits)
    }
}

/// What the backward half of a loss needs.
pub(crate) struct LossBackward<'a> {
    /// How much each position counts.
    pub weights: &'a [f32],
    /// The head's own gradient, added to `[vocabulary, hidden]` where the head is learnt.
    pub head: Option<&'a mut [f32]>,
}

/// The negative log likelihood of each of `targets` at the rows of `hidden`.
pub(crate) fn losses(head: &Head<'_>, hidden: &Tensor, targets: &[u32]) -> Result<Vec<f64>> {
    Ok(head_loss(head, hidden, targets, None)?.0)
}

/// The same, and the derivative of their weighted sum by `hidden` where it is asked for.
pub(crate) fn head_loss(
    head: &Head<'_>,
    hidden: &Tensor,
    targets: &[u32],
    mut backward: Option<LossBackward<'_>>,
) -> Result<(Vec<f64>, Option<Tensor>)> {
    let (count, width) = hidden.dims2()?;
    let vocabulary = head.weight.dim(0)?;
    let step = (LOGITS_AT_ONCE / vocabulary).clamp(1, count.max(1));
    let mut losses = Vec::with_capacity(count);
    let mut derivative = Vec::new();
    for start in (0..count).step_by(step) {
        let size = step.min(count - start);
        let hidden = hidden.narrow(0, start, size)?;
        let logits = head.logits(&hidden)?;
        let weights = backward.as_ref().map(|backward| &backward.weights[start..start + size]);
        losses.extend(to_derivative(head, &logits, &targets[start..start + size], weights)?);
        if let Some(backward) = &mut backward {
            derivative.extend_from_slice(&view(&logits.matmul(head.weight)?)?);
            if let Some(into) = &mut backward.head {
                add_outer(into, &logits, &hidden)?;
            }
        }
    }
    let derivative = backward.is_some().then(|| rows(derivative, width)).transpose()?;
    Ok((losses, derivative))
}

/// Replaces logits by `weight (softmax - onehot)`, through the cap where there is one; answers the losses.
fn to_derivative(head: &Head<'_>, logits: &Tensor, targets: &[u32], weights: Option<&[f32]>) -> Result<Vec<f64>> {
    let width = logits.dim(1)?;
    let losses = Mutex::new(vec![0.0f64; targets.len()]);
    edit(logits, |values| {
        each_row(values, width, |at, row| {
            let target = targets[at] as usize;
            let aim = row[target];
            let top = maximum(row);
            let total = sum(width, |i| exp(row[i] - top));
            let loss = f64::from(total).ln() + f64::from(top) - f64::from(aim);
            losses.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[at] = loss;
            let Some(weight) = weights.map(|weights| weights[at]) else { return };
            let inverse = weight / total;
            match head.softcap {
                None => row.iter_mut().for_each(|x| *x = exp(*x - top) * inverse),
                Some(cap) => {
                    row.iter_mut().for_each(|x| *x = exp(*x - top) * inverse * (1.0 - (*x / cap) * (*x / cap)))
                }
            }
            row[target] -= weight * head.softcap.map_or(1.0, |cap| 1.0 - (aim / cap) * (aim / cap));
        });
    })?;
    Ok(losses.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}
