//! The typed error of every call, and the program's code that goes on top of it.

use std::fmt;
use std::time::Duration;

use pc_base::{Code, coded};
use pc_protocol::ErrorText;
use reqwest::StatusCode;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No connection, or it broke off.
    Unreachable,
    /// Nothing came for too long.
    TimedOut,
    /// The cloud has no room or no strength right now: 429, 5xx.
    Busy,
    /// The key is wrong, or does not open this.
    Key,
    /// There is no such thing in the cloud.
    NotFound,
    /// Any other refusal.
    Refused,
    /// An answer that is none: another shape, too long, cut.
    Garbled,
    /// The caller asked to stop.
    Cancelled,
}

/// A failed call. It is in the chain of every error of this crate, below the program's [`Code`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudError {
    pub kind: ErrorKind,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What was done, such as `file_upload`.
    pub operation: &'static str,
    pub host: String,
    pub http_status: Option<u16>,
    /// The cloud's own code, such as `Throttling.RateQuota`.
    pub cloud_code: Option<String>,
    /// By which the cloud's support finds the call.
    pub request_id: Option<String>,
    /// The cloud's own words, or ours where it gave none.
    pub message: String,
    pub(crate) hint: Hint,
}

/// What an answer says about repeating the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hint {
    /// `Retry-After` and its relatives.
    pub after: Option<Duration>,
    /// `x-should-retry`
    pub should: Option<bool>,
    /// The call surely had no effect, so that repeating it is safe whatever it was.
    pub untouched: bool,
}

impl CloudError {
    pub(crate) fn new(kind: ErrorKind, operation: &'static str, host: &str, message: impl Into<String>) -> Box<Self> {
        let retryable = matches!(kind, ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Busy);
        Box::new(Self {
            kind,
            retryable,
            operation,
            host: host.to_owned(),
            http_status: None,
            cloud_code: None,
            request_id: None,
            message: message.into(),
            hint: Hint::default(),
        })
    }

    /// The error of an HTTP library.
    pub(crate) fn of_transport(operation: &'static str, host: &str, error: &reqwest::Error) -> Box<Self> {
        let kind = match error {
            _ if error.is_connect() => ErrorKind::Unreachable,
            _ if error.is_timeout() => ErrorKind::TimedOut,
            _ => ErrorKind::Unreachable,
        };
        // The innermost cause says what happened; the address is known and may carry a query.
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let mut made = Self::new(kind, operation, host, cause.to_string());
        made.hint.untouched = error.is_connect();
        made
    }

    /// What an answer with an error status says.
    pub(crate) fn of_answer(
        operation: &'static str,
        host: &str,
        status: StatusCode,
        said: Option<ErrorText>,
        hint: Hint,
    ) -> Box<Self> {
        let said = said.unwrap_or_default();
        let kind = kind_of(status.as_u16(), &said.code, &said.message);
        let message = match said.message.trim() {
            "" => format!("the cloud answered with status {}", status.as_u16()),
            text => bounded(text),
        };
        let mut made = Self::new(kind, operation, host, message);
        made.http_status = Some(status.as_u16());
        made.cloud_code = Some(said.code).filter(|code| !code.is_empty()).map(|code| bounded(&code));
        made.request_id = said.request_id.map(|id| bounded(&id));
        made.hint = hint;
        made.hint.untouched |= status == StatusCode::TOO_MANY_REQUESTS;
        made.retryable = hint.should.unwrap_or(made.retryable);
        made
    }

    /// The typed error in a chain, where the failure was a call's.
    pub fn of(error: &anyhow::Error) -> Option<&Self> {
        error.downcast_ref()
    }

    /// Whether a failure means that the cloud has no such thing.
    pub fn is_not_found(error: &anyhow::Error) -> bool {
        Self::of(error).is_some_and(|error| error.kind == ErrorKind::NotFound)
    }

    fn code(&self) -> pc_base::Coded {
        let mut made = match self.kind {
            ErrorKind::Unreachable | ErrorKind::TimedOut => coded(Code::NetworkUnreachable).with("host", &self.host),
            ErrorKind::Busy => coded(Code::CloudBusy),
            ErrorKind::Key => coded(Code::KeyInvalid),
            ErrorKind::Cancelled => coded(Code::Cancelled),
            ErrorKind::NotFound | ErrorKind::Refused | ErrorKind::Garbled => {
                coded(Code::CloudRefused).with("why", self.message.trim_end_matches(['.', '。', ' ']))
            }
        };
        made.retryable = self.retryable;
        made
    }
}

impl std::error::Error for CloudError {}

