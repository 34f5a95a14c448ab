//! What a decoder is: sizes and switches, read from a Hugging Face `config.json` of either generation.
//!
//! Families: Qwen2/2.5 (arXiv 2412.15115), Qwen3 (2505.09388), Llama 3 (2407.21783), Gemma 3 text (2503.19786).
//! Deliberately absent: anything that runs a model.

use std::f32::consts::TAU;

use anyhow::Result;
use pc_base::{Code, coded};
use serde_json::Value;

/// A family of decoders; everything else about a model is data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Qwen2,
    Qwen3,
    Llama,
    Gemma3,
}

/// The gate's activation in the feed-forward block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Silu,
    /// GELU by its tanh approximation.
    GeluTanh,
}

/// How rotary frequencies are stretched to longer contexts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    None,
    Linear {
        factor: f32,
    },
    /// Llama 3.1's: long wave lengths are divided, short ones kept, those between interpolated.
    Llama3 {
        factor: f32,
        low_freq_factor: f32,
        high_freq_factor: f32,
        original_context: f32,
    },
}

/// Rotary position embedding (arXiv 2104.09864).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    pub theta: f64,
    pub scaling: RopeScaling,
}

impl Rope {
    /// Angle per position for each pair of a head's dimensions: `[head_dim / 2]`.
    pub fn inv_freq(&self, head_dim: usize) -> Vec<f32> {
        let plain = (0..head_dim / 2).map(|i| (1.0 / self.theta.powf(2.0 * i as f64 / head_dim as f64)) as f32);
        plain.map(|freq| self.scale(freq)).collect()
    }

    fn scale(&self, freq: f32) -> f32 {
        match self.scaling {
            RopeScaling::None => freq,
            RopeScaling::Linear { factor } => freq / factor,
            RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
                let wavelength = TAU / freq;
                if wavelength < original_context / high_freq_factor {
                    freq
                } else if wavelength > original_context / low_freq_factor {
                    freq / factor
                } else {
                    let span = high_freq_factor - low_freq_factor;
                    let smooth = (original_context / wavelength - low_freq_factor) / span;
                    (1.0 - smooth) * freq / factor + smooth * freq
                }
            }
        }
    }
}

/// What may differ from layer to layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// How many positions, its own included, a token sees; nothing sees all before it.
    pub sliding_window: Option<usize>,
    pub rope: Rope,
}

/// A decoder's shape. Sizes are counts of elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub family: Family,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_layers: usize,
    pub num_heads: usize,
    pub num_kv_heads: usize,
    pub head_dim: usize,
    pub vocab_size: usize,
    pub max_position: usize,
    pub rms_norm_eps: f64,
    pub activation: Activation,
    /// The output head is the embedding table.
    pub tie_word_embeddings: bool,
    pub qkv_bias: bool,
    pub output_bias: bool,
    pub mlp_bias: bool,
    /// Queries and keys are normalised per head (Qwen3, Gemma 3).
    pub qk_norm: bool,
    /// Norms compute `x * (1 + w)` (Gemma).
    pub norm_plus_one: bool,
    /// Norms stand before and after attention and feed-forward (Gemma).
    pub sandwich_norms: bool,
    /// Embeddings are multiplied by this (Gemma: the root of the hidden size).
    pub embed_scale: Option<f32>,
    /// Scores are multiplied by this before the softmax.
    pub attention_scale: f32,
    pub logit_softcap: Option<f32>,
    pub layers: Vec<Layer>,
    pub bos: Option<u32>,
    pub eos: Vec<u32>,
}

/// Reads fields of one JSON object and names the field that is wrong.
struct Fields<'a>(&'a Value);

impl Fields<'_> {
    fn size(&self, name: &str) -> Result<usize> {
        self.size_or_none(name).ok_or_else(|| invalid(&format!("{name} is missing or not a positive number")))
    }

    fn size_or_none(&self, name: &str) -> Option<usize> {
        self.0.get(name)?.as_u64().filter(|n| (1..=1 << 31).contains(n)).map(|n| n as usize)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}

pub(crate) fn invalid(why: &str) -> anyhow::Error {
    coded(Code::ModelFileInvalid).with("path", "config.json").with("why", why).into()
}

