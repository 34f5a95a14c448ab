//! A look at what rows say, beyond their format: each text (`text`), each row as a whole, and the distributions over all
//! good rows (`Stats`), from which follows what is wrong with the set itself. Deliberately absent: format rules, which are
//! `judge`'s, and comparing rows, which is `near`'s.

mod histogram;
pub(crate) mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub use histogram::{Bucket, Histogram};

use crate::finding::{FindingCode as Code, Found};
use crate::json::Value;
use crate::turns;

/// Counts the tokens of a row, which it is given as its line of JSON, as a training of the target model would see it; nothing
/// where the model's chat template cannot write it. Only rows without an error come.
#[derive(Clone)]
pub struct Counter(pub Arc<CountRow>);

/// From a row's line to its tokens.
pub type CountRow = dyn Fn(&str) -> Option<RowTokens> + Send + Sync;

/// Tokens of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowTokens {
    /// Of the longest sequence that it is trained as: what is limited.
    pub longest: u64,
    /// Of all of them, which are two for a pair of answers: what is billed.
    pub total: u64,
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counter")
    }
}

/// The main language of a text, by its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Chinese,
    Latin,
    Mixed,
    Other,
}

fn language(letters: text::Letters) -> Option<Language> {
    // A Chinese character says about as much as three letters of a Latin word.
    let (han, latin) = (letters.han * 3, letters.latin);
    let all = han + latin + letters.other;
    if all == 0 {
        return None;
    }
    let most = |part: u64| part * 10 >= all * 8;
    Some(match () {
        () if most(han) => Language::Chinese,
        () if most(latin) => Language::Latin,
        () if most(letters.other) => Language::Other,
        () => Language::Mixed,
    })
}

/// Rows by the main language of what is said in them: at least four fifths of it, weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Languages {
    pub chinese: u64,
    /// English and all others that are written in Latin letters.
    pub latin: u64,
    pub mixed: u64,
    pub other: u64,
    /// No letters at all.
    pub none: u64,
}

/// Distributions over the good rows of a set.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stats {
    pub languages: Languages,
    /// Characters of a row.
    pub characters: Histogram,
    /// Messages of a row.
    pub turns: Histogram,
    /// Characters of the last answer.
    pub answers: Histogram,
    /// Tokens of a row's longest sequence; empty without a counter.
    pub tokens: Histogram,
    /// Tokens of all sequences of all rows.
    pub tokens_total: u64,
    /// Rows of more tokens than wanted.
    pub rows_over: u64,
    /// The commonest short answers with their rows.
    pub labels: Vec<(String, u64)>,
    #[serde(skip)]
    short: Tally,
    #[serde(skip)]
    openings: Tally,
    #[serde(skip)]
    closings: Tally,
}

/// Texts and how often each came. When too many differ, those that came once are forgotten (lossy counting, Manku and
/// Motwani 2002): what a large share of rows has stays exact unless it was rare for very long.
#[derive(Clone, Debug, Default)]
struct Tally {
    counts: HashMap<String, u64>,
    rows: u64,
}

/// Texts that a tally holds.
const TALLIED: usize = 1 << 16;
/// Characters of an answer that may be a label, and of an opening or closing.
const LABEL: usize = 20;
const EDGE: usize = 16;
/// Fewer rows say nothing of a share.
const ROWS_FOR_SHARES: u64 = 50;

impl Tally {
    fn add(&mut self, text: String, count: u64) {
        *self.counts.entry(text).or_default() += count;
        if self.counts.len() > TALLIED {
            self.counts.retain(|_, count| *count > 1);
        }
        if self.counts.len() > TALLIED {
            self.counts.clear();
        }
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        other.counts.into_iter().for_each(|(text, count)| self.add(text, count));
    }

    /// The commonest, then by text, so that the outcome is always the same.
    fn most(&self, number: usize) -> Vec<(String, u64)> {
        let mut all: Vec<_> = self.counts.iter().map(|(text, count)| (text.clone(), *count)).collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(number);
        all
    }
}

/// Counts a good row's tokens; `most` is the longest row that is trained. False where the model cannot be trained on it.
pub(crate) fn tokens(
    line: &str,
    counter: &Counter,
    most: Option<u64>,
    found: &mut Vec<Found>,
    stats: &mut Stats,
) -> bool {
    let Some(tokens) = (counter.0)(line) else {
        found.push(Found::new(Code::TemplateRefuses, ""));
        return false;
    };
    if let Some(most) = most.filter(|&most| tokens.longest > most) {
        stats.rows_over += 1;
        found.push(Found::new(Code::RowOverMaxLength, "").with("tokens", tokens.longest).with("limit", most));
    }
    stats.tokens.add(tokens.longest);
    stats.tokens_total += tokens.total;
    true
}

