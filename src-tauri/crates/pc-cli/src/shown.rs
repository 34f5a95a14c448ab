//! What a person or a program reads: text with progress on a terminal, or JSON lines.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pc_base::{Failure, Language, Progress, Reporter};
use serde_json::{Value, json};

use crate::progress::Course;

/// Between two redrawn lines of progress.
const REDRAW: Duration = Duration::from_millis(100);

/// How this call shows things.
pub struct Shown {
    json: bool,
    language: Language,
    live: bool,
    drawn: Mutex<Drawn>,
}

#[derive(Default)]
struct Drawn {
    /// When the line was last redrawn.
    at: Option<Instant>,
    /// Whether a line of progress stands on the terminal now.
    stands: bool,
    /// Whether the last piece of text left its line open.
    open: bool,
    course: Option<Course>,
}

impl Shown {
    pub fn new(json: bool, language: Language) -> Self {
        Self { json, language, live: !json && std::io::stderr().is_terminal(), drawn: Mutex::default() }
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether a program reads, not a person.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Whether a line can be redrawn for the reader.
    pub fn live(&self) -> bool {
        self.live
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
        if self.json {
            self.line(&document.to_string());
        } else if !text.is_empty() {
            self.line(text);
        }
    }

    /// Something that happened on the way: a document for programs, a line for people.
    pub fn note(&self, document: &Value, text: &str) {
        self.result(document, text);
    }

    /// A line for people beside the result; programs do not read it.
    pub fn aside(&self, text: &str) {
        if !self.json {
            let mut drawn = self.drawn();
            erase(&mut drawn);
            err(&format!("{text}\n"));
        }
    }

    /// A piece of an answer, as it appears.
    pub fn text(&self, text: &str) {
        if self.json {
            return self.line(&json!({"text": text}).to_string());
        }
        let mut drawn = self.drawn();
        erase(&mut drawn);
        drawn.open = !text.ends_with('\n');
        out(text);
    }

    /// The refusal: code and sentence.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            return self.line(&json!({"error": failure}).to_string());
        }
        let mut text = format!("{} [{}]\n", failure.message, failure.code);
        if let Some(detail) = failure.detail.as_deref().filter(|_| failure.kind() == pc_base::Kind::Ours) {
            text += &format!("  {detail}\n");
        }
        let mut drawn = self.drawn();
        erase(&mut drawn);
        if std::mem::take(&mut drawn.open) {
            out("\n");
        }
        err(&text);
    }

    /// A line of the terminal that is replaced by the next, or by whatever is printed next; nothing elsewhere.
    pub fn status(&self, text: &str) {
        if self.live {
            let mut drawn = self.drawn();
            if !drawn.open {
                err(&format!("\r\x1b[2K{text}"));
                drawn.stands = true;
            }
        }
    }

    /// Asks on the terminal without showing what is typed, or reads the next line of standard input where there is no
    /// terminal. Nothing that is secret stands in the arguments, so no other user of the machine sees it.
    pub fn ask_secret(&self, question: &str) -> std::io::Result<String> {
        if std::io::stdin().is_terminal() {
            return rpassword::prompt_password(format!("{question}: ")).map(|line| line.trim().to_owned());
        }
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn line(&self, text: &str) {
        let mut drawn = self.drawn();
        erase(&mut drawn);
        let before = if std::mem::take(&mut drawn.open) { "\n" } else { "" };
        out(&format!("{before}{text}\n"));
    }

    fn drawn(&self) -> std::sync::MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        erase(&mut self.drawn());
    }
}

fn erase(drawn: &mut Drawn) {
    if std::mem::take(&mut drawn.stands) {
        err("\r\x1b[2K");
    }
}

/// Prints. A reader that has gone (`partner … | head`) has read enough, so the program ends there as it would have.
fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Prints beside the result; a closed error stream is nobody's trouble.
fn err(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

impl Reporter for Shown {
    fn report(&self, progress: Progress) {
        let line = {
            let mut drawn = self.drawn();
            let now = Instant::now();
            let course = Course::follow(drawn.course.take(), &progress, now);
            let line = course.line(&progress, now, self.language);
            let same_stage = course.stage == progress.stage && course.is_old(now);
            drawn.course = Some(course);
            let ended = progress.total == Some(progress.done);
            if same_stage && !ended && drawn.at.is_some_and(|last| now.duration_since(last) < REDRAW) {
                return;
            }
            drawn.at = Some(now);
            line
        };
        if self.json {
            self.line(&json!({"progress": progress}).to_string());
        } else {
            self.status(&line);
        }
    }
}
