//! One line repaired: judged, repaired in one way, judged again, and so on. A repair is kept only if fewer findings of its kind
//! are left and it makes none of another kind; so repairing twice changes nothing the second time. Deliberately absent: files.

use std::borrow::Cow;

use super::catalogue::{FIXES, Fix};
use super::{mend, shape};
use crate::content::text;
use crate::json::{Tape, parse};
use crate::limits::LINE_BYTES;
use crate::{FindingCode as Code, RowKind, Severity, judge, turns};

/// Kinds of findings.
const KINDS: usize = Code::ALL.len();
/// Repairs of one line; a row that needs more is a hostile one.
const STEPS: usize = 1_000;

/// How many findings of each kind a line has.
type Tally = [u32; KINDS];

/// What became of a line.
#[derive(Debug, Default)]
pub(super) struct Repaired {
    /// Nothing where the line is as it was.
    pub text: Option<String>,
    /// Findings that are gone, by kind.
    pub fixed: Vec<(Code, u64)>,
    /// Whether it still has an error.
    pub bad: bool,
}

/// Repairs a line that is not blank, without its line ending. `wanted` says which kinds, by their place in [`Code::ALL`].
pub(super) fn repair(line: &[u8], wanted: &[bool], kind: RowKind, tape: &mut Tape) -> Repaired {
    if line.len() > LINE_BYTES {
        return Repaired { bad: true, ..Repaired::default() };
    }
    let (mut repaired, mut line) = (
        Repaired::default(),
        match std::str::from_utf8(line) {
            Ok(line) => Cow::Borrowed(line),
            Err(_) if wanted[Code::LineNotUtf8 as usize] => match mend::decoded(line) {
                Some(text) => Cow::Owned(text),
                None => return Repaired { bad: true, ..Repaired::default() },
            },
            Err(_) => return Repaired { bad: true, ..Repaired::default() },
        },
    );
    if matches!(line, Cow::Owned(_)) {
        repaired.fixed.push((Code::LineNotUtf8, 1));
    }
    let mut tally = judged(&line, kind, tape);
    for _ in 0..STEPS {
        let planned = FIXES.iter().filter(|fix| wanted[fix.code as usize] && tally[fix.code as usize] > 0);
        let step = planned.into_iter().find_map(|fix| {
            let new = step(fix.code, &line, kind)?;
            let after = judged(&new, kind, tape);
            helps(fix, &tally, &after, wanted).then_some((fix.code, new, after))
        });
        let Some((code, new, after)) = step else { break };
        let gone = u64::from(tally[code as usize] - after[code as usize]);
        match repaired.fixed.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += gone,
            None => repaired.fixed.push((code, gone)),
        }
        (line, tally) = (Cow::Owned(new), after);
    }
    repaired.bad = Code::ALL.iter().any(|code| code.severity() == Severity::Error && tally[*code as usize] > 0);
    if let Cow::Owned(text) = line {
        repaired.text = Some(text);
    }
    repaired
}

/// Whether a repair is one. What becomes visible only now was there before.
fn helps(fix: &Fix, before: &Tally, after: &Tally, wanted: &[bool]) -> bool {
    let own = fix.code as usize;
    let counts = |at: usize| wanted[at] || Code::ALL[at].severity() == Severity::Error;
    let deeper = |at: usize| fix.reveals && at > own;
    after[own] < before[own] && (0..KINDS).all(|at| at == own || !counts(at) || deeper(at) || after[at] <= before[at])
}

/// One repair of one kind.
fn step(code: Code, line: &str, kind: RowKind) -> Option<String> {
    match code {
        Code::LineNotJson => return mend::mended(line),
        Code::LoneSurrogate => return Some(mend::whole_characters(line)),
        _ => {}
    }
    let mut parsed = parse(line).ok()?;
    if parsed.lone_surrogate.is_some() {
        // Writing the row anew would make another character of it.
        return None;
    }
    let inside = match code {
        Code::MessagesNotList => shape::unwrapped(&parsed.value, "messages"),
        Code::ToolsNotList => shape::unwrapped(&parsed.value, "tools"),
        _ => None,
    };
    if inside.is_some() {
        return inside;
    }
    if code == Code::MessagesNotList {
        shape::listed(&mut parsed.value, "messages");
    } else {
        shape::repair(code, &mut parsed.value, kind);
    }
    let mut new = String::with_capacity(line.len());
    parsed.value.write(&mut new);
    Some(new)
}

/// What the check finds in a line by itself.
fn judged(line: &str, kind: RowKind, tape: &mut Tape) -> Tally {
    let (mut tally, mut verdict) = ([0; KINDS], judge::Verdict::default());
    if let Some(doc) = judge::read(line, tape, &mut verdict.found) {
        judge::row(doc.value, kind, &mut verdict);
        let lone = doc.lone_surrogate.is_some();
        turns::each(doc.value, |turn| {
            text::look(turn.text, |code, _, _| {
                tally[code as usize] += u32::from(!(lone && code == Code::Mojibake));
            });
        });
    }
    verdict.found.iter().for_each(|found| tally[found.code as usize] += 1);
    tally
}
