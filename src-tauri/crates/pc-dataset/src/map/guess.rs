//! What the columns of a source mean, guessed from their names in Chinese and English and from what the first rows hold. A guess is
//! shown with its reasons and corrected by a person. Deliberately absent: any certainty beyond what names and contents say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use pc_base::Language;
use serde::{Deserialize, Serialize};

use super::messages::{list_in, usual};
use super::template::Template;
use super::{Grouping, Recipe, Source, text_of};
use crate::read::date::seconds;
use crate::{Record, Role, RowKind};

mod names;

use names::{Part, named};

/// A chat that has been silent for this long begins anew.
const GAP_MINUTES: u32 = 30;

/// A recipe that fits, how surely, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guess {
    pub recipe: Recipe,
    /// In [0, 1]: 0.9 and more where names and contents agree, half where contents alone speak.
    pub certainty: f64,
    pub reasons: Vec<Reason>,
}

/// One thing that speaks for a guess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: ReasonCode,
    /// The column, or the speaker, that it is about.
    pub column: String,
}

/// What can speak for a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    HoldsMessages,
    HoldsShareGpt,
    TwoAnswers,
    Alpaca,
    NameOfQuestion,
    NameOfAnswer,
    NameOfText,
    NameOfSystem,
    NameOfThinking,
    NameOfTools,
    Asks,
    Longest,
    Speaker,
    Staff,
    Times,
    IdsRepeat,
}

impl ReasonCode {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::HoldsMessages,
        Self::HoldsShareGpt,
        Self::TwoAnswers,
        Self::Alpaca,
        Self::NameOfQuestion,
        Self::NameOfAnswer,
        Self::NameOfText,
        Self::NameOfSystem,
        Self::NameOfThinking,
        Self::NameOfTools,
        Self::Asks,
        Self::Longest,
        Self::Speaker,
        Self::Staff,
        Self::Times,
        Self::IdsRepeat,
    ];
}

impl Reason {
    /// A sentence for people.
    pub fn sentence(&self, language: Language) -> String {
        static WORDS: LazyLock<[HashMap<ReasonCode, String>; 2]> = LazyLock::new(|| {
            [include_str!("../../words/guess-en.json"), include_str!("../../words/guess-zh-CN.json")]
                .map(|text| serde_json::from_str(text).expect("the words are valid: a test holds them"))
        });
        let words = &WORDS[usize::from(language == Language::Chinese)];
        words.get(&self.code).map_or_else(String::new, |words| words.replace("{column}", &self.column))
    }
}

/// What is known of one column.
struct Column<'a> {
    name: &'a str,
    /// Share of cells that are not empty.
    filled: f64,
    /// Share of filled cells that are questions.
    asks: f64,
    /// Mean characters of filled cells.
    length: f64,
    /// Different values by filled cells.
    different: f64,
    /// Share of filled cells that are times.
    times: f64,
    /// Share of filled cells that are numbers.
    numbers: f64,
    values: Vec<String>,
}

impl<'a> Column<'a> {
    fn of(name: &'a str, records: &[Record]) -> Self {
        let values: Vec<String> = records
            .iter()
            .filter_map(|record| record.get(name))
            .map(|value| text_of(value).trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect();
        let share = |test: &dyn Fn(&String) -> bool| {
            values.iter().filter(|value| test(value)).count() as f64 / values.len().max(1) as f64
        };
        Self {
            name,
            filled: values.len() as f64 / records.len().max(1) as f64,
            asks: share(&|text| is_question(text)),
            length: values.iter().map(|text| text.chars().count()).sum::<usize>() as f64 / values.len().max(1) as f64,
            different: values.iter().collect::<HashSet<_>>().len() as f64 / values.len().max(1) as f64,
            times: share(&|text| seconds(text).is_some()),
            numbers: share(&|text| text.parse::<f64>().is_ok()),
            values,
        }
    }

    fn is_text(&self) -> bool {
        self.filled > 0.0 && self.times < 0.5 && self.numbers < 0.5
    }
}

fn is_question(text: &str) -> bool {
    let asks = ["吗", "什么", "怎么", "如何", "几点", "多少", "哪", "谁", "能否", "可以"];
    let low = text.to_lowercase();
    text.trim_end().ends_with(['?', '？'])
        || text.chars().count() < 60 && asks.iter().any(|word| text.contains(word))
        || ["what ", "how ", "when ", "where ", "why ", "who ", "can ", "is ", "do ", "does "]
            .iter()
            .any(|word| low.starts_with(word))
}

/// All that is looked at while guessing.
struct Look<'a> {
    records: &'a [Record],
    columns: Vec<Column<'a>>,
    reasons: Vec<Reason>,
}

