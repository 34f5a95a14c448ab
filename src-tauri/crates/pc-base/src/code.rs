//! `Code`, generated from `words/*.json` so that no code can lack words in a language.

include!(concat!(env!("OUT_DIR"), "/codes.rs"));

/// A language that the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    /// From a locale such as `zh_CN.UTF-8` or a tag such as `zh-Hans`; every other one reads English.
    pub fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }
}

impl Code {
    /// The code's name on the wire, such as `dataset_empty`.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The code of a name, or nothing for a name that this version does not know.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The words for people, with `{name}` where a value belongs.
    pub const fn words(self, language: Language) -> &'static str {
        match language {
            Language::English => self.row().1,
            Language::Chinese => self.row().2,
        }
    }
}
