//! What a check can find: stable codes with their severity, and their words from `words/*.json`. Deliberately
//! absent: how anything is found.

use std::collections::HashMap;
use std::sync::LazyLock;

use pc_base::Language;
use serde::{Deserialize, Serialize, Serializer};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The cloud would refuse the row or fail on it.
    Error,
    /// It would be taken, but is rarely meant.
    Warning,
}

macro_rules! findings {
    ($($code:ident $name:literal $severity:ident,)*) => {
        /// A kind of finding; the words say what each means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FindingCode { $($code,)* }

        impl FindingCode {
            /// All kinds: the file's first, then the line's, from the outside in.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The stable name, such as `line_not_json`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)* }
            }
        }
    };
}

findings! {
    FileEmpty "file_empty" Error,
    FileTooLarge "file_too_large" Error,
    FileOverConsoleLimit "file_over_console_limit" Warning,
    FileNameUnusual "file_name_unusual" Warning,
    FileBom "file_bom" Error,
    FileUtf16 "file_utf16" Error,
    FileCrlf "file_crlf" Warning,
    RowsBelowBatch "rows_below_batch" Warning,
    ClassImbalance "class_imbalance" Warning,
    BoilerplateOpening "boilerplate_opening" Warning,
    BoilerplateClosing "boilerplate_closing" Warning,
    LineBlank "line_blank" Warning,
    LineNotUtf8 "line_not_utf8" Error,
    LineNotJson "line_not_json" Error,
    LineTooLong "line_too_long" Error,
    LineTooDeep "line_too_deep" Error,
    LineTooManyValues "line_too_many_values" Error,
    LoneSurrogate "lone_surrogate" Error,
    ControlCharacter "control_character" Warning,
    KeyDuplicate "key_duplicate" Error,
    RowNotObject "row_not_object" Error,
    RowShapeUnknown "row_shape_unknown" Error,
    RowIsSft "row_is_sft" Error,
    RowIsDpo "row_is_dpo" Error,
    RowIsCpt "row_is_cpt" Error,
    RowIsRl "row_is_rl" Error,
    RowKeyUnknown "row_key_unknown" Warning,
    MessagesNotList "messages_not_list" Error,
    MessagesEmpty "messages_empty" Error,
    MessageNotObject "message_not_object" Error,
    MessageKeyRefused "message_key_refused" Error,
    MessageKeyUnknown "message_key_unknown" Warning,
    RoleMissing "role_missing" Error,
    RoleUnknown "role_unknown" Error,
    SystemNotFirst "system_not_first" Error,
    TurnOrder "turn_order" Error,
    LastNotAssistant "last_not_assistant" Error,
    LastNotUser "last_not_user" Error,
    AnswerMissing "answer_missing" Error,
    AnswerNotAssistant "answer_not_assistant" Error,
    ContentMissing "content_missing" Error,
    ContentType "content_type" Error,
    ContentEmpty "content_empty" Error,
    LossWeightRange "loss_weight_range" Error,
    LossWeightRole "loss_weight_role" Error,
    LossWeightRejected "loss_weight_rejected" Error,
    ThinkingNewlines "thinking_newlines" Error,
    ThinkingNotLast "thinking_not_last" Error,
    ToolsNotList "tools_not_list" Error,
    ToolCallInvalid "tool_call_invalid" Error,
    ToolArgumentsNotJson "tool_arguments_not_json" Error,
    ToolIdUnknown "tool_id_unknown" Error,
    TemplateRefuses "template_refuses" Error,
    RowOverMaxLength "row_over_max_length" Warning,
    LanguageDiffers "language_differs" Warning,
    LookAlike "look_alike" Warning,
    EmojiBroken "emoji_broken" Warning,
    ZeroWidth "zero_width" Warning,
    BidiControl "bidi_control" Warning,
    Mojibake "mojibake" Warning,
    PromptInjection "prompt_injection" Warning,
    RoleSpoofing "role_spoofing" Warning,
    PersonalResidentId "personal_resident_id" Warning,
    PersonalMobile "personal_mobile" Warning,
    PersonalLandline "personal_landline" Warning,
    PersonalBankCard "personal_bank_card" Warning,
    PersonalPaymentCard "personal_payment_card" Warning,
    PersonalCreditCode "personal_credit_code" Warning,
    PersonalPassport "personal_passport" Warning,
    PersonalTravelPermit "personal_travel_permit" Warning,
    PersonalRegionalId "personal_regional_id" Warning,
    PersonalPlate "personal_plate" Warning,
    PersonalEmail "personal_email" Warning,
    PersonalAddress "personal_address" Warning,
    PersonalName "personal_name" Warning,
    PersonalIp "personal_ip" Warning,
    PersonalMac "personal_mac" Warning,
    PersonalIban "personal_iban" Warning,
    PersonalSsn "personal_ssn" Warning,
    PersonalNino "personal_nino" Warning,
    SecretVendorKey "secret_vendor_key" Warning,
    SecretPrivateKey "secret_private_key" Warning,
    SecretToken "secret_token" Warning,
    SecretPassword "secret_password" Warning,
    SecretConnection "secret_connection" Warning,
    SecretEntropy "secret_entropy" Warning,
    PersonalCustom "personal_custom" Warning,
    DuplicateExact "duplicate_exact" Warning,
    DuplicateNear "duplicate_near" Warning,
    AnswerContradicts "answer_contradicts" Warning,
    LeaksValidation "leaks_validation" Warning,
    LeaksGolden "leaks_golden" Warning,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// What the cloud reads, and refuses.
    Format,
    /// What rows say.
    Content,
    /// Rows that repeat, contradict or give away others.
    Duplicates,
    Privacy,
    Secrets,
}

