//! Rows that make one conversation together, wherever they lie in the source: sorted by conversation and turn, joined, and put back
//! into the order in which conversations began.

use std::path::Path;

use pc_base::{Cancel, Code, Coded, coded};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::build::{Plan, Said, answer_of};
use super::row::Made;
use super::sort::Sorter;
use super::{Grouping, column, text_of};
use crate::limits::LINE_BYTES;
use crate::read::date::seconds;
use crate::{Message, Record, Role};

/// Gathers the turns of all records.
pub(super) struct Gathering<'a> {
    plan: &'a Plan<'a>,
    group: &'a Grouping,
    turns: Sorter,
    taken: u64,
}

/// What a record said, and where.
#[derive(Serialize, Deserialize)]
struct Kept {
    number: u64,
    file: String,
    at: u64,
    time: Option<f64>,
    said: Vec<Said>,
    /// The record's other columns, which the system message and the tools of its conversation may need.
    rest: Vec<(String, Value)>,
}

/// A conversation's row, or why there is none, with its place.
pub(super) type Outcome = (String, u64, Result<Made, Coded>);

impl<'a> Gathering<'a> {
    /// Begins; `scratch` takes what memory does not hold.
    pub fn new(plan: &'a Plan<'a>, group: &'a Grouping, scratch: &Path) -> Self {
        Self { plan, group, turns: Sorter::new(scratch), taken: 0 }
    }

    /// Takes one record, or says why it is passed over.
    pub fn take(&mut self, record: &Record, file: &str) -> anyhow::Result<Result<(), Coded>> {
        let number = self.taken;
        self.taken += 1;
        let (key, kept) = match self.turn(record, file, number) {
            Ok(Some(turn)) => turn,
            Ok(None) => return Ok(Ok(())),
            Err(why) => return Ok(Err(why)),
        };
        self.turns.add(key, serde_json::to_vec(&kept)?)?;
        Ok(Ok(()))
    }

    fn turn(&self, record: &Record, file: &str, number: u64) -> Result<Option<(Vec<u8>, Kept)>, Coded> {
        let mut conversation = Sha256::new();
        for name in &self.group.by {
            let value = text_of(column(record, name)?);
            if value.trim().is_empty() {
                return Err(coded(Code::RowCellEmpty).with("column", name));
            }
            conversation.update((value.trim().len() as u64).to_le_bytes());
            conversation.update(value.trim());
        }
        let said = self.plan.said(record)?;
        if said.is_empty() {
            return Ok(None);
        }
        let mut key = conversation.finalize()[..16].to_vec();
        let mut time = None;
        if let Some(name) = &self.group.order {
            let value = text_of(column(record, name)?);
            let value = value.trim();
            time = value.parse().ok().filter(|number: &f64| number.is_finite()).or_else(|| seconds(value));
            match time {
                Some(time) => {
                    key.push(0);
                    key.extend_from_slice(&sortable(time));
                }
                None => {
                    key.push(1);
                    key.extend_from_slice(value.as_bytes());
                    key.push(0);
                }
            }
        }
        key.extend_from_slice(&number.to_be_bytes());
        let wanted = self.plan.of_whole();
        let rest = wanted.iter().filter_map(|name| Some((name.clone(), record.get(name)?.clone()))).collect();
        Ok(Some((key, Kept { number, file: file.to_owned(), at: record.at, time, said, rest })))
    }

    /// Joins all turns, and gives every conversation to `put` in the order of their first rows.
    pub fn finish(
        self,
        scratch: &Path,
        cancel: &Cancel,
        mut put: impl FnMut(Outcome) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut order = Sorter::new(scratch);
        let (mut current, mut open): (Vec<u8>, Option<Talk>) = (Vec::new(), None);
        for entry in self.turns.finish()? {
            cancel.check()?;
            let (key, payload) = entry?;
            let kept: Kept = serde_json::from_slice(&payload)?;
            let silence = match (open.as_ref().and_then(|talk| talk.time), kept.time, self.group.gap_minutes) {
                (Some(before), Some(now), Some(minutes)) => now - before > f64::from(minutes) * 60.0,
                _ => false,
            };
            if key[..16] != current[..] || silence {
                if let Some(talk) = open.take() {
                    talk.close(&mut order)?;
                }
                current = key[..16].to_vec();
            }
            open.get_or_insert_with(Talk::default).add(kept);
        }
        if let Some(talk) = open.take() {
            talk.close(&mut order)?;
        }
        for entry in order.finish()? {
            cancel.check()?;
            let talk: Talk = serde_json::from_slice(&entry?.1)?;
            put(talk.outcome(self.plan))?;
        }
        Ok(())
    }
}

/// Bytes that sort as the number does.
fn sortable(number: f64) -> [u8; 8] {
    let bits = number.to_bits();
    (if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }).to_be_bytes()
}

/// A conversation while it is joined.
#[derive(Default, Serialize, Deserialize)]
struct Talk {
    /// The smallest number of its records, and that record's place.
    number: Option<u64>,
    file: String,
    at: u64,
    time: Option<f64>,
    said: Vec<Said>,
    rest: Vec<(String, Value)>,
    bytes: usize,
}

impl Talk {
    fn add(&mut self, kept: Kept) {
        if self.number.is_none_or(|known| kept.number < known) {
            (self.number, self.file, self.at) = (Some(kept.number), kept.file, kept.at);
        }
        if self.rest.is_empty() {
            self.rest = kept.rest;
        }
        self.time = kept.time;
        for said in kept.said {
            self.bytes += said.text.len() + said.thought.as_ref().map_or(0, String::len) + 32;
            // What no line can hold is counted, and not kept.
            if self.bytes <= LINE_BYTES {
                self.said.push(said);
            }
        }
    }

    fn close(self, order: &mut Sorter) -> anyhow::Result<()> {
        let key = self.number.unwrap_or_default().to_be_bytes().to_vec();
        order.add(key, serde_json::to_vec(&self)?)
    }

    fn outcome(self, plan: &Plan<'_>) -> Outcome {
        let made = if self.bytes > LINE_BYTES {
            Err(coded(Code::RowTooLong).with("limit", LINE_BYTES))
        } else {
            self.joined(plan)
        };
        (self.file, self.at, made)
    }

    /// Turns of one speaker in a row become one message; what comes before the first question or after the last answer has no
    /// counterpart and is left out.
    fn joined(&self, plan: &Plan<'_>) -> Result<Made, Coded> {
        let mut turns: Vec<Said> = Vec::new();
        for said in &self.said {
            match turns.last_mut().filter(|last| last.role == said.role) {
                Some(last) => {
                    last.text.push('\n');
                    last.text.push_str(&said.text);
                    last.thought = said.thought.clone().or(last.thought.take());
                }
                None => turns.push(said.clone()),
            }
        }
        let first = turns.iter().position(|said| said.role == Role::User).unwrap_or(turns.len());
        let system = turns.iter().take(first).find(|said| said.role == Role::System).cloned();
        turns.drain(..first);
        turns.retain(|said| said.role != Role::System);
        while turns.last().is_some_and(|last| last.role != Role::Assistant) {
            turns.pop();
        }
        if turns.is_empty() {
            return Err(coded(Code::RowTurnsMissing));
        }
        let mut messages: Vec<Message> = system.map(|said| Message::new(Role::System, said.text)).into_iter().collect();
        messages.extend(turns.iter().map(|said| Message::new(said.role, answer_of(said))));
        let (names, values): (Vec<String>, Vec<Value>) = self.rest.iter().cloned().unzip();
        plan.conversation(messages, &Record { at: self.at, names: names.into(), values })
    }
}
