//! Added tokens: texts such as `<|im_start|>` that are found in the raw text before anything else, the longest at each place.

use std::collections::BTreeMap;

/// Bytes of the longest one that is taken: each place of a text may be compared with so many bytes.
pub(super) const LONGEST: usize = 256;

/// A tree of bytes.
pub(super) struct Added {
    nodes: Vec<Node>,
    /// The node behind each first byte; 0 for none, which is the root.
    first: [u32; 256],
}

#[derive(Default)]
struct Node {
    id: Option<u32>,
    next: Vec<(u8, u32)>,
}

impl Added {
    pub fn new(tokens: &BTreeMap<String, u32>) -> Self {
        let mut added = Self { nodes: vec![Node::default()], first: [0; 256] };
        for (text, id) in tokens {
            let mut at = 0;
            for byte in text.bytes() {
                at = added.step(at, byte).unwrap_or_else(|| added.grow(at, byte));
            }
            added.nodes[at].id = Some(*id);
        }
        for (byte, node) in &added.nodes[0].next {
            added.first[usize::from(*byte)] = *node;
        }
        added
    }

    fn step(&self, at: usize, byte: u8) -> Option<usize> {
        self.nodes[at].next.iter().find(|(known, _)| *known == byte).map(|(_, node)| *node as usize)
    }

    fn grow(&mut self, at: usize, byte: u8) -> usize {
        let new = self.nodes.len();
        self.nodes[at].next.push((byte, new as u32));
        self.nodes.push(Node::default());
        new
    }

    /// The first one at or after a place: where it begins and ends, and its id.
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize, u32)> {
        let places = text.iter().enumerate().skip(from);
        let mut places = places.filter(|(_, byte)| self.first[usize::from(**byte)] != 0);
        places.find_map(|(at, byte)| {
            self.longest(self.first[usize::from(*byte)] as usize, text, at + 1).map(|(end, id)| (at, end, id))
        })
    }

    fn longest(&self, mut node: usize, text: &[u8], mut at: usize) -> Option<(usize, u32)> {
        let mut best = None;
        loop {
            if let Some(id) = self.nodes[node].id {
                best = Some((at, id));
            }
            let Some(next) = text.get(at).and_then(|byte| self.step(node, *byte)) else { return best };
            (node, at) = (next, at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_one_at_the_first_place_is_found() {
        let tokens = [("<a>", 1), ("<a>b", 2), ("\n", 3), ("\n\n", 4), ("<abc>", 5)];
        let added = Added::new(&tokens.into_iter().map(|(text, id)| (text.to_owned(), id)).collect());
        let find = |text: &str| added.find(text.as_bytes(), 0);
        assert_eq!(find("x<a>bc"), Some((1, 5, 2)));
        assert_eq!(find("<ab<a>"), Some((3, 6, 1)), "a beginning that does not go on is no token");
        assert_eq!(find("x\n\n\n"), Some((1, 3, 4)));
        assert_eq!(find("plain < text"), None);
    }
}
