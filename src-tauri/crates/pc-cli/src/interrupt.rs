//! Ctrl-C: the first asks the work to stop, the second ends the program at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use pc_base::{Cancel, Code, coded};

use crate::shown::Shown;

/// How long work that was asked to stop may take to do so.
const GRACE: Duration = Duration::from_secs(10);

/// What a shell expects of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Runs a command that is told of the first Ctrl-C. What does not look at the wish is left behind after a while.
pub async fn guarded<T, F: Future<Output = Result<T>>>(
    shown: &Arc<Shown>,
    work: impl FnOnce(Cancel) -> F,
) -> Result<T> {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let stop = async {
        // Without signals there is no first Ctrl-C either; the work then decides alone when it ends.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        asked.cancel();
        shown.status(shown.words("Stopping … (Ctrl-C again stops at once)", "正在停止……（再按一次 Ctrl-C 立即退出）"));
        tokio::select! {
            _ = tokio::signal::ctrl_c() => std::process::exit(INTERRUPTED),
            () = tokio::time::sleep(GRACE) => {}
        }
    };
    tokio::select! {
        outcome = work(cancel) => outcome,
        () = stop => Err(coded(Code::Cancelled).into()),
    }
}
