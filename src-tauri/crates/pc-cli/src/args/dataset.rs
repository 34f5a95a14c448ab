//! `partner dataset …`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use pc_app::api::DatasetKind;

use super::privacy::{Mask, Unmask};
use super::{Drafting, Drafts, ImportDb, Passages};

/// What a data set's rows are.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum RowKind {
    /// Conversations (ChatML).
    #[default]
    Sft,
    /// Pairs of answers.
    Dpo,
    /// Plain texts.
    Cpt,
}

impl From<RowKind> for DatasetKind {
    fn from(kind: RowKind) -> Self {
        match kind {
            RowKind::Sft => Self::Sft,
            RowKind::Dpo => Self::Dpo,
            RowKind::Cpt => Self::Cpt,
        }
    }
}

/// A file, and how it is looked at.
#[derive(clap::Args)]
pub struct AskedOf {
    /// A file, NAME or NAME@VERSION of a data set on this machine, with which the verdict is kept.
    pub input: String,
    /// What its rows are; a data set knows it.
    #[arg(long, value_enum, default_value_t)]
    pub kind: RowKind,
    /// Count tokens as a training of this model would: one on this machine, or qwen, qwen2, qwen2.5 or qwen3.
    #[arg(long)]
    pub model: Option<String>,
    /// Name rows of more tokens than this.
    #[arg(long, value_name = "TOKENS", requires = "model")]
    pub max_length: Option<u64>,
}

/// What is changed, and where the outcome goes.
#[derive(clap::Args)]
pub struct Edit {
    /// A file, NAME or NAME@VERSION of a data set on this machine.
    pub input: String,
    /// The JSONL file to write. Default: the next version of the data set.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What a file's rows are; a data set knows it.
    #[arg(long, value_enum, default_value_t)]
    pub kind: RowKind,
}