impl<'a> Look<'a> {
    fn new(records: &'a [Record]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for name in records.iter().flat_map(|record| record.names.iter()) {
            if names.len() < 200 && !names.contains(&name.as_str()) && Template::can_name(name) {
                names.push(name);
            }
        }
        let columns = names.into_iter().map(|name| Column::of(name, records)).collect();
        Self { records, columns, reasons: Vec::new() }
    }

    fn because(&mut self, code: ReasonCode, column: &str) {
        self.reasons.push(Reason { code, column: column.to_owned() });
    }

    /// The column whose name says that it is a part, and how plainly it does.
    fn find(&self, part: Part, taken: &[&str]) -> Option<(&'a str, f64)> {
        // What is added to questions now and then may be empty in all rows that were looked at.
        let usable = |column: &&Column<'_>| column.filled > 0.0 || part == Part::Context;
        let free = self.columns.iter().filter(usable).filter(|column| !taken.contains(&column.name));
        let scored = free.filter_map(|column| Some((column.name, named(column.name, part)?)));
        scored.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    /// The column that holds conversations, and the keys that it writes them with.
    fn conversations(&self) -> Option<(&'a str, ReasonCode)> {
        self.columns.iter().find_map(|column| {
            let first = self.records.iter().filter_map(|record| record.get(column.name)).find_map(list_in)?;
            let has = |key: &str| first.first().is_some_and(|item| item.get(key).is_some());
            match (has("role"), has("from") && has("value")) {
                (true, _) => Some((column.name, ReasonCode::HoldsMessages)),
                (_, true) => Some((column.name, ReasonCode::HoldsShareGpt)),
                _ => None,
            }
        })
    }

    /// Columns that any conversation may have beside its turns.
    fn extras(&mut self, recipe: &mut Recipe, taken: &[&str]) {
        if let Some((name, _)) = self.find(Part::System, taken) {
            recipe.system = Some(Template::of_column(name, true));
            self.because(ReasonCode::NameOfSystem, name);
        }
        if let Some((name, score)) = self.find(Part::Thinking, taken)
            && score >= 1.0
        {
            recipe.thinking = Some(name.to_owned());
            self.because(ReasonCode::NameOfThinking, name);
        }
        if let Some((name, score)) = self.find(Part::Tools, taken)
            && score >= 1.0
        {
            recipe.tools = Some(name.to_owned());
            self.because(ReasonCode::NameOfTools, name);
        }
    }

    fn done(self, recipe: Recipe, certainty: f64) -> Guess {
        Guess { recipe, certainty, reasons: self.reasons }
    }

    fn preference(mut self) -> Result<Guess, Self> {
        let (Some((chosen, _)), Some((rejected, _))) = (self.find(Part::Chosen, &[]), self.find(Part::Rejected, &[]))
        else {
            return Err(self);
        };
        let taken = [chosen, rejected];
        let listed = self.conversations().map(|(name, _)| name);
        let question = self.find(Part::Question, &taken).map(|(name, _)| name).filter(|name| Some(*name) != listed);
        let certainty = if question.is_some() || listed.is_some() { 0.95 } else { 0.3 };
        self.because(ReasonCode::TwoAnswers, chosen);
        let context = self.find(Part::Context, &[chosen, rejected, question.unwrap_or_default()]).map(|(name, _)| name);
        let source = Source::Preference {
            question: question
                .map(|name| with_context(name, context))
                .or(listed.is_none().then(|| "{question}".to_owned())),
            history: listed.map(ToOwned::to_owned),
            chosen: Template::of_column(chosen, false),
            rejected: Template::of_column(rejected, false),
        };
        let mut recipe = Recipe::new(RowKind::Dpo, source);
        self.extras(&mut recipe, &taken);
        Ok(self.done(recipe, certainty))
    }

    fn listed(mut self) -> Result<Guess, Self> {
        let Some((name, code)) = self.conversations() else { return Err(self) };
        self.because(code, name);
        let mut recipe = Recipe::new(RowKind::Sft, Source::Messages { column: name.to_owned() });
        self.extras(&mut recipe, &[name]);
        Ok(self.done(recipe, 0.98))
    }

    fn chat(mut self) -> Result<Guess, Self> {
        let Some(chat) = Chat::find(&self) else { return Err(self) };
        let content = Template::of_column(chat.content, false);
        let mut recipe = Recipe::new(RowKind::Sft, Source::Turn { speaker: chat.sender.to_owned(), content });
        self.because(ReasonCode::Speaker, chat.sender);
        let order = chat.time.or(chat.turn);
        if let Some(name) = order {
            self.because(ReasonCode::Times, name);
        }
        if let Some(name) = chat.conversation {
            self.because(ReasonCode::IdsRepeat, name);
        }
        recipe.group = Some(Grouping {
            by: chat.conversation.map(ToOwned::to_owned).into_iter().collect(),
            order: order.map(ToOwned::to_owned),
            // A group chat goes on for years; an id of a conversation ends with it.
            gap_minutes: (chat.time.is_some()
                && chat.conversation.is_none_or(|name| named(name, Part::Room).is_some()))
            .then_some(GAP_MINUTES),
        });
        recipe.others = Some(Role::User);
        let (roles, sure) = staff(&self, &chat);
        for name in roles.keys() {
            self.because(ReasonCode::Staff, name);
        }
        recipe.roles = roles;
        self.extras(&mut recipe, &[chat.sender, chat.content]);
        Ok(self.done(recipe, if sure { 0.85 } else { 0.5 }))
    }

    fn pair(mut self) -> Result<Guess, Self> {
        let Some((answer, answer_score)) = self.find(Part::Answer, &[]) else { return Err(self) };
        let Some((question, question_score)) = self.find(Part::Question, &[answer]) else { return Err(self) };
        let alpaca = question == "instruction" && answer == "output";
        if alpaca {
            self.because(ReasonCode::Alpaca, question);
        } else {
            self.because(ReasonCode::NameOfQuestion, question);
            self.because(ReasonCode::NameOfAnswer, answer);
        }
        let context = self.find(Part::Context, &[question, answer]).map(|(name, _)| name);
        let source =
            Source::Pair { question: with_context(question, context), answer: Template::of_column(answer, false) };
        let mut recipe = Recipe::new(RowKind::Sft, source);
        if let Some((id, score)) = self.find(Part::Conversation, &[question, answer])
            && score >= 1.0
            && self.columns.iter().any(|column| column.name == id && column.different < 0.9)
        {
            let order = self
                .find(Part::Time, &[question, answer, id])
                .or_else(|| self.find(Part::Turn, &[question, answer, id]));
            self.because(ReasonCode::IdsRepeat, id);
            let order = order.map(|(name, _)| name.to_owned());
            recipe.group = Some(Grouping { by: vec![id.to_owned()], order, gap_minutes: None });
        }
        self.extras(&mut recipe, &[question, answer]);
        let asks = self.columns.iter().find(|column| column.name == question).is_some_and(|column| column.asks > 0.3);
        let plain = question_score.min(answer_score).min(1.0);
        Ok(self.done(
            recipe,
            if alpaca { 0.95 } else { (0.75 + 0.15 * (plain - 0.7) / 0.3 + if asks { 0.08 } else { 0.0 }).min(0.98) },
        ))
    }

    /// Where names say nothing: the column that asks, and the longest other text.
    fn contents(mut self) -> Result<Guess, Self> {
        let texts: Vec<&Column<'_>> =
            self.columns.iter().filter(|column| column.is_text() && column.different > 0.3).collect();
        let asking = texts.iter().filter(|column| column.asks >= 0.3).max_by(|a, b| a.asks.total_cmp(&b.asks));
        let Some(question) = asking.map(|column| column.name) else { return Err(self) };
        let others = texts.iter().filter(|column| column.name != question && column.length >= 2.0);
        let Some(answer) = others.max_by(|a, b| a.length.total_cmp(&b.length)).map(|column| column.name) else {
            return Err(self);
        };
        self.because(ReasonCode::Asks, question);
        self.because(ReasonCode::Longest, answer);
        let source =
            Source::Pair { question: Template::of_column(question, false), answer: Template::of_column(answer, false) };
        Ok(self.done(Recipe::new(RowKind::Sft, source), 0.5))
    }

    fn text(mut self) -> Guess {
        let named = self.find(Part::Text, &[]).map(|(name, _)| name);
        let texts = self.columns.iter().filter(|column| column.is_text());
        let longest = texts.max_by(|a, b| a.length.total_cmp(&b.length)).map(|column| column.name);
        let name = named.or(longest).or(self.columns.first().map(|column| column.name)).unwrap_or("text");
        self.because(if named.is_some() { ReasonCode::NameOfText } else { ReasonCode::Longest }, name);
        let heading = self.columns.iter().any(|column| column.name == "heading");
        let text = if heading {
            format!("{{heading?}}\n\n{}", Template::of_column(name, false))
        } else {
            Template::of_column(name, false)
        };
        let alone = self.columns.len() <= 2;
        let certainty = match (named.is_some(), alone) {
            (true, true) => 0.95,
            (true, false) => 0.6,
            _ => 0.2,
        };
        self.done(Recipe::new(RowKind::Cpt, Source::Text { text }), certainty)
    }
}

