//! One question to a deployed or a base model: which weights, which prompt, which sampling.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Result, bail};
use pc_base::{Cancel, Code, Places, coded, env};
use pc_model::RenderOptions;
use pc_runtime::{Chat, FinishReason, Sampling};
use pc_server::{Chance, Finish, GenerateSpec, Generated, Prompt, Said, TokenChances};
use serde_json::{Value, json};

use super::LocalEngine;
use super::deployed::Served;

/// An answer's length where the caller sets none.
const LONGEST: usize = 2048;

pub(super) fn generate(
    engine: &LocalEngine,
    spec: &GenerateSpec,
    on_said: &mut dyn FnMut(Said<'_>) -> ControlFlow<()>,
    cancel: &Cancel,
) -> Result<Generated> {
    load_runtime(&engine.places)?;
    let served = served(engine, &spec.model)?;
    let dir = match served.weights {
        Some(dir) => dir,
        None => engine.deployed.base(&engine.places, &engine.turns, &served.base_model)?,
    };
    let sampling = sampling(&spec.sampling, &engine.places.base_model(&served.base_model));
    let name = &served.session;
    engine.sessions.of(name).with(&engine.sessions, name, &dir, cancel, |chat| {
        let prompt = prompt(chat, &spec.prompt, spec.thinking)?;
        let mut pass = |said: pc_runtime::Said<'_>| {
            let tokens: Vec<TokenChances> = said.tokens.iter().map(known).collect();
            on_said(Said { text: said.text, tokens: &tokens })
        };
        let answer = chat.tell(&prompt, &sampling, &mut pass, cancel)?;
        let finish = match answer.finish_reason {
            FinishReason::Length => Finish::Length,
            // Whoever stopped it knows; what was generated still counts.
            FinishReason::Stop | FinishReason::Cancelled => Finish::Stop,
        };
        let (input_tokens, output_tokens) = (answer.input_tokens as u64, answer.output_tokens as u64);
        Ok(Generated { finish, input_tokens, output_tokens })
    })
}

/// In the cloud's words.
fn known(token: &pc_runtime::TokenChances) -> TokenChances {
    let chance = |chance: &pc_runtime::Chance| Chance { bytes: chance.bytes.clone(), logprob: chance.logprob };
    TokenChances { chosen: chance(&token.chosen), top: token.top.iter().map(chance).collect() }
}

fn served(engine: &LocalEngine, model: &str) -> Result<Served> {
    if let Some(served) = engine.deployed.find(model) {
        return Ok(served);
    }
    if engine.bases.list().iter().any(|base| base.id == model) {
        return Ok(Served { base_model: model.to_owned(), weights: None, session: model.to_owned() });
    }
    bail!(coded(Code::ModelUnknown).with("model", model))
}

/// The library that the environment names, else the one in the cache.
fn load_runtime(places: &Places) -> Result<()> {
    pc_runtime::init(&env::path(env::ONNXRUNTIME).unwrap_or_else(|| places.onnxruntime()))
}

fn prompt(chat: &Chat, prompt: &Prompt, thinking: Option<bool>) -> Result<Vec<u32>> {
    let variables = thinking.map(|wanted| ("enable_thinking".to_owned(), wanted.into())).into_iter().collect();
    let options = RenderOptions { add_generation_prompt: true, variables, ..RenderOptions::default() };
    match prompt {
        Prompt::Messages(messages) => {
            let plain = messages.iter().map(plain).collect::<Result<Vec<_>>>()?;
            chat.prompt(&plain, &options)
        }
        Prompt::Text(text) => chat.prompt(&[json!({"role": "user", "content": text})], &options),
    }
}

/// Clients may send text in parts; templates of text models expect one text.
fn plain(message: &Value) -> Result<Value> {
    let Some(parts) = message["content"].as_array() else { return Ok(message.clone()) };
    let texts: Option<String> = parts.iter().map(|part| part["text"].as_str()).collect();
    let refused = || coded(Code::InputInvalid).with("what", "content").with("why", "this model reads only text");
    let mut message = message.clone();
    message["content"] = texts.ok_or_else(refused)?.into();
    Ok(message)
}

/// What the caller leaves open is as the model's own `generation_config.json` says, else greedy.
fn sampling(asked: &pc_server::Sampling, base: &Path) -> Sampling {
    let file = std::fs::read(base.join("generation_config.json")).ok();
    let own: Value = file.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let samples = own["do_sample"] == true;
    let own = |name: &str| if samples { own[name].as_f64() } else { None };
    // A share or a count of candidates only means something when one of them is drawn.
    let drawn = if asked.top_p.is_some() || asked.top_k.is_some() { Some(1.0) } else { None };
    let plain = Sampling::default();
    let or = |asked: Option<f64>, name: &str, plain: f32| asked.or_else(|| own(name)).map_or(plain, |n| n as f32);
    let temperature = asked.temperature.or_else(|| own("temperature")).or(drawn);
    Sampling {
        max_tokens: asked.max_tokens.map_or(LONGEST, |n| n as usize),
        temperature: temperature.or(samples.then_some(1.0)).unwrap_or(0.0) as f32,
        top_p: or(asked.top_p, "top_p", plain.top_p),
        top_k: asked.top_k.map(f64::from).or_else(|| own("top_k")).map_or(plain.top_k, |k| k as usize),
        repetition_penalty: or(asked.repetition_penalty, "repetition_penalty", plain.repetition_penalty),
        presence_penalty: asked.presence_penalty.map_or(plain.presence_penalty, |n| n as f32),
        frequency_penalty: asked.frequency_penalty.map_or(plain.frequency_penalty, |n| n as f32),
        bias: asked.bias.iter().map(|(id, bias)| (*id, *bias as f32)).collect(),
        logprobs: asked.logprobs.map(|count| count as usize),
        seed: asked.seed,
        stop: asked.stop.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_is_the_models_own_and_else_greedy() {
        let dir = tempfile::tempdir().unwrap();
        let open = pc_server::Sampling::default();
        assert_eq!(sampling(&open, dir.path()).temperature, 0.0, "a model that says nothing answers greedily");
        let own = br#"{"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95}"#;
        pc_base::write_atomic(&dir.path().join("generation_config.json"), own).unwrap();
        let drawn = sampling(&open, dir.path());
        assert_eq!((drawn.temperature, drawn.top_k, drawn.top_p), (0.6, 20, 0.95));
        let greedy = pc_server::Sampling { temperature: Some(0.0), ..open };
        assert_eq!(sampling(&greedy, dir.path()).temperature, 0.0, "what is asked for wins");
    }

    #[test]
    fn text_in_parts_becomes_one_text_and_pictures_are_refused() {
        let parts = json!({"role": "user", "content": [{"type": "text", "text": "a"}, {"text": "b"}]});
        assert_eq!(plain(&parts).unwrap(), json!({"role": "user", "content": "ab"}));
        let picture = json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]});
        assert!(plain(&picture).is_err());
    }
}
