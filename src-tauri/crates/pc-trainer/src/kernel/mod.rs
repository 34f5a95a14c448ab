//! Fused element-wise arithmetic on the rows of candle tensors, each forward with its hand-written backward.
//!
//! candle's own element-wise operations walk memory once an operation and are not vectorised; here one pass does
//! the whole function, on all threads, compiled for the widest vectors that the processor has (through `pulp`).
//! Matrix products stay candle's. Deliberately absent: automatic differentiation; `decoder` calls each backward itself.

mod activation;
mod attention;
mod loss;
mod low_rank;
mod norm;
mod outer;
mod rotary;
mod vector;

pub(crate) use activation::{gate, gate_backward};
pub(crate) use attention::{Attention, attend, attend_backward};
pub(crate) use loss::{Head, LossBackward, head_loss, losses};
pub(crate) use low_rank::{add_bias, add_low_rank, add_to, dropout, dropout_backward, scramble};
pub(crate) use norm::{rms_norm, rms_norm_backward};
pub(crate) use outer::{add_gain, add_outer, add_rows};
pub(crate) use rotary::{RotaryTable, rotate};
pub(crate) use vector::{add, edit, rows, view};