/// A question, and what belongs to it where a row has that.
fn with_context(question: &str, context: Option<&str>) -> String {
    match context {
        Some(context) => format!("{}\n{}", Template::of_column(question, false), Template::of_column(context, true)),
        None => Template::of_column(question, false),
    }
}

/// The columns of a chat.
struct Chat<'a> {
    sender: &'a str,
    content: &'a str,
    time: Option<&'a str>,
    turn: Option<&'a str>,
    conversation: Option<&'a str>,
}

impl<'a> Chat<'a> {
    fn find(look: &Look<'a>) -> Option<Self> {
        let (sender, _) = look.find(Part::Sender, &[])?;
        let (content, _) = look.find(Part::Content, &[sender])?;
        let time =
            look.columns.iter().find(|column| column.times >= 0.8 && column.name != content).map(|column| column.name);
        let turn = look.find(Part::Turn, &[sender, content]).map(|(name, _)| name);
        let conversation =
            look.find(Part::Conversation, &[sender, content]).or_else(|| look.find(Part::Room, &[sender, content]));
        let few = look.columns.iter().find(|column| column.name == sender)?.different < 0.9 || look.records.len() < 8;
        let chat = Self { sender, content, time, turn, conversation: conversation.map(|(name, _)| name) };
        (few && (time.is_some() || turn.is_some() || chat.conversation.is_some())).then_some(chat)
    }
}

