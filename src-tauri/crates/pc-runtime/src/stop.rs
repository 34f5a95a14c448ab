//! Stop strings in streamed text: what might be the beginning of one is held back until it is certain.

/// Watches a stream of text for any of several strings.
pub struct StopWatch<'a> {
    stops: &'a [String],
    held: String,
    met: bool,
}

impl<'a> StopWatch<'a> {
    /// Empty stop strings are ignored.
    pub fn new(stops: &'a [String]) -> Self {
        Self { stops, held: String::new(), met: false }
    }

    /// Takes new text; returns what can be shown and whether a stop string was met, which ends the text before it.
    /// Nothing is shown after it.
    pub fn push(&mut self, text: &str) -> (String, bool) {
        if self.met {
            return (String::new(), true);
        }
        self.held.push_str(text);
        let stops = self.stops.iter().filter(|stop| !stop.is_empty());
        if let Some(at) = stops.clone().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.held.truncate(at);
            self.met = true;
            return (std::mem::take(&mut self.held), true);
        }
        let safe = stops.map(|stop| self.held.len() - overlap(&self.held, stop)).min().unwrap_or(self.held.len());
        let rest = self.held.split_off(safe);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// What was held back, now that nothing follows.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Length in bytes of the longest end of `text` that begins `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    let ends = stop.char_indices().map(|(at, _)| at).rev();
    ends.into_iter().find(|length| text.ends_with(&stop[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_string_over_several_pieces_is_never_shown() {
        let stops = ["结束了".to_owned(), "\nUser:".to_owned()];
        let mut watch = StopWatch::new(&stops);
        assert_eq!(watch.push("好的\nUs"), ("好的".to_owned(), false), "the start of a stop string is held back");
        assert_eq!(watch.push("age 结"), ("\nUsage ".to_owned(), false), "it was not one, but a new one may begin");
        assert_eq!(watch.push("束了。"), (String::new(), true), "the text ends before the stop string");
    }

    #[test]
    fn held_text_comes_out_at_the_end() {
        let stops = ["END".to_owned(), String::new()];
        let mut watch = StopWatch::new(&stops);
        assert_eq!(watch.push("the EN"), ("the ".to_owned(), false), "EN may become END");
        assert_eq!(watch.finish(), "EN", "nothing follows, so it was only EN");
    }
}
