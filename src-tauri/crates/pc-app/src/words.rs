//! Sentences of the use-cases that are not errors of their own, from `words/*.json`. Deliberately absent: the words of
//! error codes, which are pc-base's.

use std::collections::HashMap;
use std::sync::LazyLock;

use pc_base::Language;

type Catalogue = HashMap<String, String>;

static WORDS: LazyLock<[Catalogue; 2]> = LazyLock::new(|| {
    [include_str!("../words/en.json"), include_str!("../words/zh-CN.json")]
        .map(|text| serde_json::from_str(text).expect("the bundled words are valid JSON: a test holds it"))
});

/// The sentence of a key with its `{name}`s filled; the key itself where there is none, which a test shows to be
/// impossible.
pub(crate) fn words(key: &str, language: Language, values: &[(&str, String)]) -> String {
    let catalogue = match language {
        Language::English => &WORDS[0],
        Language::Chinese => &WORDS[1],
    };
    let mut text = catalogue.get(key).map_or_else(|| key.to_owned(), Clone::clone);
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn holes(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
    }

    #[test]
    fn both_languages_say_the_same_and_every_key_in_use_has_words() {
        let [en, zh] = &*WORDS;
        assert_eq!(en.keys().collect::<BTreeSet<_>>(), zh.keys().collect::<BTreeSet<_>>());
        for (key, text) in en {
            assert_eq!(holes(text), holes(&zh[key]), "{key}");
        }
        let filled = words("rows_dropped", Language::Chinese, &[("count", "3".to_owned())]);
        assert!(filled.contains('3') && !filled.contains('{'), "{filled}");
    }
}
