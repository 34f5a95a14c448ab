//! `partner dataset mask` and `unmask`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pc_app::api::MaskWay;

/// What is done with finds.
#[derive(Clone, Copy, ValueEnum)]
pub enum Way {
    /// Left as it is, and counted.
    Keep,
    /// 138****1234
    Mask,
    /// Its kind's name in brackets.
    Remove,
    /// A city, a year, a network.
    Generalise,
    /// The same for the same original; what turns it back stays sealed on this machine.
    Pseudonym,
}

impl From<Way> for MaskWay {
    fn from(way: Way) -> Self {
        match way {
            Way::Keep => Self::Keep,
            Way::Mask => Self::Mask,
            Way::Remove => Self::Remove,
            Way::Generalise => Self::Generalise,
            Way::Pseudonym => Self::Pseudonym,
        }
    }
}

#[derive(Args)]
pub struct Mask {
    /// A JSONL file, NAME or NAME@VERSION of a data set on this machine.
    pub input: String,
    /// The file to write. Without it the input must be a data set on this machine, which gets its next version.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A plan that was kept: JSON with `otherwise`, `ways` and `own`. What else is given goes before it.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// What is done with one kind, such as mobile=pseudonym; may be given several times.
    #[arg(long = "way", value_name = "KIND=WAY", value_parser = kind_and_way)]
    pub ways: Vec<(String, Way)>,
    /// What is done with all other kinds. Default: mask.
    #[arg(long, value_enum)]
    pub otherwise: Option<Way>,
    /// Words of your own, one a line; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub words: Vec<PathBuf>,
    /// An expression of your own with a name; may be given several times.
    #[arg(long = "pattern", value_name = "NAME=REGEX", value_parser = named)]
    pub patterns: Vec<(String, String)>,
    /// Where the signed report goes. `partner receipt verify` checks it.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

#[derive(Args)]
pub struct Unmask {
    /// The file with stand-ins: masked rows, or what a model said to them.
    pub file: PathBuf,
    /// The data set that it was made from; without it files that were masked outside of any.
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// The file to write; without it the text goes to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn named(text: &str) -> Result<(String, String), String> {
    let (name, rest) = text.split_once('=').ok_or_else(|| "NAME=REGEX".to_owned())?;
    Ok((name.to_owned(), rest.to_owned()))
}

fn kind_and_way(text: &str) -> Result<(String, Way), String> {
    let (kind, way) = text.split_once('=').ok_or_else(|| "KIND=WAY".to_owned())?;
    Ok((kind.to_owned(), Way::from_str(way, false)?))
}
