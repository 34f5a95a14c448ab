//! Which findings have a repair, what it does in words, and what it may bring to light. A repair invents nothing: it takes out
//! what nobody means, puts what is there into the shape that is wanted, or leaves the row as it is. Deliberately absent: how.

use std::collections::HashMap;
use std::sync::LazyLock;

use pc_base::Language;

use crate::FindingCode;

/// One repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fix {
    pub code: FindingCode,
    /// Whether it always succeeds; the others leave a row where more than one thing could be meant.
    pub certain: bool,
    /// Whether the row can be judged deeper afterwards, so that findings come up that were hidden.
    pub reveals: bool,
}

macro_rules! fixes {
    ($($code:ident $certain:ident $reveals:ident,)*) => {
        /// From the outside in; unknown keys go last, because another repair may have a use for them.
        pub(super) const FIXES: &[Fix] = &[$(Fix {
            code: FindingCode::$code,
            certain: stringify!($certain).len() == "certain".len(),
            reveals: stringify!($reveals).len() == "reveals".len(),
        },)*];
    };
}

fixes! {
    FileBom certain nothing,
    FileUtf16 certain reveals,
    FileCrlf certain nothing,
    LineBlank certain nothing,
    LineNotUtf8 maybe reveals,
    LineNotJson maybe reveals,
    LoneSurrogate certain nothing,
    ControlCharacter certain nothing,
    KeyDuplicate maybe nothing,
    RowNotObject maybe reveals,
    RowKeyUnknown certain nothing,
    MessagesNotList maybe reveals,
    MessageNotObject maybe reveals,
    MessageKeyRefused maybe nothing,
    RoleMissing maybe reveals,
    RoleUnknown maybe reveals,
    SystemNotFirst maybe nothing,
    TurnOrder maybe nothing,
    LastNotAssistant maybe nothing,
    LastNotUser maybe nothing,
    AnswerNotAssistant certain reveals,
    ContentMissing maybe reveals,
    ContentType maybe reveals,
    ContentEmpty maybe nothing,
    LossWeightRange maybe nothing,
    LossWeightRole certain nothing,
    LossWeightRejected certain nothing,
    ThinkingNewlines maybe nothing,
    ThinkingNotLast maybe nothing,
    ToolsNotList maybe nothing,
    ToolCallInvalid maybe reveals,
    ToolArgumentsNotJson maybe nothing,
    ToolIdUnknown maybe nothing,
    LookAlike maybe nothing,
    EmojiBroken certain nothing,
    ZeroWidth certain nothing,
    BidiControl certain nothing,
    Mojibake maybe nothing,
    MessageKeyUnknown certain nothing,
}

type Catalogue = HashMap<String, String>;

static WORDS: LazyLock<[Catalogue; 2]> = LazyLock::new(|| {
    [include_str!("../../../words/fixes-en.json"), include_str!("../../../words/fixes-zh-CN.json")]
        .map(|text| serde_json::from_str(text).expect("the bundled words are valid JSON: a test holds it"))
});

impl FindingCode {
    /// What the fix of all findings of this kind would do, in a sentence; nothing where there is none.
    pub fn fix(self, language: Language) -> Option<&'static str> {
        WORDS[usize::from(language == Language::Chinese)].get(self.name()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fix_says_in_both_languages_what_it_does_and_no_words_are_stray() {
        let fixes: BTreeSet<_> = FIXES.iter().map(|fix| fix.code.name()).collect();
        assert_eq!(fixes.len(), FIXES.len(), "one fix a code");
        for words in WORDS.iter() {
            assert_eq!(words.keys().map(String::as_str).collect::<BTreeSet<_>>(), fixes);
            for (code, sentence) in words {
                assert!(!sentence.contains(['{', '}']), "{code} stands for many findings and names no value of one");
                assert!(sentence.ends_with(['.', '。']), "{code} is a sentence");
            }
        }
    }

    #[test]
    fn what_has_no_safe_repair_has_no_fix() {
        for code in
            [FindingCode::FileEmpty, FindingCode::RowIsDpo, FindingCode::PersonalMobile, FindingCode::RoleSpoofing]
        {
            assert_eq!((code.fix(Language::English), code.fix(Language::Chinese)), (None, None));
        }
    }
}
