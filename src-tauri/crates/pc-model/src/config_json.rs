//! `config.json` in Hugging Face's form out of a [`Config`], whatever file that came from.

use serde_json::{Value, json};

use crate::config::{Activation, Config, Family, Rope, RopeScaling};

/// What `Config::from_json` reads back as the same config.
pub fn config_json(config: &Config) -> Value {
    let (model_type, class) = match config.family {
        Family::Qwen2 => ("qwen2", "Qwen2ForCausalLM"),
        Family::Qwen3 => ("qwen3", "Qwen3ForCausalLM"),
        Family::Llama => ("llama", "LlamaForCausalLM"),
        Family::Gemma3 => ("gemma3_text", "Gemma3ForCausalLM"),
    };
    let activation = match config.activation {
        Activation::Silu => "silu",
        Activation::GeluTanh => "gelu_pytorch_tanh",
    };
    let window = config.layers.iter().find_map(|layer| layer.sliding_window);
    let full = config.layers.iter().find(|layer| layer.sliding_window.is_none()).map(|layer| rope_json(&layer.rope));
    let sliding = config.layers.iter().find(|layer| layer.sliding_window.is_some()).map(|layer| rope_json(&layer.rope));
    let kind = |slides: bool| if slides { "sliding_attention" } else { "full_attention" };
    let kinds: Vec<&str> = config.layers.iter().map(|layer| kind(layer.sliding_window.is_some())).collect();
    let mut value = json!({
        "architectures": [class],
        "model_type": model_type,
        "dtype": "float32",
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.max_position,
        "rms_norm_eps": config.rms_norm_eps,
        "hidden_act": activation,
        "tie_word_embeddings": config.tie_word_embeddings,
        "attention_bias": config.qkv_bias,
        "mlp_bias": config.mlp_bias,
        "layer_types": kinds,
        "use_sliding_window": window.is_some(),
        "sliding_window": window,
        "rope_parameters": match (&full, &sliding) {
            (Some(full), Some(sliding)) => json!({"full_attention": full, "sliding_attention": sliding}),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => Value::Null,
        },
        "bos_token_id": config.bos,
        "eos_token_id": config.eos,
    });
    if config.family == Family::Gemma3 {
        value["hidden_activation"] = activation.into();
        value["query_pre_attn_scalar"] = f64::from(config.attention_scale.powi(-2).round()).into();
        value["final_logit_softcapping"] = config.logit_softcap.map(f64::from).into();
    }
    value
}

fn rope_json(rope: &Rope) -> Value {
    match rope.scaling {
        RopeScaling::None => json!({"rope_type": "default", "rope_theta": rope.theta}),
        RopeScaling::Linear { factor } => json!({"rope_type": "linear", "rope_theta": rope.theta, "factor": factor}),
        RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => json!({
            "rope_type": "llama3",
            "rope_theta": rope.theta,
            "factor": factor,
            "low_freq_factor": low_freq_factor,
            "high_freq_factor": high_freq_factor,
            "original_max_position_embeddings": original_context,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_same(text: &str) {
        let config = Config::from_json(text).unwrap();
        let back = Config::from_json(&config_json(&config).to_string()).unwrap();
        assert_eq!(config, back, "what is written means what was read");
    }

    #[test]
    fn every_family_reads_back_the_same() {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/tiny-models");
        for family in ["qwen2", "qwen3", "llama", "gemma3"] {
            assert_same(&std::fs::read_to_string(fixtures.join(family).join("config.json")).unwrap());
        }
    }

    #[test]
    fn scaled_rotations_read_back_the_same() {
        assert_same(
            r#"{"model_type":"llama","hidden_size":64,"num_attention_heads":4,"num_hidden_layers":1,
            "intermediate_size":128,"vocab_size":512,"rope_theta":500000.0,"rope_scaling":{"rope_type":"llama3",
            "factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192}}"#,
        );
    }
}
