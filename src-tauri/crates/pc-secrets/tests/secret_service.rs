//! The real Secret Service: the test runs itself again inside a D-Bus session with an unlocked keyring.

#![cfg(target_os = "linux")]

use std::process::Command;

use pc_secrets::Keychain;

const INSIDE: &str = "PARTNER_TEST_INSIDE_SESSION";

#[test]
fn the_platform_keychain_keeps_the_master_key() {
    if pc_base::env::text(INSIDE).is_some() {
        return round_trip();
    }
    let unlocked = "printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null && ";
    in_a_session(unlocked, "the_platform_keychain_keeps_the_master_key");
}

#[test]
fn a_keyring_that_answers_but_keeps_nothing_is_not_usable() {
    if pc_base::env::text(INSIDE).is_some() {
        assert!(Keychain::Platform.load().is_ok_and(|key| key.is_none()), "it answers that there is nothing");
        assert!(!Keychain::Platform.usable(), "nobody is there to set a new keyring's password");
        return;
    }
    in_a_session("", "a_keyring_that_answers_but_keeps_nothing_is_not_usable");
}

/// Runs a test of this file again in a D-Bus session of its own, after a shell command that prepares it.
fn in_a_session(prepared: &str, test: &str) {
    let home = tempfile::tempdir().unwrap();
    let script = format!("{prepared}exec \"$0\" --exact {test}");
    let run = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, "1")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("DISPLAY")
        .output()
        .expect("dbus-run-session starts: it comes with the package dbus, which `cargo xtask setup` installs");
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "inside the session: {said}");
    assert!(said.contains("1 passed"), "the inner run really ran the test: {said}");
}

fn round_trip() {
    let keychain = Keychain::Platform;
    assert!(keychain.load().unwrap().is_none(), "a new keyring holds nothing of ours");
    let made = keychain.load_or_create().unwrap();
    assert_eq!(keychain.load().unwrap().unwrap().expose(), made.expose());
    keychain.destroy().unwrap();
    assert!(keychain.load().unwrap().is_none(), "destroyed is gone");
}
