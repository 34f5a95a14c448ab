//! Disks that are full, or can only be read: told clearly, nothing lost, and all goes on once there is room. Needs a small file
//! system of its own, which only root can mount; elsewhere these tests say that they did nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pc_base::{Cancel, Failure, Language, Silent};
use pc_cloud::Cloud;
use pc_protocol::{CreateFineTune, FineTune, FineTuneStatus};
use pc_tests::installation::{Installation, TINY};
use serde_json::{Value, json};

use crate::served::{PATIENCE, Served, until};

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

/// A training that cannot note what it trained, and a bill that cannot note that it was asked: told so, and neither a job nor
/// a token is lost or charged twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_while_a_training_runs_and_bills_are_read_is_told_and_nothing_is_charged_twice() {
    let Some(disk) = Mounted::new(64) else { return };
    let served = Served::start(Some(disk.0.join("data")));
    let cloud = served.cloud();
    let scratch = tempfile::tempdir().unwrap();
    let rows = scratch.path().join("rows.jsonl");
    pc_base::write_atomic(&rows, pc_testkit::tiny_rows(24).as_bytes()).unwrap();
    let file = cloud.file_upload(&rows, "rows.jsonl", "", &Silent, &Cancel::default()).await.unwrap();
    let job = |epochs: u32| CreateFineTune {
        model: TINY.to_owned(),
        training_file_ids: vec![file.file_id.clone()],
        training_type: Some("efficient_sft".to_owned()),
        hyper_parameters: serde_json::from_value(json!({"n_epochs": epochs, "batch_size": 8, "max_length": 64}))
            .unwrap(),
        ..CreateFineTune::default()
    };
    let long = cloud.fine_tune_create(&job(200)).await.unwrap().job_id;
    ended(&cloud, &long, |job| job.status == FineTuneStatus::Running).await;
    let filler = disk.0.join("filler");
    fill(&filler);
    let month = jiff::Timestamp::now().to_zoned(pc_protocol::time::zone()).strftime("%Y-%m").to_string();
    let told = "no space left on the cloud's disk";
    // A few bytes may be left where pages have room, so not the first, but one of many is refused.
    let refused = async || {
        for _ in 0..200 {
            if let Err(error) = cloud.bill_overview(&month).await {
                return format!("{:?} {error:#}", Failure::of(&error, Language::English));
            }
        }
        String::new()
    };
    let refused = refused().await;
    assert!(refused.is_empty() || refused.contains(told), "{refused}");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    std::fs::remove_file(&filler).unwrap();
    let end = ended(&cloud, &long, |job| job.status.is_final()).await;
    let failed = end.status == FineTuneStatus::Failed && end.code.as_deref() == Some("DiskFull");
    assert!(failed || end.status == FineTuneStatus::Succeeded, "{end:?}");
    let short = cloud.fine_tune_create(&job(1)).await.unwrap().job_id;
    let done = ended(&cloud, &short, |job| job.status.is_final()).await;
    assert_eq!(done.status, FineTuneStatus::Succeeded, "with room it goes on: {done:?}");
    let lines = cloud.bill_lines(&month).await.unwrap();
    let billed = lines
        .iter()
        .filter(|line| line.item == "training_token")
        .map(|line| line.quantity * rust_decimal::Decimal::from(1000))
        .sum::<rust_decimal::Decimal>();
    let trained =
        [&end, &done].into_iter().filter(|job| job.status == FineTuneStatus::Succeeded).filter_map(|job| job.usage);
    assert_eq!(billed, rust_decimal::Decimal::from(trained.sum::<u64>()), "what succeeded is charged, once");
    println!(
        "while full: bill {}, the long job {:?}",
        if refused.is_empty() { "answered" } else { "refused" },
        end.status
    );
}

async fn ended(cloud: &Cloud, id: &str, wanted: impl Fn(&FineTune) -> bool) -> FineTune {
    let began = std::time::Instant::now();
    loop {
        let job = cloud.fine_tune(id).await.unwrap();
        if wanted(&job) {
            return job;
        }
        assert!(began.elapsed() < PATIENCE, "{job:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Linux refuses to make a file system read-only under files that are open for writing, which the database is. So it is the
/// folder of sealed files that becomes read-only beneath the running cloud.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_becomes_read_only_while_it_runs_is_told_and_recovers() {
    let Some(disk) = Mounted::new(64) else { return };
    let served = Served::start(Some(disk.0.join("data")));
    let cloud = served.cloud();
    let scratch = tempfile::tempdir().unwrap();
    let small = scratch.path().join("small.jsonl");
    pc_base::write_atomic(&small, b"{}\n").unwrap();
    let upload = async || cloud.file_upload(&small, "small.jsonl", "", &Silent, &Cancel::default()).await;
    let kept = upload().await.unwrap();
    let blobs = until("sealed files", || {
        ["data/blobs", "data/cloud/blobs"].map(|path| disk.0.join(path)).into_iter().find(|path| path.is_dir())
    });
    let itself = blobs.to_string_lossy().into_owned();
    assert!(mount(&["--bind", &itself], &blobs) && mount(&["-o", "remount,bind,ro"], &blobs));
    for _ in 0..3 {
        let error = upload().await.unwrap_err();
        let failure = Failure::of(&error, Language::English);
        assert!(failure.message.contains("can only be read"), "{failure:?}");
    }
    let download = async || cloud.file_download(&kept.file_id, scratch.path(), &Silent, &Cancel::default()).await;
    assert_eq!(std::fs::read(download().await.unwrap()).unwrap(), b"{}\n", "what is there can be read");
    assert_eq!(cloud.files(1, 10).await.unwrap().total, 1, "what was refused is not there");
    assert!(Command::new("umount").arg(&blobs).status().unwrap().success());
    upload().await.unwrap();
    assert_eq!(cloud.files(1, 10).await.unwrap().total, 2, "it goes on once it can be written");
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
