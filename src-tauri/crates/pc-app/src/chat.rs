//! Answers on this machine: a model's ONNX form is made once and kept, then ONNX Runtime reads it.
//! Deliberately absent: the network. [`reaches_network`] says whether the process could have used one.

use std::net::UdpSocket;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, Places, Reporter, coded};
use pc_exporter::Quant;
use pc_model::RenderOptions;
use pc_runtime::{Answer, Chat, Options, Sampling, init_default};
use serde_json::json;

use crate::models::{convert, open};

static CONVERTING: Mutex<()> = Mutex::new(());

/// A question to a model of this machine.
pub struct Ask<'a> {
    pub model: &'a str,
    pub quant: Quant,
    pub prompt: &'a str,
    pub sampling: Sampling,
}

/// The ONNX forms of a model, one folder a weight format.
pub(crate) fn converted(places: &Places, model: &str) -> PathBuf {
    places.home.join("onnx").join(model)
}

/// Where one form of a model is once it was made.
pub(crate) fn form(places: &Places, model: &str, quant: crate::api::Quant) -> PathBuf {
    converted(places, model).join(quant_name(quant.into()))
}

/// The model's ONNX folder, made now if there is none. Made aside and renamed, so that a folder that is there is whole.
pub fn prepare(
    places: &Places,
    model: &str,
    quant: Quant,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<PathBuf> {
    open(places, model)?;
    // One at a time: two conversions would need the memory of both, and the second of the same finds it done.
    let _turn = CONVERTING.lock().unwrap_or_else(PoisonError::into_inner);
    cancel.check()?;
    let folder = converted(places, model);
    let ready = folder.join(quant_name(quant));
    if ready.is_dir() {
        return Ok(ready);
    }
    let work = folder.join(format!("converting-{}", uuid::Uuid::now_v7()));
    let kept = convert(places, model, &work, quant, reporter, cancel)
        .and_then(|_| std::fs::rename(&work, &ready).with_context(|| format!("keeping {}", ready.display())));
    if let Err(error) = kept {
        // The half that was written is of no use; should it stay, it is only space.
        let _ = std::fs::remove_dir_all(&work);
        return Err(error);
    }
    Ok(ready)
}

impl From<crate::api::Quant> for Quant {
    fn from(quant: crate::api::Quant) -> Self {
        match quant {
            crate::api::Quant::F32 => Self::F32,
            crate::api::Quant::Int8 => Self::Int8,
            crate::api::Quant::Int4 => Self::Int4,
        }
    }
}

fn quant_name(quant: Quant) -> &'static str {
    match quant {
        Quant::F32 => "f32",
        Quant::Int8 => "int8",
        Quant::Int4 => "int4",
    }
}

/// Answers one user turn; `on_text` gets the text as it appears.
pub fn ask(
    places: &Places,
    ask: &Ask<'_>,
    reporter: &dyn Reporter,
    on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    cancel: &Cancel,
) -> Result<Answer> {
    let dir = prepare(places, ask.model, ask.quant, reporter, cancel)?;
    init_default()?;
    let mut chat = Chat::open(&dir, Options::default())?;
    let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
    let ids = chat.prompt(&[json!({"role": "user", "content": ask.prompt})], &options)?;
    chat.generate(&ids, &ask.sampling, on_text, cancel)
}

/// The `count` likeliest next tokens after `ids` with their logits, from an exported folder; of equals the lower id first.
pub fn top_logits(dir: &Path, ids: &[u32], count: usize) -> Result<Vec<(u32, f32)>> {
    if ids.is_empty() {
        return Err(coded(Code::InputInvalid).with("what", "ids").with("why", "at least one is needed").into());
    }
    init_default()?;
    let logits = Chat::open(dir, Options::default())?.logits(ids)?;
    let mut all: Vec<(u32, f32)> = (0..).zip(logits).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(count);
    Ok(all)
}

/// A command that runs a program where no network can be reached; nothing where the system has no way or refuses it.
///
/// On Linux that is a network namespace of its own, which begins without addresses and routes.
pub fn isolated(program: &Path) -> Option<Command> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let mut trial = Command::new("unshare");
    trial.args(["--map-root-user", "--net", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !trial.status().is_ok_and(|status| status.success()) {
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--"]).arg(program);
    Some(command)
}

/// Whether this process has a route out. Asks the system for the way to an address that is reserved for documents
/// (RFC 5737); connecting a datagram socket sends nothing.
pub fn reaches_network() -> bool {
    UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect("192.0.2.1:9")).is_ok()
}
