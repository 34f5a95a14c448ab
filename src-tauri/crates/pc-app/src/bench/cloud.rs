//! `partner bench cloud`: how quickly files go into an embedded cloud and come back, against `curl` with the same file in the
//! same run, and how it bears many clients at once while a training runs. Everything is on loopback, in processes of their
//! own, and ends by itself. Deliberately absent: judging the figures.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Places, Progress, Reporter, Silent, Unit};
use pc_cloud::{Cloud, CloudError};
use pc_dataset::sample;
use pc_protocol::{CreateFineTune, Generation, Message, SamplingParameters};
use serde::Serialize;
use serde_json::json;

use super::served::{Served, run};

/// How much is sent, and how long many clients call.
#[derive(Clone, Copy)]
pub struct Extent {
    pub bytes: u64,
    pub seconds: u64,
    pub clients: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Self { bytes: 1_000_000_000, seconds: 60, clients: 200 }
    }
}

/// Each way is measured so often, in turn; the best counts, because other work can only slow one down.
const TURNS: usize = 3;
/// A client's pause between two calls: what a console that polls does.
const PAUSE: Duration = Duration::from_secs(1);

/// All figures. Speeds are in megabytes (10^6 bytes) a second.
#[derive(Debug, Serialize)]
pub struct CloudBench {
    pub bytes: u64,
    pub upload: Throughput,
    pub download: Throughput,
    /// Of the cloud's process, before it loads a model.
    pub server_peak_memory: Option<u64>,
    pub load: Load,
}

/// One direction.
#[derive(Debug, Serialize)]
pub struct Throughput {
    pub ours: f64,
    pub curl: f64,
    pub ratio: f64,
    /// With the check of every row before the transfer, for an upload.
    pub with_check: Option<f64>,
    pub client_peak_memory: Option<u64>,
}

/// Many clients at once.
#[derive(Debug, Default, Serialize)]
pub struct Load {
    pub clients: usize,
    pub seconds: u64,
    /// Calls that were answered, by kind.
    pub answered: BTreeMap<&'static str, u64>,
    /// Calls that were not: by status, or by what went wrong.
    pub errors: BTreeMap<String, u64>,
    pub poll_p50_ms: f64,
    pub poll_p99_ms: f64,
    pub trained_steps: usize,
    pub server_peak_memory: Option<u64>,
}

/// Measures all of it on a folder that is removed afterwards.
pub async fn cloud_bench(
    places: &Places,
    model: &str,
    extent: Extent,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<CloudBench> {
    let folder = tempfile::tempdir().context("making a folder")?;
    let file = folder.path().join("rows.jsonl");
    let bytes = write_rows(&file, extent.bytes)?;
    let served = Served::start(folder.path(), places)?;
    served.introduce()?;
    let (mut uploads, mut downloads) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        cancel.check()?;
        let (done, total) = (turn as u64, Some(TURNS as u64));
        reporter.report(Progress { stage: "upload".into(), done, total, unit: Unit::Steps });
        uploads.push((upload_by_curl(&served, &file)?, upload_by_us(&served, &file)?));
        downloads.push(download(&served, folder.path()).await?);
        clear(&served.cloud()?).await?;
    }
    let server_peak_memory = served.peak_memory();
    std::fs::remove_file(&file)?;
    let load = load(&served, model, extent, folder.path(), cancel).await?;
    let upload = throughput(bytes, uploads.iter().map(|(curl, ours)| (*curl, ours.transfer)));
    let best = uploads.iter().map(|(_, ours)| ours);
    let with_check = best.clone().map(|ours| speed(bytes, ours.whole)).fold(0.0, f64::max);
    let client_peak_memory = best.filter_map(|ours| ours.peak_memory).max();
    Ok(CloudBench {
        bytes,
        upload: Throughput { with_check: Some(with_check), client_peak_memory, ..upload },
        download: throughput(bytes, downloads.into_iter()),
        server_peak_memory,
        load,
    })
}

/// Rows of the sample, repeated until there are enough bytes.
fn write_rows(path: &Path, bytes: u64) -> Result<u64> {
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let (lines, mut written, mut number) = (sample::TRAIN.lines().collect::<Vec<_>>(), 0, 0_usize);
    while written < bytes {
        let line = lines[number % lines.len()];
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
        written += line.len() as u64 + 1;
        number += 1;
    }
    out.flush()?;
    Ok(written)
}

fn speed(bytes: u64, seconds: f64) -> f64 {
    bytes as f64 / 1e6 / seconds
}

/// Of pairs of seconds: curl's and ours.
fn throughput(bytes: u64, pairs: impl Iterator<Item = (f64, f64)>) -> Throughput {
    let (curl, ours) = pairs.fold((f64::MAX, f64::MAX), |best, pair| (best.0.min(pair.0), best.1.min(pair.1)));
    let (curl, ours) = (speed(bytes, curl), speed(bytes, ours));
    Throughput { ours, curl, ratio: ours / curl, with_check: None, client_peak_memory: None }
}

fn curl(served: &Served, args: &[&str], path: &str) -> Result<f64> {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--fail", "--noproxy", "*", "-H"])
        .arg(format!("Authorization: Bearer {}", served.api_key));
    command.args(args).arg(format!("{}{path}", served.base_url));
    Ok(run(command).context("curl is needed to compare with")?.seconds)
}

fn upload_by_curl(served: &Served, file: &Path) -> Result<f64> {
    let part = format!("files=@{}", file.display());
    curl(served, &["-F", "purpose=fine-tune", "-F", &part], "/api/v1/files")
}

struct Ours {
    transfer: f64,
    whole: f64,
    peak_memory: Option<u64>,
}

