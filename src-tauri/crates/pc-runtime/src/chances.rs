//! How likely each token of an answer was, beside its likeliest alternatives: of the model's own distribution, before
//! penalties and temperature. Deliberately absent: the choice of the token (`sampler`).

use pc_model::Tokenizer;

use crate::sampler::log_sum_exp;

/// A token and the natural logarithm of its probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Chance {
    pub id: u32,
    /// Of its text; several tokens may share one character.
    pub bytes: Vec<u8>,
    pub logprob: f32,
}

/// A token of the answer and what could have stood there, the likeliest first.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenChances {
    pub chosen: Chance,
    pub top: Vec<Chance>,
}

/// Of the token `id`, with `count` alternatives.
pub(crate) fn chances(logits: &[f32], id: u32, count: usize, tokenizer: &Tokenizer) -> TokenChances {
    let all = log_sum_exp(logits);
    let chance = |id: u32| Chance { id, bytes: tokenizer.bytes_of(id), logprob: logits[id as usize] - all };
    TokenChances { chosen: chance(id), top: likeliest(logits, count).into_iter().map(chance).collect() }
}

/// The ids of the `count` largest, largest first; of equals the lower id.
fn likeliest(logits: &[f32], count: usize) -> Vec<u32> {
    let count = count.min(logits.len());
    if count == 0 {
        return Vec::new();
    }
    let descending = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b));
    let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
    if count < ids.len() {
        ids.select_nth_unstable_by(count - 1, descending);
        ids.truncate(count);
    }
    ids.sort_unstable_by(descending);
    ids
}

/// Tokens whose text is not shown yet, each with the place in the text where its own begins.
#[derive(Default)]
pub(crate) struct Waiting(Vec<(usize, TokenChances)>);

impl Waiting {
    pub fn push(&mut self, start: usize, token: TokenChances) {
        self.0.push((start, token));
    }

    /// Those that begin before a place.
    pub fn before(&mut self, place: usize) -> Vec<TokenChances> {
        let count = self.0.partition_point(|(start, _)| *start < place);
        self.0.drain(..count).map(|(_, token)| token).collect()
    }

    /// All of them.
    pub fn rest(&mut self) -> Vec<TokenChances> {
        self.0.drain(..).map(|(_, token)| token).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_equals_by_their_id() {
        assert_eq!(likeliest(&[1.0, 3.0, 2.0, 3.0], 3), [1, 3, 2]);
        assert_eq!(likeliest(&[1.0, 3.0], 5), [1, 0], "no more than there are");
        assert!(likeliest(&[1.0], 0).is_empty());
    }

    #[test]
    fn a_token_comes_out_with_the_first_of_its_text() {
        let token = |id| TokenChances { chosen: Chance { id, bytes: Vec::new(), logprob: 0.0 }, top: Vec::new() };
        let mut waiting = Waiting::default();
        for (start, id) in [(0, 1), (3, 2), (3, 3), (5, 4)] {
            waiting.push(start, token(id));
        }
        let ids = |tokens: Vec<TokenChances>| tokens.iter().map(|token| token.chosen.id).collect::<Vec<_>>();
        assert_eq!(ids(waiting.before(3)), [1], "what begins at the end of the text is not in it");
        assert_eq!(ids(waiting.before(4)), [2, 3], "the bytes of one character come together");
        assert_eq!(ids(waiting.rest()), [4]);
    }
}
