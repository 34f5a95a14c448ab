//! The installable bundle, made by Tauri's own bundler. Deliberately absent: signatures, which need keys of whoever
//! publishes, and bundles for other platforms, which can only be made there.

use anyhow::{Context as _, Result, bail};

use crate::run::{command, root, run, say};
use crate::setup::{Extent, setup};
use crate::ui;

const BUNDLER: &str = "@tauri-apps/cli@2";

/// Builds in release and bundles what this machine can.
pub fn dist() -> Result<()> {
    setup(Extent::Build)?;
    ui::build()?;
    let kinds = kinds();
    say(&format!("Bundling {kinds} in release (the first time takes several minutes)"));
    let folder = root().join("src-tauri");
    let npx = if cfg!(windows) { "npx.cmd" } else { "npx" };
    let args = ["--yes", BUNDLER, "build", "--ci", "--bundles", kinds];
    run(
        command(npx, &args).current_dir(folder),
        "Is the network there? The bundler is fetched from npm the first time.",
    )?;
    let made = bundles()?;
    if made.is_empty() {
        bail!("the bundler ended well but left nothing in target/release/bundle");
    }
    for path in made {
        println!("    {path}");
    }
    println!("    Not made here: {}", elsewhere());
    Ok(())
}

fn kinds() -> &'static str {
    if cfg!(windows) {
        "nsis"
    } else if cfg!(target_os = "macos") {
        "dmg"
    } else {
        "deb"
    }
}

fn elsewhere() -> &'static str {
    if cfg!(target_os = "linux") {
        "an AppImage (Tauri's bundler fetches linuxdeploy for it from GitHub), an RPM, and the bundles for Windows and \
         macOS, which are made by the same command on those systems. Nothing is signed."
    } else {
        "bundles for other systems, which are made by the same command there. Nothing is signed."
    }
}

/// Every file that was bundled.
fn bundles() -> Result<Vec<String>> {
    let folder = root().join("target/release/bundle");
    let mut found = Vec::new();
    for kind in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        for file in std::fs::read_dir(kind?.path())? {
            let path = file?.path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if matches!(ending, "deb" | "exe" | "dmg") {
                found.push(path.display().to_string());
            }
        }
    }
    Ok(found)
}
