//! How often a workspace may call: files by the second, models by the minute and by a sixtieth of it a second. In memory, so
//! that a restart lets one minute's worth through once more. Deliberately absent: the limits of one deployment
//! (`money::limits`), and the numbers (`profile`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use pc_protocol::action;
use pc_store::cloud::ModelRule;

use crate::profile::Profile;
use crate::refusal::{Answer, Refusal};

const MINUTE: i64 = 60;
/// Whoever was this quiet before ramps up suddenly.
const QUIET_SECONDS: i64 = 10;
/// More counters than this are looked through for those that nobody uses any more.
const MANY: usize = 4096;

/// What was called in the last minute.
#[derive(Default)]
pub(crate) struct Rates(Mutex<HashMap<String, Counts>>);

#[derive(Default)]
struct Counts {
    calls: Sums,
    tokens: Sums,
}

/// Sums by second; a minute of them at most.
#[derive(Default)]
struct Sums(VecDeque<(i64, u64)>);

impl Sums {
    fn add(&mut self, second: i64, amount: u64) {
        match self.0.back_mut() {
            Some((last, sum)) if *last >= second => *sum += amount,
            _ => self.0.push_back((second, amount)),
        }
    }

    /// The sum from a second on.
    fn since(&self, first: i64) -> u64 {
        self.0.iter().filter(|(second, _)| *second >= first).map(|(_, amount)| amount).sum()
    }

    fn forget(&mut self, now: i64) {
        while self.0.front().is_some_and(|(second, _)| *second <= now - MINUTE) {
            self.0.pop_front();
        }
    }

    /// Until the oldest second leaves the minute.
    fn wait(&self, now: i64) -> u64 {
        self.0.front().map_or(1, |(first, _)| u64::try_from(first + MINUTE - now).unwrap_or(1).max(1))
    }
}

impl Counts {
    fn forget(&mut self, now: i64) {
        self.calls.forget(now);
        self.tokens.forget(now);
    }
}

fn full(code: &'static str, message: &str, after: u64) -> Refusal {
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, code, message).again(after)
}

impl Rates {
    fn with<T>(&self, who: String, now: i64, work: impl FnOnce(&mut Counts) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > MANY {
            all.retain(|_, counts| {
                counts.forget(now);
                !(counts.calls.0.is_empty() && counts.tokens.0.is_empty())
            });
        }
        let counts = all.entry(who).or_default();
        counts.forget(now);
        work(counts)
    }

