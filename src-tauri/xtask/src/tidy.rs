//! House rules that a machine can hold: arrows between crates, an opening line of purpose in every file, budgets.

mod arrows;
mod files;

use anyhow::{Result, bail};

use crate::run::say;

/// Runs every rule and lists all that is broken.
pub fn tidy() -> Result<()> {
    say("House rules");
    let mut broken = arrows::broken()?;
    broken.extend(files::broken()?);
    if broken.is_empty() {
        return Ok(());
    }
    for line in &broken {
        eprintln!("  {line}");
    }
    bail!("{} house rules are broken", broken.len())
}
