//! Step 5 in a process of its own that cannot reach a network where the system allows that: base and tuned model answer
//! the same questions, streamed, and then the whole golden set in each form. Request and events go over the process's
//! pipes as JSON lines. Deliberately absent: the verdict.

use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, Progress, coded};
use pc_dataset::Golden;
use pc_model::RenderOptions;
use pc_runtime::{Chat, Options, Sampling, divergence, init_default};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use super::event::{Event, Who};
use super::summary::{Asked, Recalled};
use crate::api::Quant;
use crate::chat::{isolated, reaches_network};
use crate::evaluation::evaluate;
use crate::hidden;
use crate::report::Report;

/// Enough to see how each answers.
const MOST_TOKENS: usize = 48;
/// Between two looks at the wish to stop.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// On which the forms are compared: nothing of the sample, both languages.
const FIXED_TEXT: &str = "The lake was calm that morning, and the first boats left the harbour before the sun was up. \
     清晨的湖面很平静，第一批船在日出之前就离开了港口。";

/// What the process is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// ONNX folders.
    pub forms: Vec<(Who, Quant, PathBuf)>,
    /// Asked of both, one after the other, before the golden set.
    pub prompts: Vec<String>,
    pub golden: Vec<Golden>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Event(Event),
    Done(Asked),
    Failed(Report),
}

/// Starts the process and follows it.
pub(super) async fn ask(request: &Request, tell: &(dyn Fn(Event) + Send + Sync), cancel: &Cancel) -> Result<Asked> {
    let program = hidden::program()?;
    let command = isolated(&program).unwrap_or_else(|| std::process::Command::new(&program));
    let mut command = Command::from(command);
    command.arg(hidden::OFFLINE).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().context("starting the process without a network")?;
    let mut stdin = child.stdin.take().context("the process has an input")?;
    stdin.write_all(&serde_json::to_vec(request)?).await.context("asking the process without a network")?;
    drop(stdin);
    let mut lines = BufReader::new(child.stdout.take().context("the process has an output")?).lines();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line.context("reading from the process without a network")?,
            _ = look.tick() => {
                // Dropping the child kills it.
                cancel.check()?;
                continue;
            }
        };
        let Some(line) = line else { break };
        match serde_json::from_str(&line).context("reading what the process without a network says")? {
            Line::Event(event) => tell(event),
            Line::Done(asked) => return Ok(asked),
            Line::Failed(report) => return Err(report.into_error()),
        }
    }
    let status = child.wait().await.context("waiting for the process without a network")?;
    Err(coded(Code::Internal)).with_context(|| format!("the process without a network ended early ({status})"))
}

/// The process: reads its request, tells what it does, ends with the figures.
pub(crate) fn offline_main() -> ExitCode {
    let (line, code) = match answer() {
        Ok(asked) => (Line::Done(asked), ExitCode::SUCCESS),
        Err(error) => (Line::Failed(Report::of(&error)), ExitCode::FAILURE),
    };
    say(&line);
    code
}

fn answer() -> Result<Asked> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("reading the request")?;
    let request: Request = serde_json::from_str(&text).context("reading the request")?;
    init_default()?;
    let offline = !reaches_network();
    say(&Line::Event(Event::Offline { proven: offline }));
    side_by_side(&request)?;
    let mut recalls = Vec::new();
    for (who, quant, dir) in &request.forms {
        let reporter = |progress: Progress| say(&Line::Event(Event::Progress { progress: progress.into() }));
        let done = evaluate(dir, &request.golden, &reporter, &Cancel::default())?;
        say(&Line::Event(Event::Evaluated {
            who: *who,
            quant: *quant,
            found: done.recall.found,
            required: done.recall.required,
            tokens_per_second: done.tokens_per_second,
        }));
        recalls.push(Recalled {
            who: *who,
            quant: *quant,
            recall: done.recall,
            share: done.share,
            tokens_per_second: done.tokens_per_second,
            first_token_ms: done.first_token_ms,
        });
    }
    let form = |quant| request.forms.iter().find(|(who, q, _)| *who == Who::Tuned && *q == quant).map(|(.., dir)| dir);
    let (whole, small) = form(Quant::F32).zip(form(Quant::Int4)).context("the tuned model is there in both forms")?;
    let apart = divergence(whole, small, Options::default(), FIXED_TEXT, &Cancel::default())?;
    let questions = request.golden.len();
    Ok(Asked { offline, questions, recalls, kl_int4: apart.mean_kl, same_top_int4: apart.same_top })
}

/// The small form of each is what a laptop would run.
fn side_by_side(request: &Request) -> Result<()> {
    let small = request.forms.iter().filter(|(_, quant, _)| *quant == Quant::Int4);
    let open = |(who, _, dir): &(Who, Quant, PathBuf)| anyhow::Ok((*who, Chat::open(dir, Options::default())?));
    let mut chats = small.map(open).collect::<Result<Vec<_>>>()?;
    let sampling = Sampling { max_tokens: MOST_TOKENS, ..Sampling::default() };
    let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
    for question in &request.prompts {
        say(&Line::Event(Event::Asked { question: question.clone() }));
        for (who, chat) in &mut chats {
            let ids = chat.prompt(&[json!({"role": "user", "content": question})], &options)?;
            let mut on_text = |text: &str| {
                say(&Line::Event(Event::Text { who: *who, text: text.to_owned() }));
                ControlFlow::Continue(())
            };
            chat.generate(&ids, &sampling, &mut on_text, &Cancel::default())?;
            say(&Line::Event(Event::Answered { who: *who }));
        }
    }
    Ok(())
}

fn say(line: &Line) {
    let Ok(mut text) = serde_json::to_vec(line) else { return };
    text.push(b'\n');
    let mut out = std::io::stdout().lock();
    if out.write_all(&text).and_then(|()| out.flush()).is_err() {
        // The one who asked has gone, so there is nobody to answer.
        std::process::exit(1);
    }
}
