//! Prints what `pc_trainer::bench` measures as JSON: `cargo run --release -p pc-trainer --example training_speed [MODEL]`.
//! Without an argument the model is `gemma-3-270m` of the cache. Deliberately absent: options.

#![expect(clippy::print_stdout, reason = "the example's result is what it prints")]

use std::path::PathBuf;

use pc_base::{Cancel, Places};

fn main() -> anyhow::Result<()> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let model = given.map_or_else(|| Places::from_env().map(|places| places.base_model("gemma-3-270m")), Ok)?;
    let report = pc_trainer::bench(&model, 5, &Cancel::default())?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
