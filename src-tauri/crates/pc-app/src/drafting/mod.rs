//! Rows that a model drafts for a person to judge: questions and answers out of passages, other words for questions that are
//! there. What the model says and what the documents say is data; at worst it makes a draft that a person rejects. Each
//! draft is stored as it comes, so that neither a cancel nor a kill loses one. Deliberately absent: the commands, which are
//! `cases::proposals`.

mod ask;
mod grounds;
mod judged;
mod keep;
mod parse;
mod prompt;
mod support;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use pc_base::{Code, Coded, Failure, Language, Progress, Reporter as _, Unit};
use pc_dataset::Message;
use pc_secrets::Keyring;
use pc_store::console::{Proposal, ProposalBatch};
use serde::{Deserialize, Serialize};

use crate::api::{ChatSend, ChatTarget, SampleMessage, Tag, TaskProgress};
use crate::app::App;
use crate::live::Live;
use crate::words::words;

use ask::{Bounds, ask};
use judged::Judge;

pub(crate) use grounds::From;
pub(crate) use judged::{ANSWER, QUESTION};
pub(crate) use keep::{Kept, write_kept};

/// Drafts that may wait in all: more nobody judges one by one.
pub(crate) const MOST: u64 = 5_000;
/// Sentences about what could not be used; the rest is counted.
const TOLD: usize = 20;
/// Questions in a row that the model's place refuses, before it is given up.
const PATIENCE: u32 = 3;
/// Characters of an answer for each token that it may have; what comes beyond is not asked for.
const CHARACTERS: usize = 8;
/// The longest wait for one answer: a small model on a slow machine takes minutes, not more.
const TIME: Duration = Duration::from_mins(10);
/// How often the window hears that there are more.
const ANNOUNCED: Duration = Duration::from_secs(2);

/// A text that is asked about.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub text: String,
    /// For people.
    pub place: String,
    pub task: Task,
}

/// What a model is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// Questions with their answers.
    Ask,
    /// Other words for the last question of a conversation.
    Rephrase { before: Vec<Message>, question: String, answer: String },
}

impl Task {
    /// As a row's provenance says it.
    const fn how(&self) -> &'static str {
        match self {
            Self::Ask => "drafted",
            Self::Rephrase { .. } => "paraphrased",
        }
    }
}

/// What is stored of a draft, sealed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Content {
    pub question: String,
    pub answer: String,
    pub ground: String,
    pub place: String,
    /// The turns before the question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Message>,
    /// The share of the answer's wording that the ground has, where it can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<f64>,
}

/// What could not be used, in sentences.
#[derive(Debug)]
pub(crate) struct Notes {
    pub language: Language,
    /// The first of them.
    pub kept: Vec<String>,
    pub total: u64,
}

impl Notes {
    pub(crate) fn new(language: Language) -> Self {
        Self { language, kept: Vec::new(), total: 0 }
    }

    pub(crate) fn add(&mut self, sentence: String) {
        self.total += 1;
        if self.kept.len() < TOLD {
            self.kept.push(sentence);
        }
    }
}

/// What to draft.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub from: From,
    pub target: ChatTarget,
    pub each: u32,
    pub limit: u32,
    pub instruction: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Made {
    /// Nothing where no draft could be used.
    pub batch: Option<i64>,
    pub made: u64,
    pub notes: Notes,
}

/// Asks about one ground after the other. An end by a cancel or an error leaves what was stored.
pub(crate) async fn draft(app: &App, wanted: Wanted, language: Language, live: &Live<TaskProgress>) -> Result<Made> {
    let (from, limit, cancel) = (wanted.from.clone(), wanted.limit as usize, live.cancel.clone());
    let read = app.blocking(move |app| {
        let (key, mut notes) = (app.console_key()?, Notes::new(language));
        let waiting = app.store().read(|tx| tx.proposals_count())?;
        let found = grounds::grounds(&from, limit, language, &mut notes, &cancel)?;
        Ok((key, waiting, found, notes))
    });
    let (key, waiting, found, notes) = read.await?;
    let made = Made { batch: None, made: 0, notes };
    let mut run =
        Run { app, wanted: &wanted, key, waiting, made, refused: 0, judge: Judge::default(), told: Told::of(app) };
    live.report(Progress { stage: "load".into(), done: 0, total: None, unit: Unit::Steps });
    let total = Some(found.len() as u64);
    for (at, ground) in found.iter().enumerate() {
        live.cancel.check()?;
        if run.waiting >= MOST {
            run.made.notes.add(words("draft_full", language, &[("most", MOST.to_string())]));
            break;
        }
        run.one(ground, at as u64, live).await?;
        live.report(Progress { stage: "draft".into(), done: at as u64 + 1, total, unit: Unit::Steps });
    }
    Ok(run.made)
}

