//! Disks that are full, or can only be read: told clearly, nothing lost, and all goes on once there is room. Needs a small file
//! system of its own, which only root can mount; elsewhere these tests say that they did nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pc_base::{Cancel, Failure, Language, Silent};
use pc_tests::installation::Installation;
use serde_json::Value;

use crate::served::{Served, until};

/// A file system in memory; unmounted when dropped.
struct Mounted(PathBuf, tempfile::TempDir);

impl Mounted {
    /// Nothing where this user may not mount.
    fn new(megabytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let size = format!("size={megabytes}m");
        if !mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], &path) {
            println!("skipped: this user cannot mount a file system");
            return None;
        }
        Some(Self(path, dir))
    }

    fn remount(&self, how: &str) {
        assert!(mount(&["-o", &format!("remount,{how}")], &self.0));
    }
}

fn mount(args: &[&str], path: &Path) -> bool {
    let run = Command::new("mount").args(args).arg(path).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, because the program that used it may be ending just now.
        let _ = Command::new("umount").arg("-l").arg(&self.0).stderr(Stdio::null()).status();
        let _ = &self.1;
    }
}

/// Takes the last byte.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    let mut size = 1 << 20;
    while size > 0 {
        if file.write_all(&vec![0; size]).is_err() {
            size /= 2;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_all_goes_on_when_there_is_room() {
    let Some(disk) = Mounted::new(24) else { return };
    let served = Served::start(Some(disk.0.join("data")));
    let cloud = served.cloud();
    let scratch = tempfile::tempdir().unwrap();
    let small = scratch.path().join("small.jsonl");
    pc_base::write_atomic(&small, b"{}\n").unwrap();
    let kept = cloud.file_upload(&small, "small.jsonl", "", &Silent, &Cancel::default()).await.unwrap();
    // More than there is, in one go and in pieces.
    for megabytes in [7, 40] {
        let large = scratch.path().join("large.jsonl");
        pc_base::write_atomic(&large, &vec![b'x'; megabytes << 20]).unwrap();
        if megabytes == 7 {
            pc_base::write_atomic(&disk.0.join("filler"), &vec![0; 18 << 20]).unwrap();
        } else {
            std::fs::remove_file(disk.0.join("filler")).unwrap();
        }
        let error = cloud.file_upload(&large, "large.jsonl", "", &Silent, &Cancel::default()).await.unwrap_err();
        let failure = Failure::of(&error, Language::English);
        assert!(failure.message.contains("no space left on the cloud's disk"), "{failure:?}");
    }
    assert_eq!(cloud.files(1, 10).await.unwrap().total, 1, "what could not be kept is not there");
    // Without a byte left it still answers, and a write that finds no room is told as such.
    let filler = disk.0.join("filler");
    fill(&filler);
    assert_eq!(cloud.file(&kept.file_id).await.unwrap().size, 3);
    let mut total = 1;
    for _ in 0..3 {
        match cloud.file_upload(&small, "small.jsonl", "", &Silent, &Cancel::default()).await {
            Ok(_) => total += 1,
            Err(error) => assert!(format!("{error:#}").contains("no space left"), "{error:#}"),
        }
    }
    assert_eq!(cloud.files(1, 10).await.unwrap().total, total, "what was acknowledged is there, and nothing else");
    std::fs::remove_file(&filler).unwrap();
    let after = cloud.file_upload(&small, "after.jsonl", "", &Silent, &Cancel::default()).await.unwrap();
    let back = cloud.file_download(&after.file_id, scratch.path(), &Silent, &Cancel::default()).await.unwrap();
    assert_eq!(std::fs::read(back).unwrap(), b"{}\n", "with room it goes on");
}

#[test]
fn a_disk_that_can_only_be_read_is_told_at_the_start_and_serves_once_it_can_be_written() {
    let Some(disk) = Mounted::new(24) else { return };
    let here = Installation::new();
    disk.remount("ro");
    let serve = || {
        let mut command = here.program("partner");
        command.args(["--json", "cloud", "serve", "--data"]).arg(disk.0.join("data"));
        command
    };
    let output = serve().output().unwrap();
    let line = String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned();
    let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("one JSON line, not {line:?}"));
    assert_eq!((output.status.code(), said["error"]["code"].as_str()), (Some(1), Some("folder_unusable")), "{said}");
    disk.remount("rw");
    let mut child = serve().stdout(Stdio::piped()).spawn().unwrap();
    until("the cloud", || disk.0.join("data/cloud/cloud.db").exists().then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_second_program_on_one_folder_is_told_so() {
    let served = Served::start(None);
    let output = served.command().output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), said["error"]["code"].as_str()), (Some(1), Some("home_locked")), "{said}");
}