    /// Counts a call by its path, where that kind of call is limited.
    pub fn call(&self, profile: &Profile, workspace: &str, method: &Method, path: &str, now: i64) -> Answer<()> {
        let documented = ["/api/v1/files", "/compatible-mode/v1/files", "/v1/files"];
        if !documented
            .iter()
            .any(|start| path.strip_prefix(start).is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'/', ..])))
        {
            return Ok(());
        }
        let (kind, limit) = match *method == Method::POST {
            true => ("uploads", profile.uploads_a_second),
            false => ("files", profile.file_calls_a_second),
        };
        let Some(limit) = limit else { return Ok(()) };
        self.with(format!("{kind}/{workspace}"), now, |counts| {
            if counts.calls.since(now) >= limit {
                return Err(full("Throttling.RateQuota", "Requests rate limit exceeded.", 1));
            }
            counts.calls.add(now, 1);
            Ok(())
        })
    }

    /// Counts a call of the billing API by its action, where that is limited.
    pub fn bill(&self, profile: &Profile, account: i64, action: &str, now: i64) -> Answer<()> {
        let (limit, from) = match action {
            action::BALANCE => (profile.balance_calls_a_second, now),
            action::INSTANCE_BILL | action::SETTLED_BILL => (profile.bill_calls_a_minute, now - MINUTE + 1),
            _ => return Ok(()),
        };
        let Some(limit) = limit else { return Ok(()) };
        self.with(format!("bill/{account}/{action}"), now, |counts| {
            if counts.calls.since(from) >= limit {
                let after = if from == now { 1 } else { counts.calls.wait(now) };
                return Err(full("Throttling.User", "Request was denied due to user flow control.", after));
            }
            counts.calls.add(now, 1);
            Ok(())
        })
    }

    /// Counts a request to a model. Tokens are known only afterwards, so a request is let in as long as its minute has any
    /// left.
    pub fn model(&self, profile: &Profile, workspace: &str, model: &str, now: i64) -> Answer<()> {
        let (requests, tokens) = (profile.model_requests_a_minute, profile.model_tokens_a_minute);
        if requests.is_none() && tokens.is_none() {
            return Ok(());
        }
        self.with(format!("model/{workspace}/{model}"), now, |counts| {
            if tokens.is_some_and(|limit| counts.tokens.since(now - MINUTE + 1) >= limit) {
                let after = counts.tokens.wait(now);
                return Err(full("Throttling.AllocationQuota", "Allocated quota exceeded.", after));
            }
            let Some(limit) = requests else { return Ok(()) };
            if counts.calls.since(now - MINUTE + 1) >= limit {
                return Err(full("Throttling.RateQuota", "Requests rate limit exceeded.", counts.calls.wait(now)));
            }
            let second = limit.div_ceil(60);
            if counts.calls.since(now) >= second {
                let before = counts.calls.since(now - QUIET_SECONDS) - counts.calls.since(now);
                let (code, message) = match before < second {
                    true => ("Throttling.BurstRate", "Request rate increased too quickly."),
                    false => ("Throttling.RateQuota", "Requests rate limit exceeded."),
                };
                return Err(full(code, message, 1));
            }
            counts.calls.add(now, 1);
            Ok(())
        })
    }

    /// Counts a request by the rule that an account set for a workspace and a base model.
    pub fn ruled(&self, rule: &ModelRule, workspace: &str, base_model: &str, now: i64) -> Answer<()> {
        if rule.requests.or(rule.usage).is_none() {
            return Ok(());
        }
        let since = |sums: &Sums, period: u64| sums.since(now + 1 - i64::try_from(period).unwrap_or(MINUTE));
        self.with(format!("rule/{workspace}/{base_model}"), now, |counts| {
            if rule.usage.is_some_and(|(limit, period)| since(&counts.tokens, period) >= limit) {
                let after = counts.tokens.wait(now);
                return Err(full("Throttling.AllocationQuota", "Allocated quota exceeded.", after));
            }
            if rule.requests.is_some_and(|(limit, period)| since(&counts.calls, period) >= limit) {
                return Err(full("Throttling.RateQuota", "Requests rate limit exceeded.", counts.calls.wait(now)));
            }
            counts.calls.add(now, 1);
            Ok(())
        })
    }

    /// Counts tokens of a request that was let in, of the called model and of its base model.
    pub fn spend(&self, workspace: &str, model: &str, base_model: &str, tokens: u64, now: i64) {
        self.with(format!("rule/{workspace}/{base_model}"), now, |counts| counts.tokens.add(now, tokens));
        self.with(format!("model/{workspace}/{model}"), now, |counts| counts.tokens.add(now, tokens));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited() -> Profile {
        Profile { model_requests_a_minute: Some(120), model_tokens_a_minute: Some(10), ..Profile::model_studio() }
    }

    #[test]
    fn a_minute_has_sixty_equal_seconds_and_a_sudden_ramp_is_told_from_steady_excess() {
        let (rates, profile) = (Rates::default(), limited());
        let ask = |now| rates.model(&profile, "w", "m", now).map_err(|refusal| (refusal.code, refusal.after));
        assert!(ask(0).is_ok() && ask(0).is_ok());
        assert_eq!(ask(0), Err(("Throttling.BurstRate", Some(1))));
        for second in 1..60 {
            assert!(ask(second).is_ok() && ask(second).is_ok(), "second {second}");
        }
        assert_eq!(ask(59), Err(("Throttling.RateQuota", Some(1))), "the minute is full, the first second leaves next");
        assert!(ask(60).is_ok() && ask(60).is_ok());
        assert_eq!(ask(60), Err(("Throttling.RateQuota", Some(1))));
        assert!(rates.model(&profile, "other", "m", 60).is_ok(), "tenants do not share");
    }

    #[test]
    fn tokens_are_counted_once_they_are_known() {
        let (rates, profile) = (Rates::default(), limited());
        rates.model(&profile, "w", "m", 0).unwrap();
        rates.spend("w", "m", "b", 25, 1);
        let refusal = rates.model(&profile, "w", "m", 21).unwrap_err();
        assert_eq!((refusal.code, refusal.after), ("Throttling.AllocationQuota", Some(40)));
        assert!(rates.model(&profile, "w", "m", 61).is_ok());
    }

    #[test]
    fn files_are_limited_by_the_second_where_they_are_and_counters_do_not_pile_up() {
        let (rates, profile) = (Rates::default(), Profile::model_studio());
        let call = |method: Method, path: &str, now| rates.call(&profile, "w", &method, path, now).is_ok();
        for _ in 0..3 {
            assert!(call(Method::POST, "/api/v1/files", 7));
        }
        assert!(!call(Method::POST, "/compatible-mode/v1/files", 7), "over whichever API");
        assert!(call(Method::POST, "/api/v1/files", 8) && call(Method::POST, "/api/v1/filesystem", 7));
        for _ in 0..10 {
            assert!(call(Method::GET, "/api/v1/files/f-1", 7));
        }
        assert!(!call(Method::DELETE, "/api/v1/files/f-1", 7));
        for tenant in 0..2 * MANY {
            rates.call(&profile, &tenant.to_string(), &Method::GET, "/v1/files", 100 + tenant as i64).unwrap();
        }
        assert!(rates.0.lock().unwrap().len() <= MANY + 1);
    }
}