impl Config {
    /// From the text of `config.json`; a multimodal file's `text_config` is what counts.
    pub fn from_json(text: &str) -> Result<Self> {
        let whole: Value = serde_json::from_str(text).map_err(|e| invalid(&e.to_string()))?;
        let inner = whole.get("text_config").unwrap_or(&whole);
        let fields = Fields(inner);
        let family = family(fields.text("model_type").or_else(|| whole.get("model_type")?.as_str()))?;
        let hidden_size = fields.size("hidden_size")?;
        let gemma = family == Family::Gemma3;
        // Published Gemma 3 files leave out what equals the defaults of Transformers' Gemma3TextConfig.
        let or_gemmas = |name: &str, value: usize| {
            fields.size_or_none(name).or(gemma.then_some(value)).map_or_else(|| fields.size(name), Ok)
        };
        let num_heads = or_gemmas("num_attention_heads", 8)?;
        let num_layers = fields.size("num_hidden_layers")?;
        let head_dim = or_gemmas("head_dim", 256).unwrap_or(hidden_size / num_heads);
        let attention_bias = fields.flag("attention_bias").unwrap_or(false);
        let scalar = if gemma { fields.number("query_pre_attn_scalar").unwrap_or(256.0) } else { head_dim as f64 };
        if fields.number("attn_logit_softcapping").is_some() {
            return Err(invalid("attn_logit_softcapping is not supported"));
        }
        let config = Self {
            family,
            hidden_size,
            intermediate_size: fields.size("intermediate_size")?,
            num_layers,
            num_heads,
            num_kv_heads: or_gemmas("num_key_value_heads", 4).unwrap_or(num_heads),
            head_dim,
            vocab_size: or_gemmas("vocab_size", 262_208)?,
            max_position: or_gemmas("max_position_embeddings", 131_072).unwrap_or(4096),
            rms_norm_eps: fields.number("rms_norm_eps").unwrap_or(1e-6),
            activation: activation(fields.text("hidden_activation").or_else(|| fields.text("hidden_act")), gemma)?,
            tie_word_embeddings: inner
                .get("tie_word_embeddings")
                .or_else(|| whole.get("tie_word_embeddings"))
                .and_then(Value::as_bool)
                .unwrap_or(gemma),
            qkv_bias: attention_bias || family == Family::Qwen2,
            output_bias: attention_bias && family != Family::Qwen2,
            mlp_bias: fields.flag("mlp_bias").unwrap_or(false),
            qk_norm: matches!(family, Family::Qwen3 | Family::Gemma3),
            norm_plus_one: gemma,
            sandwich_norms: gemma,
            embed_scale: gemma.then(|| (hidden_size as f32).sqrt()),
            attention_scale: (1.0 / scalar.sqrt()) as f32,
            logit_softcap: fields.number("final_logit_softcapping").map(|cap| cap as f32),
            layers: layers(&fields, family, num_layers)?,
            bos: inner.get("bos_token_id").and_then(Value::as_u64).map(|id| id as u32),
            eos: ids(inner.get("eos_token_id").or_else(|| whole.get("eos_token_id"))),
        };
        config.check()?;
        Ok(config)
    }

    /// Refuses sizes that no weights could have.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.num_heads.is_multiple_of(self.num_kv_heads) {
            return Err(invalid("num_attention_heads is not a multiple of num_key_value_heads"));
        }
        if self.head_dim < 2 || !self.head_dim.is_multiple_of(2) {
            return Err(invalid("head_dim is not an even number"));
        }
        if self.num_layers > 1024 || self.layers.len() != self.num_layers {
            return Err(invalid("num_hidden_layers does not fit layer_types"));
        }
        Ok(())
    }

    /// Rows of the query projection.
    pub fn query_size(&self) -> usize {
        self.num_heads * self.head_dim
    }

    /// Rows of the key and of the value projection.
    pub fn kv_size(&self) -> usize {
        self.num_kv_heads * self.head_dim
    }
}

fn family(model_type: Option<&str>) -> Result<Family> {
    match model_type {
        Some("qwen2") => Ok(Family::Qwen2),
        Some("qwen3") => Ok(Family::Qwen3),
        Some("llama") => Ok(Family::Llama),
        Some("gemma3_text" | "gemma3") => Ok(Family::Gemma3),
        other => Err(coded(Code::ModelArchitectureUnknown).with("architecture", other.unwrap_or("(none)")).into()),
    }
}

fn activation(name: Option<&str>, gemma: bool) -> Result<Activation> {
    match name {
        None if gemma => Ok(Activation::GeluTanh),
        None | Some("silu") => Ok(Activation::Silu),
        Some("gelu_pytorch_tanh") => Ok(Activation::GeluTanh),
        Some(other) => Err(invalid(&format!("the activation {other} is not supported"))),
    }
}

pub(crate) fn ids(value: Option<&Value>) -> Vec<u32> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_u64).map(|id| id as u32).collect(),
        Some(one) => one.as_u64().map(|id| id as u32).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Which layers slide, and which rotary each kind uses; Gemma 3 has one for each kind.
fn layers(fields: &Fields<'_>, family: Family, count: usize) -> Result<Vec<Layer>> {
    let slides = fields.flag("use_sliding_window").unwrap_or(family == Family::Gemma3);
    let gemma = family == Family::Gemma3;
    let default = gemma.then_some(4096);
    let window = fields.size_or_none("sliding_window").or(default).filter(|_| slides);
    let theta = fields.number("rope_theta").unwrap_or(if gemma { 1e6 } else { 1e4 });
    let full = rope(fields, "full_attention", theta)?;
    let sliding = match fields.number("rope_local_base_freq") {
        Some(theta) => Rope { theta, scaling: RopeScaling::None },
        None if gemma && fields.0.get("rope_parameters").is_none() => Rope { theta: 1e4, scaling: RopeScaling::None },
        None => rope(fields, "sliding_attention", full.theta)?,
    };
    let kinds = fields.0.get("layer_types").and_then(Value::as_array);
    let pattern = ["sliding_window_pattern", "_sliding_window_pattern"].iter().find_map(|n| fields.size_or_none(n));
    if kinds.is_some_and(|kinds| kinds.len() != count) || count > 1024 {
        return Err(invalid("num_hidden_layers does not fit layer_types"));
    }
    let is_sliding = |at: usize| match (kinds, pattern) {
        (Some(kinds), _) => kinds[at].as_str() == Some("sliding_attention"),
        (None, Some(every)) => !(at + 1).is_multiple_of(every),
        (None, None) if gemma => !(at + 1).is_multiple_of(6),
        (None, None) => at >= fields.size_or_none("max_window_layers").unwrap_or(28),
    };
    Ok((0..count)
        .map(|at| match window.filter(|_| is_sliding(at)) {
            Some(window) => Layer { sliding_window: Some(window), rope: sliding },
            None => Layer { sliding_window: None, rope: full },
        })
        .collect())
}

