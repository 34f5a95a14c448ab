//! System packages. On Debian and its kin they are installed; elsewhere the reader is told what to install.

use anyhow::Result;

use super::Extent;
use crate::run::{command, output, run, say};

const TO_BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "librsvg2-dev",
    "libxdo-dev",
    "libssl-dev",
    "libayatana-appindicator3-dev",
];
const TO_TEST: &[&str] = &[
    "dbus-x11",
    "gnome-keyring",
    "xvfb",
    "xauth",
    "webkit2gtk-driver",
    "chromium",
    "chromium-driver",
    "fonts-noto-cjk",
    // Servers whose programs the tests start for themselves.
    "postgresql",
    "mariadb-server-core",
];
/// Runs apt-get with its arguments; as long as it runs, no package may start a service.
const QUIETLY: &str = r#"policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" || exit 1
fi
apt-get "$@""#;

/// Installs what is missing.
pub fn packages(extent: Extent) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("{}", elsewhere());
        return Ok(());
    }
    if !is_debian() {
        println!("This is not a Debian system, so nothing was installed for you. {}", elsewhere());
        return Ok(());
    }
    let wanted = TO_BUILD.iter().chain(if extent >= Extent::Tests { TO_TEST } else { &[] });
    let missing: Vec<&str> = wanted.copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("Installing system packages: {}", missing.join(" ")));
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())
}

fn apt(args: &[&str]) -> Result<()> {
    let is_root = output(&mut command("id", &["-u"]))?.trim() == "0";
    let quietly = [&["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", QUIETLY, "apt-get"], args].concat();
    let mut apt = if is_root { command(quietly[0], &quietly[1..]) } else { command("sudo", &quietly) };
    run(&mut apt, "Root or sudo is needed to install packages; is the network there?")
}

fn is_debian() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| (line.starts_with("ID=") || line.starts_with("ID_LIKE=")) && line.contains("debian"))
}

fn installed(package: &str) -> bool {
    let mut query = command("dpkg-query", &["-W", "-f=${Status}", package]);
    query.stderr(std::process::Stdio::null());
    query.output().is_ok_and(|answer| answer.stdout.ends_with(b"ok installed"))
}

fn elsewhere() -> &'static str {
    if cfg!(windows) {
        "Install these yourself: Microsoft C++ Build Tools, the WebView2 runtime, Node.js 20.19 or newer, Python 3 with pip; and for the tests the servers of PostgreSQL and MariaDB."
    } else if cfg!(target_os = "macos") {
        "Install these yourself: the Xcode command line tools, Node.js 20.19 or newer, Python 3 with pip; and for the tests the \
         servers of PostgreSQL and MariaDB."
    } else {
        "Install your system's packages of: a C compiler, pkg-config, WebKitGTK 4.1, librsvg, libxdo, OpenSSL and \
         Ayatana AppIndicator 3 with their headers, Node.js 20.19 or newer, Python 3 with pip; and for the tests Xvfb with \
         xauth, D-Bus, GNOME Keyring, WebKitWebDriver, Chromium with chromedriver, the Noto CJK fonts, and the servers of PostgreSQL and MariaDB."
    }
}
