//! An incremental parser of server-sent events as both chat APIs write them. Bounded: a stream that never ends an event
//! cannot fill the memory. Deliberately absent: reconnecting, which no answer of a model survives.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    pub id: String,
    /// `result` or `error` in the native API; empty in the compatible one.
    pub event: String,
    /// The lines of data, joined by line feeds.
    pub data: String,
    /// From a `status:` field or the comment `:HTTP_STATUS/200`.
    pub status: Option<u16>,
}

/// An event is longer than the parser's bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseTooLong;

impl std::fmt::Display for SseTooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an event of the stream is too long")
    }
}

impl std::error::Error for SseTooLong {}

/// Takes bytes as they arrive, wherever they are cut, and gives events.
pub struct SseParser {
    limit: usize,
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    /// The last byte was a carriage return, so that a line feed right after it ends no second line.
    after_return: bool,
    first_line: bool,
}

impl SseParser {
    /// An event may have up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        let event = SseEvent::default();
        Self { limit, line: Vec::new(), event, has_data: false, after_return: false, first_line: true }
    }

    /// The events that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, SseTooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            let feed_of_pair = std::mem::replace(&mut self.after_return, *byte == b'\r') && *byte == b'\n';
            match byte {
                _ if feed_of_pair => {}
                b'\r' | b'\n' => events.extend(self.end_line()),
                _ if self.line.len() + self.event.data.len() >= self.limit => return Err(SseTooLong),
                _ => self.line.push(*byte),
            }
        }
        Ok(events)
    }

    /// An event that the end of the stream left without its empty line. The standard drops it; some proxies eat the
    /// last line feed, so it is given where it is whole enough to have data.
    pub fn finish(mut self) -> Option<SseEvent> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.has_data.then_some(self.event)
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let mut line = text.as_ref();
        if std::mem::replace(&mut self.first_line, false) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::replace(&mut self.has_data, false).then_some(event);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.event),
            "id" => value.clone_into(&mut self.event.id),
            "status" => self.event.status = value.trim().parse().ok(),
            "" => {
                let status = value.strip_prefix("HTTP_STATUS/").and_then(|text| text.trim().parse().ok());
                self.event.status = status.or(self.event.status);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIVE: &str =
        "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"a\":\"é\"}\n\nid:2\nevent:error\nstatus:429\ndata:{}\n\n";

    fn parse(text: &str, step: usize) -> Vec<SseEvent> {
        let mut parser = SseParser::new(1 << 16);
        text.as_bytes().chunks(step).flat_map(|chunk| parser.push(chunk).unwrap()).collect()
    }

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut_and_however_lines_end() {
        let whole = parse(NATIVE, usize::MAX);
        assert_eq!(whole.len(), 2);
        assert_eq!(
            (whole[0].event.as_str(), whole[0].status, whole[0].data.as_str()),
            ("result", Some(200), "{\"a\":\"é\"}")
        );
        assert_eq!((whole[1].event.as_str(), whole[1].status), ("error", Some(429)));
        for step in 1..NATIVE.len() {
            assert_eq!(parse(NATIVE, step), whole, "cut every {step} bytes");
            assert_eq!(parse(&NATIVE.replace('\n', "\r\n"), step), whole, "with both line ends");
            assert_eq!(parse(&NATIVE.replace('\n', "\r"), step), whole, "with carriage returns");
        }
    }

    #[test]
    fn heartbeats_are_no_events_and_data_lines_are_joined() {
        let events = parse("\u{feff}: ping\n\nretry: 5\n\ndata: a\ndata: b\n\ndata\n\n", 3);
        assert_eq!(events.iter().map(|event| event.data.as_str()).collect::<Vec<_>>(), ["a\nb", ""]);
    }

    #[test]
    fn an_event_without_end_is_refused_before_it_fills_the_memory() {
        let mut parser = SseParser::new(100);
        assert_eq!(parser.push(&[b'x'; 200]), Err(SseTooLong));
        let mut parser = SseParser::new(100);
        let lines = "data: 0123456789\n".repeat(20);
        assert_eq!(parser.push(lines.as_bytes()), Err(SseTooLong));
    }

    #[test]
    fn a_last_event_without_its_empty_line_is_given_at_the_end() {
        let mut parser = SseParser::new(100);
        assert_eq!(parser.push(b"data: [DONE]").unwrap(), []);
        assert_eq!(parser.finish().unwrap().data, "[DONE]");
        assert_eq!(SseParser::new(100).finish(), None);
    }
}