/// `rope_parameters` (flat, or one a layer kind), else the older `rope_scaling` beside `rope_theta`.
fn rope(fields: &Fields<'_>, kind: &str, theta: f64) -> Result<Rope> {
    let newer = fields.0.get("rope_parameters").map(|all| all.get(kind).unwrap_or(all));
    let Some(value) = newer.or_else(|| fields.0.get("rope_scaling")).filter(|value| value.is_object()) else {
        return Ok(Rope { theta, scaling: RopeScaling::None });
    };
    let given = Fields(value);
    let need = |name: &str| {
        let number = given.number(name).filter(|n| *n > 0.0);
        number.map(|n| n as f32).ok_or_else(|| invalid(&format!("the rope's {name} is missing")))
    };
    let scaling = match given.text("rope_type").or_else(|| given.text("type")) {
        None | Some("default") => RopeScaling::None,
        Some("linear") => RopeScaling::Linear { factor: need("factor")? },
        Some("llama3") => RopeScaling::Llama3 {
            factor: need("factor")?,
            low_freq_factor: need("low_freq_factor")?,
            high_freq_factor: need("high_freq_factor")?,
            original_context: need("original_max_position_embeddings")?,
        },
        Some(other) => return Err(invalid(&format!("the rope type {other} is not supported"))),
    };
    Ok(Rope { theta: given.number("rope_theta").unwrap_or(theta), scaling })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(extra: &str) -> Config {
        let text = format!(
            r#"{{"model_type":"llama","hidden_size":64,"num_attention_heads":4,"num_hidden_layers":2,
                "intermediate_size":128,"vocab_size":512,{extra}}}"#
        );
        Config::from_json(&text).unwrap()
    }

    #[test]
    fn both_generations_say_the_same_rope() {
        let scaling = r#""rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
            "original_max_position_embeddings":8192"#;
        let older = config(&format!(r#""rope_theta":500000.0,"rope_scaling":{{{scaling}}}"#));
        let newer = config(&format!(r#""rope_parameters":{{"rope_theta":500000.0,{scaling}}}"#));
        assert_eq!(older.layers, newer.layers, "the two generations only spell it differently");
        assert!(matches!(older.layers[0].rope.scaling, RopeScaling::Llama3 { .. }));
    }

    #[test]
    fn llama3_scaling_keeps_short_waves_and_divides_long_ones() {
        let scaling =
            RopeScaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_context: 8192.0 };
        let (plain, scaled) = (
            Rope { theta: 500_000.0, scaling: RopeScaling::None }.inv_freq(64),
            Rope { theta: 500_000.0, scaling }.inv_freq(64),
        );
        assert_eq!(plain[0], scaled[0], "a wave of six tokens is far below the limit");
        assert_eq!(plain[31] / 8.0, scaled[31], "a wave beyond the old context is divided by the factor");
    }

    #[test]
    fn a_multimodal_gemma_file_leaves_its_defaults_out() {
        let text = r#"{"model_type":"gemma3","text_config":{"model_type":"gemma3_text","hidden_size":2560,
            "intermediate_size":10240,"num_hidden_layers":34,"sliding_window":1024,
            "rope_scaling":{"factor":8.0,"rope_type":"linear"}}}"#;
        let config = Config::from_json(text).unwrap();
        assert_eq!((config.num_heads, config.num_kv_heads, config.head_dim), (8, 4, 256));
        assert_eq!((config.activation, config.tie_word_embeddings), (Activation::GeluTanh, true));
        let local = Layer { sliding_window: Some(1024), rope: Rope { theta: 1e4, scaling: RopeScaling::None } };
        let global = Rope { theta: 1e6, scaling: RopeScaling::Linear { factor: 8.0 } };
        assert_eq!(config.layers[0], local, "the stretching is of the global layers only");
        assert_eq!(config.layers[5], Layer { sliding_window: None, rope: global }, "every sixth layer sees everything");
    }

    #[test]
    fn an_unknown_architecture_is_refused_by_code() {
        let error = Config::from_json(r#"{"model_type":"mamba"}"#).unwrap_err();
        assert_eq!(error.downcast_ref::<pc_base::Coded>().unwrap().code, Code::ModelArchitectureUnknown);
    }
}
