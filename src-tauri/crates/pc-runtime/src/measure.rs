//! Figures: speed beside the bound that memory sets, and how far one folder's answers are from another's.
//!
//! One new token reads every weight once, so tokens a second cannot exceed read bandwidth over bytes a token.
//! Deliberately absent: judging or printing them.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use pc_base::Cancel;
use serde::{Deserialize, Serialize};

use crate::chat::{Chat, Options};
use crate::memory;
use crate::sampler::{Sampling, argmax, log_sum_exp};

/// Speed of one folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    pub quant: String,
    pub load_ms: f64,
    pub prompt_tokens: usize,
    pub prompt_tokens_per_second: f64,
    /// After a prompt of [`BENCH_TEXT`].
    pub first_token_ms: f64,
    /// In each of the passes that the next two figures are over.
    pub decoded_tokens: usize,
    /// Of the median pass.
    pub tokens_per_second: f64,
    /// Of the fastest pass, which other work on the machine disturbed least.
    pub best_tokens_per_second: f64,
    pub bytes_per_token: u64,
    /// Measured just before, with the machine's load of that moment.
    pub bandwidth_bytes_per_second: f64,
    /// Bandwidth over bytes a token.
    pub bound_tokens_per_second: f64,
    /// Of the whole process so far; nothing where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// How far `b` is from `a` on one text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// Positions that were compared.
    pub positions: usize,
    /// Mean KL(a || b) in nats.
    pub mean_kl: f64,
    /// Share of positions where both have the same likeliest token.
    pub same_top: f64,
    /// Of the text itself, by each.
    pub perplexity_a: f64,
    pub perplexity_b: f64,
}

/// What is read and compared: facts and dialogue in both languages, the same on every machine.
pub const BENCH_TEXT: &str = "Guest: Is breakfast included in the room rate?\nClerk: Yes, breakfast is served from seven \
to ten in the morning on the first floor. The city of Paris is the capital of France and lies on the river Seine. Water \
boils at one hundred degrees at sea level.\n客人：请问几点可以办理入住？\n前台：下午两点以后可以办理入住，退房时间是\
中午十二点以前。中国的首都是北京，长江是中国最长的河流。";

/// Passes of decoding.
const PASSES: usize = 5;

/// Measures one folder with [`BENCH_TEXT`]; decodes `tokens` tokens a pass greedily, whatever they are.
pub fn bench(dir: &Path, options: Options, tokens: usize) -> Result<Bench> {
    let bandwidth = read_bandwidth();
    let start = Instant::now();
    let mut chat = Chat::open(dir, options)?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    let ids = chat.text(BENCH_TEXT)?;
    chat.logits(&ids[..1])?;
    let sampling = Sampling { max_tokens: 1, ..Sampling::default() };
    let first = chat.generate(&ids, &sampling, &mut |_| ControlFlow::Continue(()), &Cancel::default())?;
    let mut speeds = (0..PASSES).map(|_| decode_speed(&mut chat, tokens)).collect::<Result<Vec<_>>>()?;
    speeds.sort_by(f64::total_cmp);
    let bytes_per_token = chat.manifest().bytes_per_token;
    Ok(Bench {
        quant: chat.manifest().quant.clone(),
        load_ms,
        prompt_tokens: ids.len(),
        prompt_tokens_per_second: (ids.len() - first.cached_tokens) as f64 / first.first_token.as_secs_f64(),
        first_token_ms: first.first_token.as_secs_f64() * 1e3,
        decoded_tokens: tokens,
        tokens_per_second: speeds[PASSES / 2],
        best_tokens_per_second: speeds[PASSES - 1],
        bytes_per_token,
        bandwidth_bytes_per_second: bandwidth,
        bound_tokens_per_second: bandwidth / bytes_per_token.max(1) as f64,
        peak_memory_bytes: memory::peak(),
    })
}

/// Greedy tokens a second after the last prompt; what would end an answer is ignored.
fn decode_speed(chat: &mut Chat, tokens: usize) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..tokens {
        let id = argmax(chat.last_logits());
        chat.step(id)?;
    }
    Ok(tokens as f64 / start.elapsed().as_secs_f64())
}

/// Reads a text token by token with both folders.
pub fn divergence(a: &Path, b: &Path, options: Options, text: &str, cancel: &Cancel) -> Result<Divergence> {
    let (mut a, mut b) = (Chat::open(a, options)?, Chat::open(b, options)?);
    let ids = a.text(text)?;
    let (mut kl, mut same, mut surprise) = (0.0, 0, [0.0, 0.0]);
    for (at, id) in ids.iter().enumerate() {
        cancel.check()?;
        a.step(*id)?;
        b.step(*id)?;
        let (left, right) = (a.last_logits(), b.last_logits());
        let (all_left, all_right) = (log_sum_exp(left), log_sum_exp(right));
        let pairs = left.iter().zip(right).map(|(l, r)| (f64::from(l - all_left), f64::from(r - all_right)));
        kl += pairs.map(|(l, r)| l.exp() * (l - r)).sum::<f64>();
        same += usize::from(argmax(left) == argmax(right));
        if let Some(next) = ids.get(at + 1) {
            surprise[0] += f64::from(all_left - left[*next as usize]);
            surprise[1] += f64::from(all_right - right[*next as usize]);
        }
    }
    let predicted = (ids.len() - 1).max(1) as f64;
    Ok(Divergence {
        positions: ids.len(),
        mean_kl: kl / ids.len() as f64,
        same_top: same as f64 / ids.len() as f64,
        perplexity_a: (surprise[0] / predicted).exp(),
        perplexity_b: (surprise[1] / predicted).exp(),
    })
}

/// Bytes a second that all processors together read from memory, the best of three passes over 256 MB.
pub fn read_bandwidth() -> f64 {
    let words = vec![1_u64; 32 << 20];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = words.len().div_ceil(threads);
    let pass = || {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for words in words.chunks(part) {
                scope.spawn(move || black_box(words.iter().fold(0_u64, |sum, word| sum.wrapping_add(*word))));
            }
        });
        (words.len() * size_of::<u64>()) as f64 / start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| pass()).fold(0.0, f64::max)
}