#[derive(Subcommand)]
pub enum Dataset {
    /// Say everything about every line: format, what rows say, personal data and secrets, rows that repeat, contradict or give
    /// away others and, with a model, tokens.
    Check {
        #[command(flatten)]
        asked: AskedOf,
        /// Updates read this many rows each; there must be more.
        #[arg(long, value_name = "ROWS")]
        batch_size: Option<u64>,
        /// What training must not know: rows (a JSONL file, NAME or NAME@VERSION), or a golden set (.json); may be given several times.
        #[arg(long, value_name = "FILE")]
        held: Vec<String>,
    },
    /// Languages, lengths, turns, labels and, with a model, tokens of a file's good rows.
    Stats {
        #[command(flatten)]
        asked: AskedOf,
    },
    /// Make rows to train on out of a file that people have: JSONL, JSON, CSV, Excel, Parquet, text, Markdown, a zip or a
    /// folder of them. What its columns mean is guessed and told, or taken from a recipe.
    Convert {
        file: PathBuf,
        /// The JSONL file to write.
        #[arg(long)]
        out: PathBuf,
        /// A recipe that was kept.
        #[arg(long)]
        recipe: Option<PathBuf>,
        /// Keep the recipe that was used, to be read, changed and used again.
        #[arg(long, value_name = "FILE")]
        keep_recipe: Option<PathBuf>,
    },
    /// Repair what a check found, in bulk. Each repair leaves a row without its finding, or leaves the row alone.
    Fix {
        #[command(flatten)]
        edit: Edit,
        /// A code that check names, such as line_blank; may be given several times. Default: all that can be repaired.
        #[arg(long, value_name = "CODE")]
        code: Vec<String>,
        /// Leave out rows that have an error in the end.
        #[arg(long)]
        drop_bad: bool,
    },
    /// Take the rows of a query against PostgreSQL or MySQL, of which PolarDB speaks both, as a data set on this machine or as a
    /// file. Nothing is ever written to the database.
    ImportDb(ImportDb),
    /// Divide rows into training and validation, the same way each time. Rows that are nearly the same stay on one side.
    Split {
        /// A file, NAME or NAME@VERSION of a data set on this machine.
        file: String,
        /// The JSONL file of the rows to train on. Default: two new data sets on this machine.
        #[arg(long, requires = "validation")]
        training: Option<PathBuf>,
        /// The JSONL file of the rows to validate with.
        #[arg(long, requires = "training")]
        validation: Option<PathBuf>,
        /// Of the rows, for validation.
        #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
        share: f64,
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Keep the shares of short answers, languages and lengths alike on both sides.
        #[arg(long)]
        stratified: bool,
    },
    /// Leave out rows that repeat others, exactly or nearly.
    Dedup {
        #[command(flatten)]
        edit: Edit,
        /// Least similarity of rows that repeat, in (0, 1]; above 1, equal rows only.
        #[arg(long, default_value_t = 0.8)]
        threshold: f64,
        /// Of rows that ask the same, keep the first only.
        #[arg(long)]
        one_answer: bool,
        /// What must not be in it: a JSONL file of rows, or a golden set (.json); may be given several times.
        #[arg(long, value_name = "FILE")]
        held: Vec<PathBuf>,
    },
    /// Take a sample that looks like the whole, the same each time.
    Sample {
        /// A file, NAME or NAME@VERSION of a data set on this machine.
        input: String,
        #[arg(long)]
        rows: u64,
        /// The JSONL file to write. Default: a new data set on this machine.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// What differs between two files or versions.
    Diff { older: String, newer: String },
    /// Take a file in as a data set on this machine, or as the next version of one.
    Add {
        /// As for convert.
        file: PathBuf,
        /// What it is called; default: the file's name.
        #[arg(long)]
        name: Option<String>,
        /// The data set that gets it as its next version.
        #[arg(long, value_name = "NAME", conflicts_with = "name")]
        to: Option<String>,
        /// A recipe that was kept. Without one the file's lines are taken as they are where they are rows to train on, and else
        /// its columns' meaning is guessed.
        #[arg(long)]
        recipe: Option<PathBuf>,
    },
    /// Data sets on this machine, or the versions of one and what was made of them.
    Versions { name: Option<String> },
    /// Remove a data set from this machine, with all of its versions. What is in a cloud stays there.
    Forget { name: String },
    /// Mask personal data and secrets in a file or in a data set on this machine, whose next version it becomes.
    Mask(Mask),
    /// Turn stand-ins back into what they stand for. Only who has the master key can.
    Unmask(Unmask),
    /// Split documents (Markdown, text, HTML, PDF, Word; alone, in a folder or in a zip) into passages to train on.
    Passages(Passages),
    /// Let a model write questions and answers from documents or texts, or put questions that are there in other words. The
    /// drafts wait until you judge them.
    Draft(Drafting),
    /// Rows that a model drafted: judge them one by one, and keep the accepted ones.
    #[command(subcommand)]
    Drafts(Drafts),
    /// Check a file, or a version of a data set, and, where it has no errors, send it to the cloud.
    Upload {
        /// A file, NAME or NAME@VERSION of a data set on this machine.
        input: String,
        /// What its rows are.
        #[arg(long, value_enum, default_value_t)]
        kind: RowKind,
        #[arg(long)]
        description: Option<String>,
        /// The most bytes a second that are sent, such as 500K or 2M; 0 sends as fast as it can. Default: the setting.
        #[arg(long, value_name = "BYTES", value_parser = bytes)]
        limit_rate: Option<u64>,
        /// When to send, such as 22:00-06:00. Default: the setting.
        #[arg(long)]
        hours: Option<String>,
    },
    /// Uploads that were begun and not ended. Uploading the same file again goes on with them.
    Uploads {
        /// Throw away what arrived of one.
        #[arg(long, value_name = "ID")]
        discard: Option<String>,
    },
    /// Data sets in the cloud.
    List,
    /// Remove a data set from the cloud.
    Delete { id: String },
}

impl Dataset {
    /// Whether it speaks to a cloud, or seals something.
    pub fn needs_keys(&self) -> bool {
        match self {
            Self::ImportDb(wanted) => wanted.connection.is_some(),
            Self::Mask(_) | Self::Unmask(_) | Self::Draft(_) | Self::Drafts(_) => true,
            _ => matches!(self, Self::Upload { .. } | Self::Uploads { .. } | Self::List | Self::Delete { .. }),
        }
    }
}

/// `500K`, `2M`, `1G` or plain bytes; powers of 1000.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'm' | 'M')) => (&text[..at], 1_000_000),
        Some((at, 'g' | 'G')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    number.and_then(|number| number.checked_mul(factor)).ok_or_else(|| "a number such as 500K, 2M or 1G".to_owned())
}
