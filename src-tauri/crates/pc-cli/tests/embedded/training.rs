//! Trainings in their worker: done, cancelled, killed, and gone on with after the cloud itself was killed.

use serde_json::Value;

use crate::common::{Served, children, data, holding, home, signal, until};

const WORKER: &str = "hidden-training-worker";

#[test]
fn a_cancel_ends_the_worker_and_what_was_trained_is_counted() {
    let home = home();
    let cloud = Served::start(&home);
    let job = cloud.http.tune(200, 1000);
    cloud.http.until_logged(&job, "'loss'");
    let worker = until("the worker", || children(cloud.child.id(), WORKER).first().copied());
    let niceness = std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap();
    let niceness = niceness.rsplit_once(") ").unwrap().1.split(' ').nth(16).unwrap().to_owned();
    assert_eq!(niceness, "10", "training gives way to whatever the person does");
    let path = format!("/api/v1/fine-tunes/{job}");
    cloud.http.call("POST", &format!("{path}/cancel"), &Value::Null);
    let ended = cloud.http.until(&path, &["CANCELED", "FAILED", "SUCCEEDED"]);
    assert_eq!(ended["status"], "CANCELED", "{ended}");
    assert!(ended["usage"].as_u64().is_some_and(|tokens| tokens > 0), "{ended}");
    assert!(children(cloud.child.id(), WORKER).is_empty(), "a cancel is the worker's end");
    assert!(!data(&home).join("cloud/work").join(&job).exists(), "nothing of it stays behind");
    cloud.end();
}

#[test]
fn a_killed_worker_fails_its_job_with_the_reason_and_the_next_one_runs() {
    let home = home();
    let cloud = Served::start(&home);
    let job = cloud.http.tune(200, 1000);
    cloud.http.until_logged(&job, "'loss'");
    for worker in children(cloud.child.id(), WORKER) {
        signal("KILL", worker);
    }
    let failed = cloud.http.until(&format!("/api/v1/fine-tunes/{job}"), &["FAILED", "SUCCEEDED"]);
    assert_eq!((&failed["status"], &failed["code"]), (&"FAILED".into(), &"WorkerDied".into()), "{failed}");
    assert!(failed["message"].as_str().unwrap().contains("signal 9"), "{failed}");
    let next = cloud.http.tune(1, 1000);
    let done = cloud.http.until(&format!("/api/v1/fine-tunes/{next}"), &["FAILED", "SUCCEEDED"]);
    assert_eq!(done["status"], "SUCCEEDED", "one job's worker is one job's failure: {done}");
    assert!(holding(&data(&home), "几点退房".as_bytes()).is_empty(), "no row of the data lies open");
    cloud.end();
}

#[test]
fn a_killed_cloud_goes_on_from_the_checkpoint_at_its_next_start() {
    let home = home();
    let cloud = Served::start(&home);
    let job = cloud.http.tune(6, 5);
    cloud.http.until_logged(&job, "checkpoint-10");
    let orphans = children(cloud.child.id(), WORKER);
    signal("KILL", cloud.child.id());
    drop(cloud);
    let cloud = Served::start(&home);
    let done = cloud.http.until(&format!("/api/v1/fine-tunes/{job}"), &["FAILED", "SUCCEEDED"]);
    let logs = cloud.http.logs(&job);
    assert_eq!(done["status"], "SUCCEEDED", "{logs:#?}");
    let starts: Vec<u64> = logs.iter().filter_map(|line| number(line, "'resumed_from_step': ")).collect();
    assert_eq!(starts.len(), 2, "it was started twice: {logs:#?}");
    assert!(starts[1] >= 5, "the second start goes on where the first had saved: {starts:?}");
    let steps = logs.iter().filter_map(|line| number(line, "'step': ")).max();
    assert_eq!(steps, Some(180), "30 rows, one a step, six times over, however often it was started");
    for orphan in orphans {
        assert!(!std::path::Path::new(&format!("/proc/{orphan}")).exists(), "a worker ends with its cloud");
    }
    cloud.end();
}

fn number(line: &str, name: &str) -> Option<u64> {
    line.split_once(name)?.1.split([',', '}']).next()?.parse().ok()
}
