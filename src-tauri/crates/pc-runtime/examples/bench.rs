//! Exports a model in each quantisation and prints speed, memory and divergence from f32, each beside its bound.
//!
//! Run: `cargo run --release -p pc-runtime --example bench -- MODEL FOLDER [f32 int8 int4]`; folders that are there
//! already are not written again.

#![expect(clippy::print_stdout, reason = "an example prints what it measured")]

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Silent};
use pc_exporter::{ExportJob, Quant, export};
use pc_model::ModelFolder;
use pc_runtime::{Options, bench, divergence};

/// Compared position by position; facts, dialogue and both languages.
const TEXT: &str = "Guest: Is breakfast included in the room rate?\nClerk: Yes, breakfast is served from seven to ten in the \
morning on the first floor. The city of Paris is the capital of France and lies on the river Seine. Water boils at one \
hundred degrees at sea level.\n客人：请问几点可以办理入住？\n前台：下午两点以后可以办理入住，退房时间是中午十二点以前。\
中国的首都是北京，长江是中国最长的河流。";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, quants @ ..] = arguments.as_slice() else { anyhow::bail!("give a model and a folder") };
    pc_runtime::init_default()?;
    let reference = Path::new(folder).join("f32");
    convert(Path::new(model), &reference, Quant::F32)?;
    for name in quants {
        let quant: Quant = serde_json::from_value(name.as_str().into()).context("f32, int8 or int4")?;
        let dir = Path::new(folder).join(name);
        convert(Path::new(model), &dir, quant)?;
        let speed = bench(&dir, Options::default(), TEXT, 64)?;
        println!("{}", serde_json::to_string(&speed)?);
        if quant != Quant::F32 {
            let distance = divergence(&reference, &dir, Options::default(), TEXT, &Cancel::default())?;
            println!("{}", serde_json::to_string(&distance)?);
        }
    }
    Ok(())
}

fn convert(model: &Path, dir: &Path, quant: Quant) -> Result<()> {
    if dir.join("partner.json").is_file() {
        return Ok(());
    }
    let start = Instant::now();
    let source = ModelFolder::open(model)?;
    let job = ExportJob { source: &source, adapter: None, dir: dir.to_owned(), quant };
    let exported = export(&job, &Silent, &Cancel::default())?;
    println!("{}: {} bytes in {:.1} s", quant.name(), exported.bytes, start.elapsed().as_secs_f64());
    Ok(())
}
