//! Generates `Code` and its words from `words/*.json`. A code without words in every language, or
//! whose words name other values in one language than in another, does not build.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script has no home to protect and speaks to cargo through the environment"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

type Catalogue = serde_json::Map<String, serde_json::Value>;

fn read(language: &str) -> Catalogue {
    let path = format!("words/{language}.json");
    println!("cargo::rerun-if-changed={path}");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// `dataset_line_not_json` -> `DatasetLineNotJson`.
fn variant(code: &str) -> String {
    code.split('_').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}

fn holes(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

fn entry<'a>(catalogue: &'a Catalogue, language: &str, code: &str) -> &'a str {
    catalogue
        .get(code)
        .and_then(|v| v.as_str())
        .unwrap_or_else(|| panic!("words/{language}.json has no words for {code}"))
}

fn main() {
    let (en, zh) = (read("en"), read("zh-CN"));
    let stray: Vec<_> = zh.keys().filter(|code| !en.contains_key(*code)).collect();
    assert!(stray.is_empty(), "words/zh-CN.json has codes that words/en.json lacks: {stray:?}");
    let mut list = String::new();
    let mut table = String::new();
    for code in en.keys() {
        let (e, z) = (entry(&en, "en", code), entry(&zh, "zh-CN", code));
        assert_eq!(holes(e), holes(z), "{code} names other values in zh-CN than in en");
        writeln!(list, "    /// {e}\n    {},", variant(code)).expect("a String takes everything");
        writeln!(table, "        Code::{} => ({code:?}, {e:?}, {z:?}),", variant(code))
            .expect("a String takes everything");
    }
    let source = format!(
        "/// Every refusal that a person or a program may have to tell apart.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\npub enum Code {{\n{list}}}\n\n\
         impl Code {{\n    /// All codes, in the catalogue's order.\n    pub const ALL: &'static [Code] = &[{}];\n\n    \
         const fn row(self) -> (&'static str, &'static str, &'static str) {{\n        match self {{\n{table}        }}\n    }}\n}}\n",
        en.keys().map(|c| format!("Code::{}", variant(c))).collect::<Vec<_>>().join(", "),
    );
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join("codes.rs"), source).expect("OUT_DIR can be written");
}
