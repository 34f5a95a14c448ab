//! From llama.cpp's names and conventions to Hugging Face's: tensor names, configuration, row order.

use anyhow::Result;
use pc_base::{Code, coded};

use crate::config::{Activation, Config, Family, Layer, Rope, RopeScaling, invalid};
use crate::gguf::{Gguf, Meta};

const LAYER: &[(&str, &str)] = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// The Hugging Face name of a tensor; nothing for one that no decoder of ours uses, such as rotary factors.
pub fn hugging_face_name(name: &str, architecture: &str) -> Option<String> {
    match name {
        "token_embd.weight" => return Some("model.embed_tokens.weight".into()),
        "output_norm.weight" => return Some("model.norm.weight".into()),
        "output.weight" => return Some("lm_head.weight".into()),
        _ => {}
    }
    let (number, rest) = name.strip_prefix("blk.")?.split_once('.')?;
    let number: usize = number.parse().ok()?;
    let (part, ending) = rest.rsplit_once('.')?;
    // Gemma has four norms a layer, and two of llama.cpp's names mean other ones there.
    let module = match (architecture, part) {
        ("gemma3", "post_attention_norm") => "post_attention_layernorm",
        ("gemma3", "ffn_norm") => "pre_feedforward_layernorm",
        ("gemma3", "post_ffw_norm") => "post_feedforward_layernorm",
        (_, "ffn_norm") => "post_attention_layernorm",
        _ => LAYER.iter().find(|(gguf, _)| *gguf == part)?.1,
    };
    Some(format!("model.layers.{number}.{module}.{ending}"))
}

/// llama.cpp interleaves the two halves of each head of Llama's query and key; this puts them back.
pub fn undo_interleaving(values: &[f32], shape: &[usize], heads: usize) -> Vec<f32> {
    let columns = shape.get(1).copied().unwrap_or(1);
    let head = shape[0] / heads;
    if head < 2 || values.len() != shape[0] * columns {
        return values.to_vec();
    }
    let mut out = vec![0.0; values.len()];
    for row in 0..head * heads {
        let (number, within) = (row / head, row % head);
        let from = number * head + (within % (head / 2)) * 2 + within / (head / 2);
        out[row * columns..(row + 1) * columns].copy_from_slice(&values[from * columns..(from + 1) * columns]);
    }
    out
}

fn family(architecture: &str) -> Result<Family> {
    match architecture {
        "gemma3" => Ok(Family::Gemma3),
        "qwen2" => Ok(Family::Qwen2),
        "qwen3" => Ok(Family::Qwen3),
        "llama" => Ok(Family::Llama),
        other => Err(coded(Code::ModelArchitectureUnknown).with("architecture", other).into()),
    }
}

/// The decoder's shape from the metadata.
pub fn config(gguf: &Gguf) -> Result<Config> {
    let family = family(gguf.architecture())?;
    let gemma = family == Family::Gemma3;
    let size_or_none = |name: &str| gguf.of_architecture(name).and_then(Meta::size).filter(|n| *n > 0);
    let size = |name: &str| size_or_none(name).ok_or_else(|| invalid(&format!("{name} is missing")));
    let (hidden_size, num_heads) = (size("embedding_length")?, size("attention.head_count")?);
    let head_dim = size_or_none("attention.key_length").unwrap_or(hidden_size / num_heads);
    let num_layers = size("block_count")?;
    let vocab_size = gguf.tensors.shape("model.embed_tokens.weight").map_or(0, |shape| shape[0]);
    let token = |name: &str| gguf.metadata.get(name).and_then(Meta::size).map(|id| id as u32);
    let bias = gguf.tensors.shape("model.layers.0.self_attn.q_proj.bias").is_some();
    let config = Config {
        family,
        hidden_size,
        intermediate_size: size("feed_forward_length")?,
        num_layers,
        num_heads,
        num_kv_heads: size_or_none("attention.head_count_kv").unwrap_or(num_heads),
        head_dim,
        vocab_size,
        max_position: size("context_length")?,
        rms_norm_eps: gguf.of_architecture("attention.layer_norm_rms_epsilon").and_then(Meta::float).unwrap_or(1e-6),
        activation: if gemma { Activation::GeluTanh } else { Activation::Silu },
        tie_word_embeddings: gguf.tensors.shape("lm_head.weight").is_none(),
        qkv_bias: bias,
        output_bias: false,
        mlp_bias: false,
        qk_norm: matches!(family, Family::Qwen3 | Family::Gemma3),
        norm_plus_one: gemma,
        sandwich_norms: gemma,
        embed_scale: gemma.then(|| (hidden_size as f32).sqrt()),
        attention_scale: 1.0 / (head_dim as f32).sqrt(),
        logit_softcap: None,
        layers: layers(gguf, family, num_layers)?,
        bos: token("tokenizer.ggml.bos_token_id"),
        eos: token("tokenizer.ggml.eos_token_id").into_iter().collect(),
    };
    config.check()?;
    Ok(config)
}

fn layers(gguf: &Gguf, family: Family, count: usize) -> Result<Vec<Layer>> {
    let float = |name: &str| gguf.of_architecture(name).and_then(Meta::float);
    let scaling = match gguf.of_architecture("rope.scaling.type") {
        None => RopeScaling::None,
        Some(Meta::Text(kind)) if kind == "none" => RopeScaling::None,
        Some(Meta::Text(kind)) if kind == "linear" => {
            RopeScaling::Linear { factor: float("rope.scaling.factor").unwrap_or(1.0) as f32 }
        }
        Some(_) => return Err(invalid("the rope scaling of this GGUF file is not supported")),
    };
    let gemma = family == Family::Gemma3;
    let full = Rope { theta: float("rope.freq_base").unwrap_or(if gemma { 1e6 } else { 1e4 }), scaling };
    let window = gguf.of_architecture("attention.sliding_window").and_then(Meta::size).filter(|_| gemma);
    if count > 1024 {
        return Err(invalid("block_count is out of range"));
    }
    // Gemma 3: five sliding layers with rotary base 10,000, then one that sees everything.
    let local = Rope { theta: 1e4, scaling: RopeScaling::None };
    Ok((0..count)
        .map(|at| match window.filter(|_| (at + 1) % 6 != 0) {
            Some(window) => Layer { sliding_window: Some(window), rope: local },
            None => Layer { sliding_window: None, rope: full },
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gemmas_four_norms_keep_their_places() {
        let name = |gguf| hugging_face_name(gguf, "gemma3").unwrap();
        assert_eq!(name("blk.3.ffn_norm.weight"), "model.layers.3.pre_feedforward_layernorm.weight");
        assert_eq!(name("blk.3.post_attention_norm.weight"), "model.layers.3.post_attention_layernorm.weight");
        assert_eq!(
            hugging_face_name("blk.0.ffn_norm.weight", "qwen3").unwrap(),
            "model.layers.0.post_attention_layernorm.weight"
        );
        assert_eq!(hugging_face_name("rope_freqs.weight", "llama"), None);
    }

    #[test]
    fn interleaved_rows_return_to_two_halves() {
        let rows: Vec<f32> = vec![0.0, 2.0, 1.0, 3.0];
        assert_eq!(undo_interleaving(&rows, &[4, 1], 1), [0.0, 1.0, 2.0, 3.0], "one head of four rows");
    }
}
