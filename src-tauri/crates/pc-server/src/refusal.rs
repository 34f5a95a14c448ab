//! How a request is refused: a status, the cloud's code and a sentence; `edge` gives it the body of the API that was
//! called. Deliberately absent: the words of the program's own error codes, which a client never sees.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pc_base::{Code, Failure, Language};
use pc_protocol::CompatibleError;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// A native code such as `InvalidParameter`.
    pub code: &'static str,
    pub message: String,
    /// The parameter that is at fault, where one is; only the OpenAI-compatible body names it.
    pub param: Option<String>,
    /// Seconds after which the same request may succeed.
    pub after: Option<u64>,
}

/// The result of every handler.
pub type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// Any refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), param: None, after: None }
    }

    /// Says that the same request may succeed after so many seconds.
    pub fn again(self, after: u64) -> Self {
        Self { after: Some(after), ..self }
    }

    /// The body ended before its announced end. What comes back to a client that can still hear it tells it to send again: the
    /// line is at fault, not what was sent.
    pub fn broke_off() -> Self {
        Self::invalid("The request broke off before its end.").again(0)
    }

    /// Names the parameter that is at fault.
    pub fn on(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// 400 `InvalidParameter`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", message)
    }

    /// 400 `UnsupportedOperation`.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "UnsupportedOperation", message)
    }

    /// 404 `NotFound`: also for what belongs to another workspace.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", format!("{what} does not exist."))
    }

    /// 400 with the wording by which clients recognise a missing file.
    pub fn file_not_found() -> Self {
        Self::invalid("File not found.")
    }

    /// 404 `ModelNotFound`.
    pub fn model_not_found(model: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ModelNotFound", format!("Model {model} does not exist or is not running."))
    }

    /// 401 `InvalidApiKey`.
    pub fn key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidApiKey", "Invalid API-key provided.")
    }

    /// 413 for a body over its limit.
    pub fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BadRequest.TooLarge", format!("The body exceeds {limit} bytes."))
    }

    /// 500: ours. The cause goes to the log, not to the client.
    pub fn internal(error: &anyhow::Error) -> Self {
        let code = Failure::of(error, Language::English).code;
        if code == Code::DiskFull.name() || code == Code::DiskShort.name() {
            let message = "There is no space left on the cloud's disk.";
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, "DiskFull", message);
        }
        if code == Code::DiskReadOnly.name() {
            let message = "The cloud's disk can only be read now; nothing was kept.";
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, "DiskReadOnly", message);
        }
        tracing::error!(error = format!("{error:#}"), "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "An internal error occurred.")
    }

    /// The OpenAI-compatible error object.
    pub fn compatible_error(&self) -> CompatibleError {
        let (kind, code) = match (self.status.as_u16(), self.code) {
            (401, _) => ("invalid_request_error", "invalid_api_key"),
            (404, "ModelNotFound") => ("invalid_request_error", "model_not_found"),
            (404, _) => ("invalid_request_error", "not_found"),
            (429, _) => ("rate_limit_error", "rate_limit_exceeded"),
            (500.., _) => ("server_error", "internal_error"),
            (_, "InvalidParameter") => ("invalid_request_error", "invalid_parameter_error"),
            (_, "UnsupportedOperation") => ("invalid_request_error", "unsupported_parameter"),
            (_, "BadRequest.TooLarge") => ("invalid_request_error", "request_too_large"),
            (403, _) => ("permission_error", "access_denied"),
            (409, _) => ("invalid_request_error", "conflict"),
            (_, code) => ("invalid_request_error", code),
        };
        let (message, kind, code) = (self.message.clone(), kind.to_owned(), Some(code.to_owned()));
        CompatibleError { message, kind, param: self.param.clone(), code }
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Refusal {
    /// Without a body: `edge` writes it, because it knows the path and the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
