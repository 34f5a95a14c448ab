//! Answers that come as server-sent events: read as they arrive, bounded, and stopped when somebody cancels.

use pc_base::Cancel;
use pc_protocol::{ErrorText, SseEvent, SseParser};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};

use crate::error::{CloudError, ErrorKind, Hint};
use crate::transport::{Kind, Transport, request_id_of};
use crate::waiting::unless_cancelled;

/// A frame that repeats a whole long answer is far below this.
const LONGEST_EVENT: usize = 8 << 20;

impl Transport {
    /// Hands every event to `take` until the stream ends. An event that is an error ends it.
    pub(crate) async fn events(
        &self,
        kind: Kind,
        mut response: Response,
        cancel: &Cancel,
        mut take: impl FnMut(&SseEvent) -> Result<(), Box<CloudError>>,
    ) -> Result<(), Box<CloudError>> {
        let named = request_id_of(response.headers());
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|value| value.starts_with("text/event-stream")) {
            // Perhaps an error in JSON with a good status, which `read` knows.
            self.read::<serde_json::Value>(kind, response).await?;
            return Err(self.garbled(kind.operation, "the answer is not a stream"));
        }
        let mut take = |event: &SseEvent| match self.error_in(kind, event) {
            Some(mut error) => {
                error.request_id = error.request_id.or_else(|| named.clone());
                Err(error)
            }
            None => take(event),
        };
        let mut parser = SseParser::new(LONGEST_EVENT);
        loop {
            let chunk = unless_cancelled(cancel, || (), self.chunk(kind, &mut response)).await;
            match chunk.ok_or_else(|| self.cancelled(kind.operation))?? {
                None => break,
                Some(bytes) => {
                    let events = parser.push(&bytes);
                    for event in &events.map_err(|error| self.garbled(kind.operation, &error.to_string()))? {
                        take(event)?;
                    }
                }
            }
        }
        parser.finish().iter().try_for_each(take)
    }

    /// Any payload with a code is an error, whatever the event is called.
    fn error_in(&self, kind: Kind, event: &SseEvent) -> Option<Box<CloudError>> {
        let said = match (ErrorText::read(event.data.as_bytes()), event.event == "error") {
            (Some(said), _) => said,
            (None, true) => ErrorText { message: event.data.clone(), ..ErrorText::default() },
            (None, false) => return None,
        };
        let status = event.status.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.filter(|status| !status.is_success()).unwrap_or(StatusCode::BAD_REQUEST);
        Some(CloudError::of_answer(kind.operation, &self.host, status, Some(said), Hint::default()))
    }

    /// A stream that ended before the answer did.
    pub(crate) fn broke_off(&self, operation: &'static str) -> Box<CloudError> {
        CloudError::new(ErrorKind::Unreachable, operation, &self.host, "the answer broke off")
    }
}