/// Whether rows are what people said at some time.
pub(crate) fn looks_like_chat(records: &[Record]) -> bool {
    Chat::find(&Look::new(records)).is_some()
}

/// Who answers in a chat: those whose names say so, else who speaks in most conversations; and whether names said it.
fn staff(look: &Look<'_>, chat: &Chat<'_>) -> (BTreeMap<String, Option<Role>>, bool) {
    let senders = look.columns.iter().find(|column| column.name == chat.sender).map(|column| column.values.as_slice());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in senders.unwrap_or_default() {
        *counts.entry(name).or_default() += 1;
    }
    if counts.keys().any(|name| usual(name) == Some(Role::Assistant)) {
        return (BTreeMap::new(), true);
    }
    let words = [
        "客服",
        "助手",
        "小助理",
        "机器人",
        "官方",
        "店长",
        "前台",
        "管家",
        "顾问",
        "support",
        "service",
        "staff",
        "admin",
        "bot",
    ];
    let says = |name: &&&str| words.iter().any(|word| name.to_lowercase().contains(word));
    let told: Vec<&&str> = counts.keys().filter(says).collect();
    if !told.is_empty() {
        return (told.into_iter().map(|name| ((*name).to_owned(), Some(Role::Assistant))).collect(), true);
    }
    let most = counts.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    (most.map(|(name, _)| ((*name).to_owned(), Some(Role::Assistant))).into_iter().collect(), false)
}

/// Guesses a recipe from the first rows of a source; there is always one, if only that the longest column is text.
pub fn guess(records: &[Record]) -> Guess {
    Look::new(records)
        .preference()
        .or_else(Look::listed)
        .or_else(Look::chat)
        .or_else(Look::pair)
        .or_else(Look::contents)
        .unwrap_or_else(Look::text)
}
