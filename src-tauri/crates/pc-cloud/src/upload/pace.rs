//! How fast, and at which hours, a file goes out, so that an office keeps its line during the day. Deliberately absent:
//! downloads, which are small beside uploads.

use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Time;
use jiff::{ToSpan as _, Zoned};
use pc_base::{Code, coded};

/// What an upload may take of the line; by default all of it, at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    pub bytes_per_second: Option<NonZeroU64>,
    pub hours: Option<Hours>,
}

/// A time of the day by this machine's clock, over midnight where it ends before it begins. A request that was begun in it
/// is not broken off at its end: a piece of a resumable upload is short, an upload in one go is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    pub from: Time,
    pub to: Time,
}

impl FromStr for Hours {
    type Err = anyhow::Error;

    /// `22:00-06:00`; [`Code::InputInvalid`] for anything else.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let read = text.split_once('-').and_then(|(from, to)| Some(Self { from: time(from)?, to: time(to)? }));
        let why = "it is not of the form 22:00-06:00";
        Ok(read.ok_or_else(|| coded(Code::InputInvalid).with("what", text).with("why", why))?)
    }
}

impl Hours {
    fn open_at(self, time: Time) -> bool {
        match self.from <= self.to {
            true => (self.from..self.to).contains(&time),
            false => time >= self.from || time < self.to,
        }
    }

    /// How long until they begin; nothing when they have. A day with a change of the clock is as long as it is.
    fn until_open(self, now: &Zoned) -> Option<Duration> {
        if self.from == self.to || self.open_at(now.time()) {
            return None;
        }
        let today = now.with().time(self.from).build().ok()?;
        let next = if today > *now { today } else { today.checked_add(1.day()).ok()? };
        Duration::try_from(now.duration_until(&next)).ok()
    }
}

impl Pace {
    /// The wait before something may be sent at all.
    pub(crate) fn until_open(&self) -> Option<Duration> {
        self.hours?.until_open(&Zoned::now())
    }
}

/// Hands out turns so that no more than the pace's bytes go out in a second.
pub(crate) struct Turns {
    rate: Option<NonZeroU64>,
    free: Mutex<Instant>,
}

/// What is handed to the network at once where nothing is limited, and the grain of progress.
const SLICE: usize = 256 << 10;
const SMALLEST_SLICE: u64 = 1 << 10;
/// Slices of a second: a limit is felt as a trickle, not as gusts.
const GRAIN: u64 = 8;

impl Turns {
    pub fn new(pace: &Pace) -> Self {
        Self { rate: pace.bytes_per_second, free: Mutex::new(Instant::now()) }
    }

    /// How much to send in one turn.
    pub fn slice(&self) -> usize {
        let slice = self.rate.map(|rate| (rate.get() / GRAIN).max(SMALLEST_SLICE));
        slice.and_then(|slice| usize::try_from(slice).ok()).unwrap_or(SLICE).min(SLICE)
    }

    /// Waits for the turn of so many bytes. What was not used in time is lost, so that a pause is not caught up in a gust.
    pub async fn take(&self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let turn = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*free).max(Instant::now());
            *free = turn + Duration::from_secs_f64(bytes as f64 / rate.get() as f64);
            turn
        };
        tokio::time::sleep_until(turn.into()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(from: i8, to: i8, now: &str) -> Option<u64> {
        let hours = Hours { from: Time::constant(from, 0, 0, 0), to: Time::constant(to, 0, 0, 0) };
        hours.until_open(&now.parse().unwrap()).map(|wait| wait.as_secs() / 3600)
    }

    #[test]
    fn hours_may_go_over_midnight_and_an_empty_day_is_a_whole_one() {
        let at = |hour: &str| format!("2026-11-25T{hour}:30:00+08:00[Asia/Shanghai]");
        assert_eq!(wait(22, 6, &at("23")), None);
        assert_eq!(wait(22, 6, &at("05")), None);
        assert_eq!(wait(22, 6, &at("06")), Some(15));
        assert_eq!(wait(1, 5, &at("05")), Some(19));
        assert_eq!(wait(1, 5, &at("00")), Some(0), "half an hour");
        assert_eq!(wait(3, 3, &at("12")), None);
    }

    #[test]
    fn hours_are_read_or_refused() {
        let read: Hours = " 22:00 - 06:30".parse().unwrap();
        assert_eq!(read, Hours { from: Time::constant(22, 0, 0, 0), to: Time::constant(6, 30, 0, 0) });
        for bad in ["", "22", "22:00", "22:00-", "24:00-01:00", "a-b", "22:00-06:00-07:00"] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_of_23_hours_is_waited_for_as_long_as_it_is() {
        // Clocks go from 02:00 to 03:00 in the night that is waited through.
        assert_eq!(wait(9, 10, "2026-03-28T10:00:00+01:00[Europe/Berlin]"), Some(22));
    }

    #[tokio::test]
    async fn a_limit_is_kept_and_time_that_was_not_used_is_not_caught_up() {
        let turns = Turns::new(&Pace { bytes_per_second: NonZeroU64::new(100_000), hours: None });
        assert_eq!(turns.slice(), 12_500);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let begun = Instant::now();
        for _ in 0..5 {
            turns.take(10_000).await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(399), "four turns of a tenth lie before the fifth");
        assert_eq!(Turns::new(&Pace::default()).slice(), SLICE);
    }
}