type Catalogue = HashMap<String, String>;

static WORDS: LazyLock<[Catalogue; 2]> = LazyLock::new(|| {
    [include_str!("../words/en.json"), include_str!("../words/zh-CN.json")]
        .map(|text| serde_json::from_str(text).expect("the bundled words are valid JSON: a test holds it"))
});

static TITLES: LazyLock<[Catalogue; 2]> = LazyLock::new(|| {
    [include_str!("../words/titles-en.json"), include_str!("../words/titles-zh-CN.json")]
        .map(|text| serde_json::from_str(text).expect("the bundled titles are valid JSON: a test holds it"))
});

/// The words under a key, or the key itself, which a test shows to be impossible.
fn words(key: &str, language: Language) -> &str {
    let catalogue = match language {
        Language::English => &WORDS[0],
        Language::Chinese => &WORDS[1],
    };
    catalogue.get(key).map_or(key, String::as_str)
}

impl FindingCode {
    /// The words for people, with `{name}` where a value belongs.
    pub fn words(self, language: Language) -> &'static str {
        words(self.name(), language)
    }

    /// A few words for all findings of the kind, without a row's values.
    pub fn title(self, language: Language) -> &'static str {
        let titles = &TITLES[usize::from(language == Language::Chinese)];
        titles.get(self.name()).map_or(self.name(), String::as_str)
    }

    /// The kind of a name such as `line_not_json`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// What it is about.
    pub fn area(self) -> Area {
        match self {
            Self::ClassImbalance
            | Self::BoilerplateOpening
            | Self::BoilerplateClosing
            | Self::TemplateRefuses
            | Self::RowOverMaxLength
            | Self::LanguageDiffers
            | Self::LookAlike
            | Self::EmojiBroken
            | Self::ZeroWidth
            | Self::BidiControl
            | Self::Mojibake
            | Self::PromptInjection
            | Self::RoleSpoofing => Area::Content,
            Self::DuplicateExact
            | Self::DuplicateNear
            | Self::AnswerContradicts
            | Self::LeaksValidation
            | Self::LeaksGolden => Area::Duplicates,
            code if code.name().starts_with("personal_") => Area::Privacy,
            code if code.name().starts_with("secret_") => Area::Secrets,
            _ => Area::Format,
        }
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// One error or warning at one place, in the asked language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: FindingCode,
    pub severity: Severity,
    /// 1-based line in the file; 0 speaks of the whole file.
    pub line: u64,
    /// JSON path within the line, such as `messages[2].content`; empty for the whole line.
    pub at: String,
    /// 1-based character within the text at `at`, once its escapes are read; 0 where that has no sense.
    pub column: u64,
    pub message: String,
}