/// Puts the program's code on top of a call's error.
#[expect(clippy::boxed_local, reason = "errors are boxed everywhere inside, so that results stay small")]
pub(crate) fn outward(error: Box<CloudError>) -> anyhow::Error {
    let code = error.code();
    anyhow::Error::new(*error).context(code)
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.operation, self.host, self.message)?;
        let status = self.http_status.map(|status| format!("status {status}"));
        let id = self.request_id.as_ref().map(|id| format!("request {id}"));
        let facts: Vec<String> = [status, self.cloud_code.clone(), id].into_iter().flatten().collect();
        if facts.is_empty() { Ok(()) } else { write!(f, " ({})", facts.join(", ")) }
    }
}

fn kind_of(status: u16, code: &str, message: &str) -> ErrorKind {
    match (status, code) {
        (401, _) | (_, "InvalidApiKey" | "invalid_api_key") => ErrorKind::Key,
        // An AccessKey pair is a key too; the billing API answers 400 and 404 for a wrong one.
        (_, "InvalidAccessKeyId.NotFound" | "InvalidAccessKeyId.Inactive" | "SignatureDoesNotMatch") => ErrorKind::Key,
        // A missing file has a status of its own kind; its wording is what official clients look at too.
        (400, "InvalidParameter") if message.trim() == "File not found." => ErrorKind::NotFound,
        (404, _) => ErrorKind::NotFound,
        // No room for money is no lack of strength: waiting does not help.
        (429, "CommodityNotPurchased" | "PrepaidBillOverdue" | "PostpaidBillOverdue" | "insufficient_quota") => {
            ErrorKind::Refused
        }
        (408 | 429 | 500 | 502 | 503 | 504, _) => ErrorKind::Busy,
        (_, code) if code.starts_with("Throttling") => ErrorKind::Busy,
        _ => ErrorKind::Refused,
    }
}

/// Words of a server are shown to people, so they are not longer than a paragraph and have no control characters.
fn bounded(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::{Failure, Language};

    fn answered(status: u16, code: &str, message: &str) -> Box<CloudError> {
        let said = ErrorText { code: code.into(), message: message.into(), request_id: Some("r-1".into()) };
        let status = StatusCode::from_u16(status).unwrap();
        CloudError::of_answer("file_get", "cloud.example", status, Some(said), Hint::default())
    }

    #[test]
    fn every_answer_has_its_kind_its_code_and_whether_to_try_again() {
        for (status, code, message, kind, shown, retryable) in [
            (401, "InvalidApiKey", "m", ErrorKind::Key, "key_invalid", false),
            (404, "InvalidAccessKeyId.NotFound", "m", ErrorKind::Key, "key_invalid", false),
            (400, "InvalidParameter", "File not found.", ErrorKind::NotFound, "cloud_refused", false),
            (400, "InvalidParameter", "m", ErrorKind::Refused, "cloud_refused", false),
            (404, "ModelNotFound", "m", ErrorKind::NotFound, "cloud_refused", false),
            (403, "Workspace.AccessDenied", "m", ErrorKind::Refused, "cloud_refused", false),
            (429, "Throttling.RateQuota", "m", ErrorKind::Busy, "cloud_busy", true),
            (429, "PostpaidBillOverdue", "m", ErrorKind::Refused, "cloud_refused", false),
            (400, "Throttling.User", "m", ErrorKind::Busy, "cloud_busy", true),
            (503, "ModelUnavailable", "m", ErrorKind::Busy, "cloud_busy", true),
            (507, "DiskFull", "m", ErrorKind::Refused, "cloud_refused", false),
        ] {
            let error = answered(status, code, message);
            assert_eq!((error.kind, error.retryable), (kind, retryable), "{status} {code}");
            let failure = Failure::of(&outward(error), Language::English);
            assert_eq!((failure.code.as_str(), failure.retryable), (shown, retryable), "{status} {code}");
        }
    }

    #[test]
    fn the_request_can_be_found_by_support_and_the_typed_error_by_the_program() {
        let error = outward(answered(403, "AccessDenied", "Not yours.")).context("getting a file");
        let failure = Failure::of(&error, Language::English);
        assert_eq!(failure.message, "The cloud refused this: Not yours.");
        assert!(
            failure
                .detail
                .unwrap()
                .contains("file_get at cloud.example: Not yours. (status 403, AccessDenied, request r-1)")
        );
        assert_eq!(CloudError::of(&error).unwrap().request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn a_servers_words_are_bounded() {
        let error = answered(400, "c", &"x\u{7}".repeat(1000));
        assert!(error.message.len() == 500 && !error.message.contains('\u{7}'));
    }
}
