//! Cross entropy at the labelled positions, with its derivative by the hidden state.
//!
//! The logits of a vocabulary of 262 thousand tokens are large: they are made for some positions at a time, turned
//! into their derivative where they lie, multiplied back and dropped. The head itself is frozen. Deliberately absent:
//! logits at positions without a label.

use std::sync::Mutex;

use candle_core::{Result, Tensor};

use super::vector::{each_row, edit, exp, maximum, rows, sum, view};

/// Values of logits held at once: 128 MiB.
const LOGITS_AT_ONCE: usize = 1 << 25;

/// The frozen output head.
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

/// The summed negative log likelihood of `targets` at the rows of `hidden`, and, when `weight` is given, the
/// derivative of `weight * sum` by `hidden`.
pub(crate) fn head_loss(
    head: &Head<'_>,
    hidden: &Tensor,
    targets: &[u32],
    weight: Option<f32>,
) -> Result<(f64, Option<Tensor>)> {
    let (count, width) = hidden.dims2()?;
    let vocabulary = head.weight.dim(0)?;
    let step = (LOGITS_AT_ONCE / vocabulary).clamp(1, count.max(1));
    let mut total = 0.0;
    let mut derivative = Vec::with_capacity(count * width);
    for start in (0..count).step_by(step) {
        let size = step.min(count - start);
        let logits = head.logits(&hidden.narrow(0, start, size)?)?;
        total += to_derivative(head, &logits, &targets[start..start + size], weight.unwrap_or(0.0))?;
        if weight.is_some() {
            derivative.extend_from_slice(&view(&logits.matmul(head.weight)?)?);
        }
    }
    let derivative = weight.is_some().then(|| rows(derivative, width)).transpose()?;
    Ok((total, derivative))
}

/// Replaces logits by `weight (softmax - onehot)`, through the cap where there is one; answers the summed loss.
fn to_derivative(head: &Head<'_>, logits: &Tensor, targets: &[u32], weight: f32) -> Result<f64> {
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
    Ok(losses.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).iter().sum())
}