/// Looks at a row. `good` says whether it counts for the distributions.
pub(crate) fn look(row: Value<'_>, good: bool, found: &mut Vec<Found>, stats: &mut Stats) {
    let end = turns::answer_place(row);
    let (mut question, mut reply) = (text::Letters::default(), text::Letters::default());
    let (mut characters, mut messages, mut last, mut answer) = (0, 0, None, None);
    turns::each(row, |turn| {
        let letters = text::look(turn.text, |code, at, what| {
            let place = Found { column: at as u64 + 1, ..Found::new(code, turn.path()) };
            found.push(place.with("what", what).with("column", at + 1));
        });
        let side = if Some(turn.place) == end { &mut reply } else { &mut question };
        if turn.role != Some(crate::Role::System) && turn.role != Some(crate::Role::Tool) {
            side.han += letters.han;
            side.latin += letters.latin;
            side.other += letters.other;
        }
        characters += turn.text.chars().count() as u64;
        messages += u64::from(last != Some(turn.place));
        last = Some(turn.place);
        answer = if Some(turn.place) == end && answer.is_none() { Some(turn.text) } else { answer };
    });
    if let (Some(asked @ (Language::Chinese | Language::Latin)), Some(told)) = (language(question), language(reply))
        && told != asked
        && told != Language::Mixed
    {
        found.push(Found::new(Code::LanguageDiffers, end.map_or(String::new(), |place| place.key("content"))));
    }
    if good {
        let whole = text::Letters {
            han: question.han + reply.han,
            latin: question.latin + reply.latin,
            other: question.other + reply.other,
        };
        stats.row(language(whole), characters, messages);
        answer.into_iter().for_each(|answer| stats.answer(answer));
    }
}

impl Stats {
    fn row(&mut self, language: Option<Language>, characters: u64, messages: u64) {
        let count = match language {
            Some(Language::Chinese) => &mut self.languages.chinese,
            Some(Language::Latin) => &mut self.languages.latin,
            Some(Language::Mixed) => &mut self.languages.mixed,
            Some(Language::Other) => &mut self.languages.other,
            None => &mut self.languages.none,
        };
        *count += 1;
        self.characters.add(characters);
        self.turns.add(messages);
    }

    fn answer(&mut self, answer: &str) {
        let text = answer.trim();
        let length = answer.chars().count();
        self.answers.add(length as u64);
        if length <= LABEL {
            self.short.rows += 1;
            self.short.add(text.to_owned(), 1);
        }
        if length > 2 * EDGE {
            self.openings.rows += 1;
            self.openings.add(text.chars().take(EDGE).collect(), 1);
            self.closings.rows += 1;
            let start = text.char_indices().rev().nth(EDGE - 1).map_or(0, |(at, _)| at);
            self.closings.add(text[start..].to_owned(), 1);
        }
    }

    /// Takes in what another part of the file gave.
    pub(crate) fn merge(&mut self, other: Self) {
        let (all, new) = (&mut self.languages, other.languages);
        all.chinese += new.chinese;
        all.latin += new.latin;
        all.mixed += new.mixed;
        all.other += new.other;
        all.none += new.none;
        self.characters.merge(&other.characters);
        self.turns.merge(&other.turns);
        self.answers.merge(&other.answers);
        self.tokens.merge(&other.tokens);
        self.tokens_total += other.tokens_total;
        self.rows_over += other.rows_over;
        self.short.merge(other.short);
        self.openings.merge(other.openings);
        self.closings.merge(other.closings);
    }

    /// What is wrong with the set, once all rows are known.
    pub(crate) fn whole(&mut self) -> Vec<Found> {
        self.labels = self.short.most(20);
        let mut found = Vec::new();
        let (answers, _) = self.answers.total();
        let classes: Vec<u64> = self.short.most(50).into_iter().map(|(_, count)| count).collect();
        let covered: u64 = classes.iter().sum();
        // Few short answers that nearly all rows have are classes.
        if answers >= ROWS_FOR_SHARES && classes.len() > 1 && covered * 10 >= answers * 8 {
            let (most, least) = (classes[0], classes[classes.len() - 1]);
            if most * 10 >= covered * 7 || (classes.len() < 50 && most >= least * 10) {
                let finding = Found::new(Code::ClassImbalance, "").with("answer", &self.labels[0].0);
                found.push(finding.with("percent", most * 100 / answers).with("classes", classes.len()));
            }
        }
        for (code, tally) in [(Code::BoilerplateOpening, &self.openings), (Code::BoilerplateClosing, &self.closings)] {
            let Some((text, count)) = tally.most(1).pop() else { continue };
            if tally.rows >= ROWS_FOR_SHARES && count * 10 >= tally.rows * 3 {
                found.push(Found::new(code, "").with("text", text).with("percent", count * 100 / tally.rows));
            }
        }
        found
    }
}