/// `partner dataset upload`: the transfer is what comes after the check of the rows.
fn upload_by_us(served: &Served, file: &Path) -> Result<Ours> {
    let took = run(served.console(&["dataset", "upload", &file.display().to_string()]))?;
    let sending = |line: &&(f64, String)| line.1.contains("\"upload\"");
    let first = took.lines.iter().find(sending).map_or(0.0, |line| line.0);
    Ok(Ours { transfer: took.seconds - first, whole: took.seconds, peak_memory: took.peak_memory })
}

/// The newest file, to the disk: by curl and by the console's client.
async fn download(served: &Served, folder: &Path) -> Result<(f64, f64)> {
    let cloud = served.cloud()?;
    let file = cloud.files(1, 1).await?.files.into_iter().next().context("there is a file")?.file_id;
    let target = folder.join("back");
    let text = target.display().to_string();
    let by_curl = curl(served, &["--output", &text], &format!("/api/v1/extensions/files/{file}/content"))?;
    std::fs::remove_file(&target)?;
    let began = Instant::now();
    let path: PathBuf = cloud.file_download(&file, folder, &Silent, &Cancel::default()).await?;
    let ours = began.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok((by_curl, ours))
}

async fn clear(cloud: &Cloud) -> Result<()> {
    for file in cloud.files(1, 100).await?.files {
        cloud.file_delete(&file.file_id).await?;
    }
    Ok(())
}

/// What the clients have seen so far.
#[derive(Default)]
struct Seen {
    load: Load,
    polls: Vec<Duration>,
}

impl Seen {
    fn note<T>(&mut self, kind: &'static str, outcome: &Result<T>) {
        match outcome {
            Ok(_) => *self.load.answered.entry(kind).or_default() += 1,
            Err(error) => {
                let call = CloudError::of(error);
                let status = call.and_then(|call| call.http_status.map(|status| status.to_string()));
                let what = status.unwrap_or_else(|| call.map_or("other".into(), |call| format!("{:?}", call.kind)));
                *self.load.errors.entry(what).or_default() += 1;
            }
        }
    }
}

/// Half of the clients poll, three in ten upload, the others ask.
async fn load(served: &Served, model: &str, extent: Extent, folder: &Path, cancel: &Cancel) -> Result<Load> {
    let cloud = served.cloud()?;
    let small = folder.join("small.jsonl");
    pc_base::write_atomic(&small, sample::TRAIN.as_bytes())?;
    let file = cloud.file_upload(&small, "small.jsonl", "", &Silent, cancel).await?;
    let hyper = json!({"n_epochs": 50, "batch_size": 4, "max_length": 512, "save_steps": 20});
    let create = CreateFineTune {
        model: model.to_owned(),
        training_file_ids: vec![file.file_id],
        training_type: Some("efficient_sft".into()),
        hyper_parameters: hyper.as_object().cloned().unwrap_or_default(),
        ..CreateFineTune::default()
    };
    let job = cloud.fine_tune_create(&create).await?.job_id;
    // The first answer takes a conversion, which is not what is measured.
    cloud.generate(&question(model)).await?;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let until = Instant::now() + Duration::from_secs(extent.seconds);
    let mut clients = Vec::new();
    for number in 0..extent.clients {
        let (cloud, seen, small, job) = (served.cloud()?, seen.clone(), small.clone(), job.clone());
        let (model, cancel) = (model.to_owned(), cancel.clone());
        clients.push(tokio::spawn(async move {
            // Not all in the same instant: they are different people.
            tokio::time::sleep(PAUSE * u32::try_from(number % 97).unwrap_or(0) / 97).await;
            while Instant::now() < until && !cancel.is_cancelled() {
                call(&cloud, number % 10, &seen, &small, &job, &model).await;
                tokio::time::sleep(PAUSE).await;
            }
        }));
    }
    for client in clients {
        client.await.context("a client ended")?;
    }
    let trained_steps =
        cloud.fine_tune_logs(&job, 0, 1000).await?.logs.iter().filter(|line| line.contains("'loss'")).count();
    cloud.fine_tune_cancel(&job).await?;
    let mut seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    seen.polls.sort_unstable();
    let share = |part: f64| {
        let at = (seen.polls.len() as f64 * part) as usize;
        seen.polls.get(at.min(seen.polls.len().saturating_sub(1))).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    let (poll_p50_ms, poll_p99_ms) = (share(0.5), share(0.99));
    let (clients, seconds, server_peak_memory) = (extent.clients, extent.seconds, served.peak_memory());
    Ok(Load { clients, seconds, poll_p50_ms, poll_p99_ms, trained_steps, server_peak_memory, ..seen.load })
}

async fn call(cloud: &Cloud, kind: usize, seen: &Mutex<Seen>, small: &Path, job: &str, model: &str) {
    let note = |kind: &'static str, outcome: Result<()>, took: Option<Duration>| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.note(kind, &outcome);
        seen.polls.extend(took.filter(|_| outcome.is_ok()));
    };
    match kind {
        0..5 => {
            let began = Instant::now();
            let polled = cloud.fine_tune(job).await.map(drop);
            note("poll", polled, Some(began.elapsed()));
        }
        5..8 => {
            let sent = cloud.file_upload(small, "small.jsonl", "", &Silent, &Cancel::default()).await;
            let removed = match sent {
                Ok(file) => cloud.file_delete(&file.file_id).await,
                Err(error) => Err(error),
            };
            note("upload", removed, None);
        }
        _ => note("generation", cloud.generate(&question(model)).await.map(drop), None),
    }
}

fn question(model: &str) -> Generation {
    let sampling = SamplingParameters { max_tokens: Some(8), ..SamplingParameters::default() };
    Generation::chat(model, vec![Message::new("user", "When is breakfast?")], sampling)
}
