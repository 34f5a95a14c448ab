//! Pages by `NextToken`. A token names the row that was read last, bound to the account, the action and its parameters by
//! a code that only this cloud can make; so what is added or goes while somebody reads neither repeats a row nor skips
//! one, and a token of another question is refused.

use subtle::ConstantTimeEq as _;

use super::parameters::{Parameters, invalid};
use crate::refusal::Answer;
use crate::state::State;

/// Digits of the code.
const CODE: usize = 32;

/// The names of the two parameters, which differ between the APIs.
pub(super) struct Names {
    pub size: &'static str,
    pub token: &'static str,
    /// The most rows of a page.
    pub most: usize,
    /// Whether the rows' keys fall.
    pub downwards: bool,
}

/// A page of a listing.
pub(super) struct Page<T> {
    pub rows: Vec<T>,
    pub total: u64,
    pub size: usize,
    /// Nothing on the last page.
    pub next: Option<String>,
}

/// Cuts the asked page out of rows that are sorted by their keys, upwards or downwards. `question` is everything else that
/// was asked, see [`Parameters::question`].
pub(super) fn page<T>(
    state: &State,
    parameters: &mut Parameters,
    names: &Names,
    question: &str,
    rows: Vec<(String, T)>,
) -> Answer<Page<T>> {
    let size = parameters.number(names.size, 1, names.most)?.unwrap_or(20);
    let after = match parameters.text(names.token) {
        None => None,
        Some(token) => {
            let read = key_of(state, question, &token);
            Some(read.ok_or_else(|| invalid(names.token, "it is empty or one that this question answered"))?)
        }
    };
    let total = rows.len() as u64;
    let passed = |key: &str| match &after {
        None => false,
        Some(after) if names.downwards => key >= after.as_str(),
        Some(after) => key <= after.as_str(),
    };
    let mut left = rows.into_iter().skip_while(|(key, _)| passed(key)).peekable();
    let (mut page, mut last) = (Vec::new(), String::new());
    while page.len() < size {
        let Some((key, row)) = left.next() else { break };
        page.push(row);
        last = key;
    }
    let next = left.peek().is_some().then(|| token_of(state, question, &last));
    Ok(Page { rows: page, total, size, next })
}

fn code(state: &State, question: &str, key: &str) -> String {
    let purpose = format!("page token/{}/{question}/{key}", question.len());
    state.master.derived_text(&purpose).expose()[..CODE].to_owned()
}

fn token_of(state: &State, question: &str, key: &str) -> String {
    format!("{}{}", code(state, question, key), hex::encode(key))
}

fn key_of(state: &State, question: &str, token: &str) -> Option<String> {
    let (sent, key) = token.split_at_checked(CODE)?;
    let key = String::from_utf8(hex::decode(key).ok()?).ok()?;
    let same: bool = code(state, question, &key).as_bytes().ct_eq(sent.as_bytes()).into();
    same.then_some(key)
}
