//! The two threads beside the requests: one runs jobs, one at a time in the order of their numbers; the other admits
//! new jobs and charges hours. Both look at the database, which is the queue, so nothing is lost with the process.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::SignedDuration;
use pc_base::Cancel;
use pc_store::cloud::Job;

use crate::deploying;
use crate::state::{State, text_of};
use crate::training;

/// Starts queue and clock, and brings deployments up again. The threads end after [`State::end`]. Called again it starts
/// nothing, because two queues would run the same job.
pub fn start(state: &Arc<State>) -> Vec<JoinHandle<()>> {
    if state.started.swap(true, Ordering::SeqCst) {
        return Vec::new();
    }
    let (jobs, ticks, deployments) = (state.clone(), state.clone(), state.clone());
    vec![
        std::thread::spawn(move || every(&jobs, "the job queue", run_jobs)),
        std::thread::spawn(move || {
            every(&ticks, "admission and metering", tick);
            last_hours(&ticks);
        }),
        std::thread::spawn(move || deploying::bring_up(&deployments)),
    ]
}

/// Repeats a step whenever woken, and once a minute. An error is tried again later: a full disk may have room by then.
fn every(state: &State, what: &str, step: fn(&State) -> anyhow::Result<()>) {
    let mut seen = 0;
    while !state.ending.is_cancelled() {
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| step(state)));
        let failed = match tried {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => Some("a panic".to_owned()),
        };
        if let Some(error) = failed {
            tracing::error!(what, error, "will be tried again");
            std::thread::sleep(Duration::from_millis(500));
        }
        seen = state.wait(seen, Duration::from_secs(60));
    }
}

fn run_jobs(state: &State) -> anyhow::Result<()> {
    while !state.ending.is_cancelled() {
        admit(state)?;
        let Some(job) = next(state)? else { return Ok(()) };
        let cancel = Cancel::default();
        if job.status == "CANCELING" {
            cancel.cancel();
        }
        state.now_running(Some((&job.job_id, &cancel)));
        // Only a job that is known to run can be stopped, so it is taken after that.
        let taken = job.status == "RUNNING" || state.store.write(|tx| tx.job_start(&job.job_id))?;
        let outcome = if taken { training::run(state, &job, &cancel) } else { Ok(()) };
        state.now_running(None);
        outcome?;
    }
    Ok(())
}

/// The job to run: one that an earlier step left unfinished (its end could not be written), else the oldest that waits
/// and is not paused.
fn next(state: &State) -> anyhow::Result<Option<Job>> {
    state.store.write(|tx| {
        for job in tx.jobs_in("RUNNING")?.into_iter().filter(|job| job.paused) {
            tx.job_move(&job.job_id, "RUNNING", "QUEUING")?;
        }
        for status in ["RUNNING", "CANCELING", "QUEUING"] {
            if let Some(job) = tx.jobs_in(status)?.into_iter().find(|job| status != "QUEUING" || !job.paused) {
                return Ok(Some(job));
            }
        }
        Ok(None)
    })
}

fn tick(state: &State) -> anyhow::Result<()> {
    admit(state)?;
    state.expire()?;
    state.expire_intake()?;
    state.store.write(|tx| {
        tx.api_keys_expire(&state.now_text())?;
        tx.uploads_forget(&text_of(state.clock.now() - SignedDuration::from_hours(24)))
    })?;
    state.meter_all_hours()
}

/// The hours up to an orderly end.
fn last_hours(state: &State) {
    if let Err(error) = state.meter_all_hours() {
        tracing::error!(error = format!("{error:#}"), "the last minute's hours are not charged");
    }
}

fn admit(state: &State) -> anyhow::Result<()> {
    let pending = state.store.read(|tx| tx.jobs_in("PENDING"))?;
    for job in pending {
        state.store.write(|tx| tx.job_move(&job.job_id, "PENDING", "QUEUING"))?;
    }
    Ok(())
}
