//! The cloud's process: found, started once, stopped, left behind, refused with its own reason, ended when idle.

use std::time::Duration;

use pc_app::embedded::{self, Running, ServeOptions};
use pc_app::hidden::use_program;
use pc_base::{Failure, Language};
use pc_secrets::Keychain;
use pc_testkit::Home;
use tokio::runtime::Runtime;

use crate::common::{Served, data, holding, home, partner, ran, signal, until};

fn runtime() -> Runtime {
    use_program(env!("CARGO_BIN_EXE_partner").into());
    Runtime::new().unwrap()
}

fn key_file(home: &Home) -> Keychain {
    Keychain::KeyFile(home.places.key_file.clone())
}

/// Ends the background cloud of a home whatever becomes of the test.
struct Ended<'a>(&'a Home);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let stopped = Runtime::new().unwrap().block_on(embedded::stop(&self.0.places));
        assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
    }
}

fn known(running: &Running) -> (u32, String, String) {
    (running.pid, running.base_url.clone(), running.api_key.expose().clone())
}

#[test]
fn two_who_start_it_at_once_find_one_and_stop_ends_it() {
    let (home, runtime) = (home(), runtime());
    let _ended = Ended(&home);
    let (keychain, other) = (key_file(&home), key_file(&home));
    assert!(embedded::running(&home.places).unwrap().is_none(), "nothing runs that nobody needed");
    let both =
        async { tokio::join!(embedded::connect(&home.places, &keychain), embedded::connect(&home.places, &other)) };
    let (one, two) = runtime.block_on(both);
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(known(&one), known(&two), "one wins, the other finds it");
    assert_ne!(one.pid, std::process::id(), "it has a process of its own");
    let found = embedded::running(&home.places).unwrap().unwrap();
    assert_eq!(known(&found), known(&one));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = home.places.home.join("cloud.json").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the file holds keys");
    }
    let (output, said) = ran(partner(&home).args(["--json", "cloud", "stop"]));
    assert!(output.status.success() && said["stopped"] == true, "{said}");
    assert!(embedded::running(&home.places).unwrap().is_none());
    assert!(!runtime.block_on(embedded::stop(&home.places)).unwrap(), "a second stop finds nothing");
}

#[test]
fn a_file_that_a_killed_cloud_left_is_not_believed_and_the_next_has_the_same_address_and_key() {
    let (home, runtime) = (home(), runtime());
    let _ended = Ended(&home);
    let first = runtime.block_on(embedded::connect(&home.places, &key_file(&home))).unwrap();
    signal("KILL", first.pid);
    until("its end", || embedded::running(&home.places).unwrap().is_none().then_some(()));
    assert!(home.places.home.join("cloud.json").exists(), "it had no time to remove its file");
    let second = runtime.block_on(embedded::connect(&home.places, &key_file(&home))).unwrap();
    assert_ne!(second.pid, first.pid);
    assert_eq!(known(&second).1, known(&first).1, "a deployment's address stays good");
    assert_eq!(known(&second).2, known(&first).2, "and so does its key");
}

#[test]
fn a_sessions_key_reaches_the_cloud_and_no_disk() {
    let (home, runtime) = (home(), runtime());
    let _ended = Ended(&home);
    let session = Keychain::memory();
    let first = runtime.block_on(embedded::connect(&home.places, &session)).unwrap();
    let key = session.load().unwrap().unwrap();
    let hex: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(holding(home.root(), key.expose()).is_empty() && holding(home.root(), hex.as_bytes()).is_empty());
    assert!(runtime.block_on(embedded::stop(&home.places)).unwrap());
    let again = runtime.block_on(embedded::connect(&home.places, &session)).unwrap();
    assert_eq!(known(&again).2, known(&first).2, "within a session everything stays");
    assert!(runtime.block_on(embedded::stop(&home.places)).unwrap());
    let next = runtime.block_on(embedded::connect(&home.places, &Keychain::memory())).unwrap();
    assert_ne!(known(&next).2, known(&first).2, "the next session begins anew instead of failing on sealed data");
}

#[test]
fn a_cloud_that_cannot_start_says_its_own_reason() {
    let (home, runtime) = (home(), runtime());
    home.file("master.key", "not a key");
    let error = runtime.block_on(embedded::connect(&home.places, &key_file(&home))).err().unwrap();
    let failure = Failure::of(&error, Language::English);
    assert_eq!(failure.code, "file_unreadable", "{failure:?}");
    assert!(failure.message.contains("master.key"), "{failure:?}");
    assert!(embedded::running(&home.places).unwrap().is_none());
}

#[test]
fn a_taken_port_and_a_taken_folder_are_the_users_to_fix() {
    let home = home();
    let cloud = Served::start(&home);
    let port = cloud.http.host.rsplit(':').next().unwrap().to_owned();
    let other = home.root().join("other");
    let mut command = partner(&home);
    let (output, said) = ran(command.args(["--json", "cloud", "serve", "--port", &port, "--data"]).arg(&other));
    assert_eq!((output.status.code(), &said["error"]["code"]), (Some(1), &"port_in_use".into()), "{said}");
    let (output, said) = ran(partner(&home).args(["--json", "cloud", "serve", "--data"]).arg(data(&home)));
    assert_eq!((output.status.code(), &said["error"]["code"]), (Some(1), &"home_locked".into()), "{said}");
    assert!(embedded::running(&home.places).unwrap().is_none(), "a cloud on its own folder is not the home's");
    cloud.end();
}

#[test]
fn an_idle_cloud_ends_by_itself_and_takes_its_file_along() {
    let (home, runtime) = (home(), runtime());
    let options = ServeOptions {
        places: home.places.clone(),
        keychain: key_file(&home),
        port: 0,
        profile: embedded::Profile::embedded(),
        api_key: Some(pc_base::Secret::new("sk-mine".to_owned())),
        idle: Some(Duration::from_secs(1)),
    };
    let mut key = String::new();
    let ready = |running: &Running| running.api_key.expose().clone_into(&mut key);
    runtime.block_on(embedded::serve(options, ready, std::future::pending())).unwrap();
    assert_eq!(key, "sk-mine", "a key that was asked for is the one that is told");
    assert!(!home.places.home.join("cloud.json").exists());
}
