//! The command line's grammar.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use pc_app::api::TrainingType;
use pc_base::Language;

mod database;
mod dataset;
mod drafts;
mod privacy;

pub use database::{Database, ImportDb};
pub use dataset::{AskedOf, Dataset, Edit};
pub use drafts::{Drafting, Drafts, Passages};
pub use privacy::{Mask, Unmask};

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
    /// Clouds: the embedded one, and those that you add.
    #[command(subcommand)]
    Cloud(Cloud),
    /// Data sets: check here, upload to the selected cloud.
    #[command(subcommand)]
    Dataset(Dataset),
    /// Databases that rows can be taken from: connections that are kept.
    #[command(subcommand)]
    Database(Database),
    /// What a cloud has signed about a data set.
    #[command(subcommand)]
    Receipt(Receipt),
    /// Fine-tunes of the selected cloud.
    #[command(subcommand)]
    Tune(Tune),
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
    /// Deployments of the selected cloud.
    #[command(subcommand)]
    Deploy(Deploy),
    /// Usage and bills, read over the cloud's billing API.
    #[command(subcommand)]
    Usage(Usage),
    /// Figures of this machine: speed and memory.
    Bench {
        #[arg(value_enum)]
        what: Bench,
        /// Of `runtime`: only this weight format, in this process.
        #[arg(long, value_enum)]
        quant: Option<Weights>,
        /// Of `cloud` and `dataset`: megabytes of the file.
        #[arg(long, default_value_t = 1000)]
        megabytes: u64,
        /// Of `cloud`: how long many clients call at once.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// The main job from a file to the bill: check, upload, tune, take home, ask offline, serve, bill.
    #[command(hide = true)]
    MainJob(MainJob),
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
        /// Limits: this program's own, or those that Model Studio documents.
        #[arg(long, value_enum, default_value_t = Limits::Embedded)]
        profile: Limits,
    },
    /// End the cloud that runs in the background.
    Stop,
    /// API keys of the cloud on this machine, whether it runs or not.
    #[command(subcommand)]
    Key(Key),
    /// Workspaces of the cloud on this machine.
    #[command(subcommand)]
    Workspace(Workspace),
    /// Seal what comes from now on with a new data key. What is there stays as it is, and readable.
    RotateKey {
        /// Only this workspace's; default: every one.
        #[arg(long)]
        workspace: Option<String>,
        /// Instead a new master key for everything that this user's clouds seal. The cloud must not run. Its own API key
        /// and AccessKey pair change with it; keys that were made stay.
        #[arg(long, conflicts_with = "workspace")]
        master: bool,
        /// Of the cloud in this folder; default: the home's.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Every cloud that this console knows.
    List,
    /// Add a Model Studio workspace. Keys are asked for, or read from standard input, one a line: API key, then
    /// AccessKey ID and secret where a billing address is given.
    Add {
        name: String,
        /// Root address without a path.
        #[arg(long, default_value = "https://dashscope.aliyuncs.com")]
        base_url: String,
        /// Root address of the billing API.
        #[arg(long)]
        billing_url: Option<String>,
        #[arg(long)]
        region: Option<String>,
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Make this cloud the one that every command speaks to.
    Select { id: String },
    /// Forget a cloud and its keys.
    Remove { id: String },
    /// Ask a cloud whether it answers, and what it offers.
    Check { id: String },
}

/// A profile of limits by its name.
#[derive(Clone, Copy, ValueEnum)]
pub enum Limits {
    Embedded,
    ModelStudio,
}

#[derive(Subcommand)]
pub enum Key {
    /// Make a key. It is shown once; only its hash is kept.
    Create {
        /// Default: the oldest one.
        #[arg(long)]
        workspace: Option<String>,
        #[arg(long)]
        description: Option<String>,
        /// read looks at things, write changes them and calls models.
        #[arg(long, value_enum, default_value_t = KeyAccess::Write)]
        access: KeyAccess,
        /// Only this model, and what was tuned from it; may be given several times.
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        /// Only from this network, such as 127.0.0.0/8; may be given several times.
        #[arg(long = "from", value_name = "NETWORK")]
        addresses: Vec<String>,
        /// Such as 2030-01-31T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        /// Of the cloud in this folder; default: the home's.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Every key, without the keys themselves.
    List {
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// End a key, and every token that was made with it.
    Revoke {
        id: i64,
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

/// What a key may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum KeyAccess {
    Read,
    Write,
}

#[derive(Subcommand)]
pub enum Workspace {
    /// Make a workspace: a tenant with a data key of its own.
    Create {
        name: String,
        /// Of the cloud in this folder; default: the home's.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Every workspace.
    List {
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum Receipt {
    /// Check a receipt without the cloud: its signature, and the data that it is about.
    Verify {
        receipt: PathBuf,
        /// The data set as it lies here.
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum Tune {
    /// Start a fine-tune.
    Start(TuneStart),
    /// Fine-tunes in the cloud.
    List,
    /// One fine-tune.
    Show { job: String },
    /// Follow a fine-tune until it ends.
    Watch { job: String },
    /// Stop a fine-tune; what it trained so far is charged.
    Cancel { job: String },
    /// A fine-tune's log.
    Logs {
        job: String,
        /// Lines to skip.
        #[arg(long, default_value_t = 0)]
        offset: u64,
    },
    /// Remove a fine-tune that has ended, with its result in the cloud.
    Delete { job: String },
}

/// Settings have the wire's names.
#[derive(clap::Args)]
pub struct TuneStart {
    /// A data set's id; may be given several times.
    #[arg(long = "dataset", required = true, value_name = "ID")]
    pub datasets: Vec<String>,
    #[arg(long, default_value = pc_app::main_job::MODEL)]
    pub model: String,
    /// What is trained: an adapter or every weight, from conversations, texts (cpt) or pairs of answers (dpo).
    #[arg(long = "type", value_name = "TYPE", default_value = "efficient_sft", value_parser = training_types())]
    pub training_type: TrainingType,
    #[arg(long)]
    pub name: Option<String>,
    /// Follow it until it ends.
    #[arg(long)]
    pub watch: bool,
    #[command(flatten)]
    pub hyper: Hyper,
}

fn training_types() -> impl TypedValueParser<Value = TrainingType> {
    PossibleValuesParser::new(TrainingType::ALL.map(TrainingType::name))
        .map(|name| TrainingType::from_name(&name).unwrap_or_default())
}

/// What is not given is as in the main job.
#[derive(clap::Args)]
#[command(rename_all = "snake_case", next_help_heading = "Hyper-parameters")]
pub struct Hyper {
    /// Times that every row is read.
    #[arg(long)]
    pub n_epochs: Option<u32>,
    /// Rows of one update.
    #[arg(long)]
    pub batch_size: Option<u32>,
    /// Tokens; longer conversations are dropped, longer texts go in pieces, longer answers are cut.
    #[arg(long)]
    pub max_length: Option<u32>,
    /// A tenth of the usual where every weight is trained.
    #[arg(long)]
    pub learning_rate: Option<f64>,
    #[arg(long)]
    pub lora_rank: Option<u32>,
    #[arg(long)]
    pub lora_alpha: Option<u32>,
    #[arg(long)]
    pub lora_dropout: Option<f64>,
    /// linear, polynomial, cosine, cosine_with_restarts, constant, constant_with_warmup or inverse_sqrt.
    #[arg(long)]
    pub lr_scheduler_type: Option<String>,
    #[arg(long)]
    pub warmup_ratio: Option<f64>,
    #[arg(long)]
    pub weight_decay: Option<f64>,
    #[arg(long)]
    pub seed: Option<u64>,
}

#[derive(Subcommand)]
pub enum Deploy {
    /// Serve a fine-tuned model.
    Create {
        /// A fine-tune's result, as `tune show` names it.
        model: String,
        #[arg(long)]
        name: Option<String>,
        /// lora is charged by the token, mu by the hour.
        #[arg(long, default_value = "lora")]
        plan: String,
    },
    /// What the cloud serves.
    List,
    /// Stop serving a model.
    Delete { deployed_model: String },
    /// The key that callers of the deployments use.
    Key,
}

#[derive(Subcommand)]
pub enum Usage {
    /// Read the bill of this month over the billing API and keep it.
    Sync,
    /// The bill as it was last read.
    Show {
        /// YYYY-MM; default: this month.
        #[arg(long)]
        month: Option<String>,
    },
}

#[derive(clap::Args)]
pub struct MainJob {
    #[arg(long, default_value = pc_app::main_job::MODEL)]
    pub model: String,
    /// A ChatML JSONL file; default: the bundled hotel sample.
    #[arg(long)]
    pub file: Option<PathBuf>,
    /// Golden questions as JSON; default: those of the sample.
    #[arg(long)]
    pub golden: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum Model {
    /// Models on this machine.
    List,
    /// Fetch a base model of the catalogue and say where its licence terms lie.
    Prepare { model: String },
    /// Download a fine-tune's result, verify its hash and keep it as a model.
    Pull { job: String },
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
        /// As a base model that the embedded cloud can tune.
        #[arg(long, conflicts_with = "adapter")]
        as_base: bool,
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
    Runtime,
    Cloud,
}
