//! The command line's grammar.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use pc_base::Language;

/// Partner Console on the command line.
#[derive(Parser)]
#[command(name = "partner", version, about)]
pub struct Args {
    /// One JSON document a line, the result last.
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of messages; default: the system's.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
    #[command(subcommand)]
    pub command: Command,
}

/// A language by its tag.
#[derive(Clone, Copy, ValueEnum)]
pub enum Lang {
    #[value(name = "en")]
    En,
    #[value(name = "zh-CN", alias = "zh")]
    Zh,
}

impl Args {
    /// The reader's language.
    pub fn language(&self) -> Language {
        language(self.lang)
    }
}

/// The asked language, or the system's.
pub fn language(asked: Option<Lang>) -> Language {
    match asked {
        Some(Lang::En) => Language::English,
        Some(Lang::Zh) => Language::Chinese,
        None => Language::from_locale(&sys_locale::get_locale().unwrap_or_default()),
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Clouds.
    #[command(subcommand)]
    Cloud(Cloud),
    /// Data sets: check here, upload to the selected cloud.
    #[command(subcommand)]
    Dataset(Dataset),
    /// Models on this machine.
    #[command(subcommand)]
    Model(Model),
    /// Ask a model on this machine, in a process that cannot reach the network where the system allows that.
    Chat(Chat),
    /// Serve the window's content to a browser on this machine, for development and tests.
    #[cfg(debug_assertions)]
    #[command(hide = true)]
    DevHost {
        /// 0 chooses a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// The built content; default: that of this checkout.
        #[arg(long)]
        ui: Option<PathBuf>,
    },
    /// Figures of this machine: speed and memory.
    Bench {
        #[arg(value_enum)]
        what: Bench,
    },
}

#[derive(Subcommand)]
pub enum Cloud {
    /// Serve a cloud in the foreground on a data folder of its own, until Ctrl-C.
    Serve {
        /// 0 chooses a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Everything that it keeps lies here; default: `served` in the home.
        #[arg(long)]
        data: Option<PathBuf>,
        /// A key to accept; without it one is made.
        #[arg(long)]
        api_key: Option<String>,
    },
    /// End the cloud that runs in the background.
    Stop,
}

#[derive(Subcommand)]
pub enum Dataset {
    /// Judge every line of a ChatML JSONL file and list every error.
    Check { file: PathBuf },
}

#[derive(Subcommand)]
pub enum Model {
    /// Models on this machine.
    List,
    /// Make the ONNX form of a model and keep it for chat.
    Convert {
        model: String,
        #[arg(long, value_enum, default_value_t = Weights::Int8)]
        quant: Weights,
    },
    /// Take in a Hugging Face folder or a GGUF file.
    Import {
        from: PathBuf,
        /// A PEFT adapter to go with it.
        #[arg(long)]
        adapter: Option<PathBuf>,
        #[arg(long)]
        name: Option<String>,
    },
    /// Write an ONNX folder.
    Export {
        model: String,
        #[arg(long)]
        to: PathBuf,
        #[arg(long, value_enum, default_value_t = Weights::F32)]
        quant: Weights,
    },
    /// The eight likeliest next tokens of an exported folder, with their logits.
    Logits {
        dir: PathBuf,
        /// Token ids, with commas between.
        #[arg(long, value_delimiter = ',', required = true)]
        ids: Vec<u32>,
    },
    /// What the model reads for a conversation.
    Render {
        model: String,
        #[arg(long)]
        messages: PathBuf,
    },
    /// Remove an imported model.
    Delete { model: String },
}

#[derive(clap::Args)]
pub struct Chat {
    pub model: String,
    #[arg(long)]
    pub prompt: String,
    #[arg(long, default_value_t = 256)]
    pub max_tokens: usize,
    /// Always the likeliest token; without it answers vary.
    #[arg(long)]
    pub greedy: bool,
    #[arg(long, value_enum, default_value_t = Weights::Int8)]
    pub quant: Weights,
    /// This process is already the one without a network.
    #[arg(long, hide = true)]
    pub isolated: bool,
}

/// Weight format of an ONNX folder.
#[derive(Clone, Copy, ValueEnum)]
pub enum Weights {
    F32,
    Int8,
    Int4,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Bench {
    Dataset,
    Trainer,
}
