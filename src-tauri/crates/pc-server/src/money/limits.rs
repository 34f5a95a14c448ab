//! Requests and tokens a minute of a deployment, over the last sixty seconds, in memory: a restart forgets them, which lets
//! one minute's worth through once more. Deliberately absent: limits of the whole cloud (`profile`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use pc_store::cloud::Deployment;

use crate::refusal::{Answer, Refusal};

const MINUTE: i64 = 60;

/// What deployments that have a limit were asked for lately.
#[derive(Default)]
pub(crate) struct Lately(Mutex<HashMap<i64, Counts>>);

#[derive(Default)]
struct Counts {
    requests: Window,
    tokens: Window,
}

/// Sums by second; a minute of them at most.
#[derive(Default)]
struct Window(VecDeque<(i64, u64)>);

impl Window {
    fn add(&mut self, second: i64, amount: u64) {
        match self.0.back_mut() {
            Some((last, sum)) if *last >= second => *sum += amount,
            _ => self.0.push_back((second, amount)),
        }
    }

    fn sum(&mut self, now: i64) -> u64 {
        while self.0.front().is_some_and(|(second, _)| *second <= now - MINUTE) {
            self.0.pop_front();
        }
        self.0.iter().map(|(_, amount)| amount).sum()
    }

    /// Seconds until the oldest of it leaves the minute.
    fn wait(&self, now: i64) -> u64 {
        self.0.front().map_or(1, |(second, _)| u64::try_from(second + MINUTE - now).unwrap_or(1).max(1))
    }
}

impl Lately {
    /// Counts a request to a deployment, or refuses it where its minute is full. Tokens are known only afterwards, so a
    /// request is let in as long as its minute has any left.
    pub fn admit(&self, row: &Deployment, now: i64) -> Answer<()> {
        if row.rpm_limit.is_none() && row.tpm_limit.is_none() {
            return Ok(());
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all.entry(row.number).or_default();
        let full = |window: &mut Window, limit: Option<u64>| limit.is_some_and(|limit| window.sum(now) >= limit);
        let refused = |code, what, window: &Window| {
            let message = format!("The deployment's {what} a minute are used up.");
            Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, code, message).again(window.wait(now)))
        };
        if full(&mut counts.requests, row.rpm_limit) {
            return refused("Throttling.RateQuota", "requests", &counts.requests);
        }
        if full(&mut counts.tokens, row.tpm_limit) {
            return refused("Throttling.AllocationQuota", "tokens", &counts.tokens);
        }
        counts.requests.add(now, 1);
        Ok(())
    }

    /// Counts tokens of a deployment that [`Lately::admit`] let in.
    pub fn spend(&self, number: i64, tokens: u64, now: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = all.get_mut(&number) {
            counts.tokens.add(now, tokens);
        }
    }

    /// Forgets a deployment.
    pub fn forget(&self, number: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_slides() {
        let lately = Lately::default();
        let row = Deployment { number: 1, rpm_limit: Some(2), ..Deployment::default() };
        assert!(lately.admit(&row, 0).is_ok() && lately.admit(&row, 30).is_ok());
        let refused = lately.admit(&row, 59).unwrap_err();
        assert_eq!((refused.code, refused.after), ("Throttling.RateQuota", Some(1)), "when the first one leaves");
        assert!(lately.admit(&row, 60).is_ok(), "the first one is a minute ago");
        assert!(lately.admit(&row, 61).is_err());
    }

    #[test]
    fn tokens_are_counted_once_they_are_known() {
        let lately = Lately::default();
        let row = Deployment { number: 1, tpm_limit: Some(10), ..Deployment::default() };
        lately.admit(&row, 0).unwrap();
        lately.spend(1, 25, 1);
        assert_eq!(lately.admit(&row, 2).unwrap_err().code, "Throttling.AllocationQuota");
        assert!(lately.admit(&row, 61).is_ok());
        assert!(lately.admit(&Deployment::default(), 2).is_ok(), "one without limits has none");
    }
}
