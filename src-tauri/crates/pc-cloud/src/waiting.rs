//! Waiting for work while somebody may cancel it. A cancel is a flag without a bell, so it is looked at now and then.

use std::future::Future;
use std::time::Duration;

use pc_base::Cancel;

/// How late a cancel may be noticed.
const GLANCE: Duration = Duration::from_millis(50);

/// The work's result; nothing when the cancel came first, and then the work is dropped. `glance` is called meanwhile.
pub(crate) async fn unless_cancelled<T>(
    cancel: &Cancel,
    mut glance: impl FnMut(),
    work: impl Future<Output = T>,
) -> Option<T> {
    // The first tick may come a millisecond late, and then a quick answer would win over a cancel before it.
    if cancel.is_cancelled() {
        return None;
    }
    tokio::pin!(work);
    let mut ticks = tokio::time::interval(GLANCE);
    loop {
        tokio::select! {
            biased;
            _ = ticks.tick() => {
                if cancel.is_cancelled() {
                    return None;
                }
                glance();
            }
            result = &mut work => return Some(result),
        }
    }
}
