//! When a failed call is made again, and after how long.

use std::time::Duration;

use uuid::Uuid;

use crate::error::CloudError;
use crate::network::Network;

/// Longer waits that a cloud asks for are the user's to decide.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Whether a call may be made twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice is the same as once.
    Safe,
    /// Only where the first one surely had no effect: no connection was made, or it was turned away at the door (429).
    IfUntouched,
}

/// How long to wait before the next try; nothing gives up. `tried` counts from 1.
pub(crate) fn wait(error: &CloudError, repeat: Repeat, tried: u32, network: &Network) -> Option<Duration> {
    let allowed = match repeat {
        Repeat::Safe => error.retryable,
        Repeat::IfUntouched => error.retryable && error.hint.untouched,
    };
    if !allowed || tried > network.retries {
        return None;
    }
    match error.hint.after {
        Some(asked) => (asked <= LONGEST_WAIT).then_some(asked),
        None => {
            let doubled = network.first_wait.saturating_mul(1 << (tried - 1).min(10)).min(LONGEST_WAIT);
            // Up to a quarter more, so that many callers do not come back at the same moment.
            Some(doubled + doubled * u32::from(Uuid::new_v4().as_bytes()[0]) / 1024)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Hint};

    fn failed(kind: ErrorKind, hint: Hint) -> CloudError {
        CloudError { hint, ..*CloudError::new(kind, "o", "h", "m") }
    }

    #[test]
    fn what_may_have_had_an_effect_is_not_repeated() {
        let network = Network::default();
        let again = |kind, repeat, hint| wait(&failed(kind, hint), repeat, 1, &network).is_some();
        let untouched = Hint { untouched: true, ..Hint::default() };
        assert!(again(ErrorKind::TimedOut, Repeat::Safe, Hint::default()));
        assert!(!again(ErrorKind::TimedOut, Repeat::IfUntouched, Hint::default()), "it may have arrived");
        assert!(again(ErrorKind::Unreachable, Repeat::IfUntouched, untouched));
        assert!(!again(ErrorKind::Refused, Repeat::Safe, untouched), "a refusal stays one");
    }

    #[test]
    fn waits_are_asked_for_or_grow_and_end() {
        let network = Network::default();
        let busy = failed(ErrorKind::Busy, Hint::default());
        let waits: Vec<_> = (1..=4).map(|tried| wait(&busy, Repeat::Safe, tried, &network)).collect();
        assert!(waits[0].unwrap() < waits[2].unwrap());
        assert_eq!(waits[3], None, "three repetitions are enough");
        let asked = |seconds| Hint { after: Some(Duration::from_secs(seconds)), ..Hint::default() };
        let told = |seconds| wait(&failed(ErrorKind::Busy, asked(seconds)), Repeat::Safe, 1, &network);
        assert_eq!((told(2), told(3600)), (Some(Duration::from_secs(2)), None));
    }
}