/// One call of `proposal_draft`.
struct Run<'a> {
    app: &'a App,
    wanted: &'a Wanted,
    key: Keyring,
    /// Drafts that wait in all.
    waiting: u64,
    made: Made,
    /// Questions in a row that were refused.
    refused: u32,
    judge: Judge,
    told: Told<'a>,
}

impl Run<'_> {
    async fn one(&mut self, ground: &Ground, at: u64, live: &Live<TaskProgress>) -> Result<()> {
        let Wanted { each, instruction, target, .. } = self.wanted;
        let max_tokens = prompt::max_tokens(*each);
        let content = prompt::prompt(ground, *each, instruction);
        let messages = vec![SampleMessage { role: "user".into(), content }];
        let (target, seed) = (target.clone(), Some(at));
        let asked = ChatSend { target, messages, max_tokens, temperature: 0.7, top_p: 0.9, seed };
        let bounds = Bounds { characters: max_tokens as usize * CHARACTERS, time: TIME };
        let said = match ask(self.app, asked, bounds, &live.cancel).await {
            Ok(said) => said,
            Err(error) => return self.was_refused(error, ground),
        };
        self.refused = 0;
        let drafts = self.judge.usable(&said, ground, *each, &mut self.made.notes);
        self.store(ground, drafts)
    }

    /// A refusal may be about this one text, as a filter's is; the same thrice in a row, or any other error, is not.
    fn was_refused(&mut self, error: anyhow::Error, ground: &Ground) -> Result<()> {
        self.refused += 1;
        let code = error.downcast_ref::<Coded>().map(|coded| coded.code);
        let of_the_text = matches!(
            code,
            Some(Code::CloudRefused | Code::CloudBusy | Code::ContextFull | Code::TemplateInvalid | Code::DraftSilent)
        );
        if !of_the_text || self.refused >= PATIENCE {
            return Err(error);
        }
        let language = self.made.notes.language;
        let why = Failure::of(&error, language).message;
        self.made.notes.add(words("draft_refused", language, &[("place", ground.place.clone()), ("why", why)]));
        Ok(())
    }

    /// Durable once it returns; the batch is there with its first draft.
    fn store(&mut self, ground: &Ground, drafts: Vec<Content>) -> Result<()> {
        let room = usize::try_from(MOST.saturating_sub(self.waiting)).unwrap_or_default();
        let drafts: Vec<Content> = drafts.into_iter().take(room).collect();
        if drafts.is_empty() {
            return Ok(());
        }
        let (count, drafted_at) = (drafts.len() as u64, self.app.now());
        let batch = self.app.store().write(|tx| {
            let batch = match self.made.batch {
                Some(batch) => batch,
                None => tx.proposal_batch_put(&self.batch(ground))?,
            };
            for content in &drafts {
                let (state, drafted_at) = ("waiting".to_owned(), drafted_at.clone());
                let content = serde_json::to_string(content).context("keeping a draft")?;
                let row = Proposal { number: 0, batch, state, edited: false, drafted_at, content };
                tx.proposal_put(&self.key, &row)?;
            }
            Ok(batch)
        })?;
        self.made.batch = Some(batch);
        self.made.made += count;
        self.waiting += count;
        self.told.more();
        Ok(())
    }

    fn batch(&self, ground: &Ground) -> ProposalBatch {
        let (parent, source) = match &self.wanted.from {
            From::Documents(path) => (None, path.display().to_string()),
            From::Rows { parent, name, .. } => {
                (parent.clone().map(|parent| (parent.dataset, parent.version)), name.clone())
            }
        };
        let model = match &self.wanted.target {
            ChatTarget::Local { model, .. } => model.clone(),
            ChatTarget::Cloud { deployed_model } => deployed_model.clone(),
        };
        ProposalBatch { number: 0, parent, source, model, how: ground.task.how().into(), begun_at: self.app.now() }
    }
}

/// Says that there are more drafts, not too often, and once more at whatever end: a cancelled stream announces nothing itself.
struct Told<'a> {
    app: &'a App,
    last: Option<Instant>,
    untold: bool,
}

impl<'a> Told<'a> {
    fn of(app: &'a App) -> Self {
        Self { app, last: None, untold: false }
    }

    fn more(&mut self) {
        self.untold = self.last.is_some_and(|last| last.elapsed() < ANNOUNCED);
        if !self.untold {
            self.last = Some(Instant::now());
            self.app.changed(&[Tag::Library]);
        }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if self.untold {
            self.app.changed(&[Tag::Library]);
        }
    }
}
