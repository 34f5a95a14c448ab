//! `partner chat`: one question, its answer streamed from a process without a network.

use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use pc_app::Sampling;
use pc_app::api::Quant;
use pc_app::chat::{Ask, ask, isolated, reaches_network};
use pc_base::{Cancel, Places};
use serde_json::json;

use crate::args::Chat;
use crate::shown::Shown;

/// Begins again without a network where the system allows it, else answers here; either way says which it was.
pub fn run(chat: &Chat, places: &Places, shown: &Shown, cancel: &Cancel) -> Result<ExitCode> {
    let program = std::env::current_exe().context("finding this program")?;
    let again = if chat.isolated { None } else { isolated(&program) };
    let Some(mut command) = again else {
        return answer(chat, places, shown, cancel).map(|()| ExitCode::SUCCESS);
    };
    let status = command.args(std::env::args_os().skip(1)).arg("--isolated").status().context("answering")?;
    // A child that a signal ended has no code of its own: that is ours, not the user's.
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2)))
}

fn answer(chat: &Chat, places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    let offline = !reaches_network();
    let temperature = if chat.greedy { 0.0 } else { 0.7 };
    let sampling = Sampling { max_tokens: chat.max_tokens, temperature, top_p: 0.9, ..Sampling::default() };
    let question = Ask { model: &chat.model, quant: Quant::from(chat.quant).into(), prompt: &chat.prompt, sampling };
    let mut on_text = |text: &str| {
        shown.text(text);
        ControlFlow::Continue(())
    };
    let answer = ask(places, &question, shown, &mut on_text, cancel)?;
    let document = json!({
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "first_token_ms": answer.first_token.as_secs_f64() * 1e3,
        "tokens_per_second": answer.tokens_per_second,
        "offline": offline,
    });
    let proof = if offline {
        shown.words("no route to any network", "无任何网络路由")
    } else {
        shown.words("the network could have been reached", "本可访问网络")
    };
    let speed = format!("{:.1} tokens/s", answer.tokens_per_second);
    shown.result(&document, &format!("\n({} tokens, {speed}, {proof})", answer.output_tokens));
    Ok(())
}
