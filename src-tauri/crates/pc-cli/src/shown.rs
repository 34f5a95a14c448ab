//! What a person or a program reads: text with progress on a terminal, or JSON lines.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the one place that prints")]

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pc_base::{Failure, Language, Progress, Reporter};
use serde_json::{Value, json};

/// Between two redrawn lines of progress.
const REDRAW: Duration = Duration::from_millis(100);

/// How this call shows things.
pub struct Shown {
    json: bool,
    language: Language,
    drawn: Mutex<Option<Instant>>,
}

impl Shown {
    pub fn new(json: bool, language: Language) -> Self {
        Self { json, language, drawn: Mutex::new(None) }
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// The English or the Chinese words.
    pub fn words<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        match self.language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// The result: the document for programs, the text for people.
    pub fn result(&self, document: &Value, text: &str) {
        self.clear();
        if self.json {
            println!("{document}");
        } else if !text.is_empty() {
            println!("{text}");
        }
    }

    /// A piece of an answer, as it appears.
    pub fn text(&self, text: &str) {
        if self.json {
            println!("{}", json!({"text": text}));
            return;
        }
        self.clear();
        print!("{text}");
        // Where the reader has gone, the result's own line meets the same end.
        let _ = std::io::stdout().flush();
    }

    /// The refusal: code and sentence.
    pub fn failure(&self, failure: &Failure) {
        self.clear();
        if self.json {
            println!("{}", json!({"error": failure}));
            return;
        }
        eprintln!("{} [{}]", failure.message, failure.code);
        if let Some(detail) = failure.detail.as_deref().filter(|_| failure.kind() == pc_base::Kind::Ours) {
            eprintln!("  {detail}");
        }
    }

    fn clear(&self) {
        let mut drawn = self.drawn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if drawn.take().is_some() {
            eprint!("\r\x1b[2K");
        }
    }
}

impl Reporter for Shown {
    fn report(&self, progress: Progress) {
        let mut drawn = self.drawn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if drawn.is_some_and(|last| last.elapsed() < REDRAW) {
            return;
        }
        if self.json {
            println!("{}", json!({"progress": progress}));
            *drawn = None;
        } else if std::io::stderr().is_terminal() {
            let share = progress.total.filter(|total| *total > 0).map(|total| progress.done * 100 / total);
            let share = share.map_or_else(|| progress.done.to_string(), |percent| format!("{percent} %"));
            eprint!("\r\x1b[2K{} {share}", progress.stage);
            *drawn = Some(Instant::now());
        }
    }
}