/// A value for the words: plain, or itself a phrase of the catalogue.
#[derive(Clone, Debug)]
pub(crate) enum Fill {
    Plain(String),
    Phrase(&'static str),
}

/// A finding before its words are chosen; only kept ones are ever worded.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub code: FindingCode,
    pub line: u64,
    pub at: String,
    pub column: u64,
    pub fills: Vec<(&'static str, Fill)>,
}

/// Longest value quoted in a sentence, in characters; the rest of a hostile key or role is cut.
const QUOTED: usize = 60;

impl Found {
    pub fn new(code: FindingCode, at: impl Into<String>) -> Self {
        Self { code, line: 0, at: at.into(), column: 0, fills: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        let value = value.to_string();
        let cut = value.char_indices().nth(QUOTED).map_or(value.clone(), |(end, _)| format!("{}…", &value[..end]));
        self.fills.push((name, Fill::Plain(cut)));
        self
    }

    #[must_use]
    pub fn phrase(mut self, name: &'static str, key: &'static str) -> Self {
        self.fills.push((name, Fill::Phrase(key)));
        self
    }

    pub fn worded(self, language: Language) -> Finding {
        let mut message = self.code.words(language).to_owned();
        for (name, fill) in &self.fills {
            let value = match fill {
                Fill::Plain(text) => text.as_str(),
                Fill::Phrase(key) => words(key, language),
            };
            message = message.replace(&format!("{{{name}}}"), value);
        }
        Finding {
            code: self.code,
            severity: self.code.severity(),
            line: self.line,
            at: self.at,
            column: self.column,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn holes(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
    }

    #[test]
    fn every_code_has_words_with_the_same_values_in_both_languages_and_no_words_are_stray() {
        let keys = |i: usize| WORDS[i].keys().map(String::as_str).collect::<BTreeSet<_>>();
        assert_eq!(keys(0), keys(1), "both catalogues speak of the same things");
        for code in FindingCode::ALL {
            assert!(WORDS[0].contains_key(code.name()), "{} has words", code.name());
            let (en, zh) = (code.words(Language::English), code.words(Language::Chinese));
            assert_eq!(holes(en), holes(zh), "{} names the same values", code.name());
        }
        let codes: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.name()).collect();
        let whys: BTreeSet<_> = crate::json::Why::ALL.iter().map(|why| why.key()).collect();
        let wanted = crate::RowKind::ALL.map(crate::RowKind::wanted);
        let all = codes.union(&whys).copied().chain(wanted).collect();
        assert_eq!(keys(0), all, "every entry is used");
    }

    #[test]
    fn every_code_has_a_title_without_values_in_both_languages_and_no_title_is_stray() {
        let codes: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.name()).collect();
        for (titles, words) in TITLES.iter().zip(WORDS.iter()) {
            assert_eq!(titles.keys().map(String::as_str).collect::<BTreeSet<_>>(), codes);
            let distinct: BTreeSet<_> = titles.values().collect();
            assert_eq!(distinct.len(), titles.len(), "two groups are told apart by their titles");
            for (name, title) in titles {
                assert!(holes(title).is_empty(), "{name} names no value of a row");
                assert!(title.chars().count() <= 40, "{name} is a heading");
                assert!(words.contains_key(name.as_str()), "{name} has a sentence, too");
            }
        }
    }

    #[test]
    fn names_lead_back_to_their_codes_and_areas_follow_from_them() {
        for (place, code) in FindingCode::ALL.iter().enumerate() {
            assert_eq!((FindingCode::from_name(code.name()), *code as usize), (Some(*code), place));
        }
        assert_eq!(FindingCode::from_name("none"), None);
        let areas = [FindingCode::FileCrlf, FindingCode::Mojibake, FindingCode::DuplicateNear]
            .into_iter()
            .chain([FindingCode::PersonalCustom, FindingCode::SecretToken]);
        let areas: Vec<_> = areas.map(FindingCode::area).collect();
        assert_eq!(areas, [Area::Format, Area::Content, Area::Duplicates, Area::Privacy, Area::Secrets]);
    }

    #[test]
    fn a_hostile_value_is_cut_in_the_sentence() {
        let found = Found::new(FindingCode::RoleUnknown, "").with("role", "x".repeat(10_000));
        assert!(found.worded(Language::English).message.len() < 300, "a sentence stays readable");
    }
}
