//! `partner dataset passages`, `draft` and `drafts …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pc_app::api::{ChatTarget, Quant};

#[derive(Args)]
pub struct Passages {
    pub path: PathBuf,
    /// Keep them as a data set on this machine with this name.
    #[arg(long, required_unless_present = "out")]
    pub name: Option<String>,
    /// Write them to this JSONL file, with where each came from beside it.
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub out: Option<PathBuf>,
    /// Most characters of a passage.
    #[arg(long, default_value_t = 800, value_name = "N")]
    pub max_chars: u32,
}

#[derive(Args)]
pub struct Drafting {
    /// Documents, a JSONL file, NAME or NAME@VERSION of a data set on this machine.
    pub input: String,
    /// Who writes: a deployment of the selected cloud, or local:MODEL[:f32|int8|int4] on this machine.
    #[arg(long, value_parser = target)]
    pub target: ChatTarget,
    /// Drafts of each passage or row, 1 to 10.
    #[arg(long, default_value_t = 3)]
    pub each: u32,
    /// Most passages or rows that are asked about.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
    /// What else the model is told.
    #[arg(long, default_value = "")]
    pub instruction: String,
}

#[derive(Subcommand)]
pub enum Drafts {
    /// All drafts, as they were made.
    List {
        /// Only those of one call.
        #[arg(long)]
        batch: Option<String>,
    },
    /// Accept drafts.
    Accept {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Reject drafts.
    Reject {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Change the words of a draft, and accept it.
    #[command(group(clap::ArgGroup::new("words").required(true).multiple(true)))]
    Edit {
        id: String,
        #[arg(long, group = "words")]
        question: Option<String>,
        #[arg(long, group = "words")]
        answer: Option<String>,
    },
    /// Keep the accepted drafts of a batch as a data set, or behind the rows of one. Judged drafts then leave the list.
    Keep {
        batch: String,
        #[arg(long, required_unless_present = "to")]
        name: Option<String>,
        /// The data set that gets them as its next version.
        #[arg(long, value_name = "NAME", conflicts_with = "name")]
        to: Option<String>,
    },
    /// Destroy all drafts of a batch.
    Discard { batch: String },
}

/// `local:MODEL[:QUANT]`, else a deployment's name.
fn target(text: &str) -> Result<ChatTarget, String> {
    let Some(model) = text.strip_prefix("local:") else {
        return Ok(ChatTarget::Cloud { deployed_model: text.to_owned() });
    };
    let quant = |name: &str| match name {
        "f32" => Some(Quant::F32),
        "int8" => Some(Quant::Int8),
        "int4" => Some(Quant::Int4),
        _ => None,
    };
    let (model, quant) = match model.rsplit_once(':').map(|(model, name)| (model, quant(name))) {
        Some((model, Some(quant))) => (model, quant),
        _ => (model, Quant::Int4),
    };
    if model.is_empty() {
        return Err("local:MODEL or local:MODEL:QUANT".to_owned());
    }
    Ok(ChatTarget::Local { model: model.to_owned(), quant })
}
