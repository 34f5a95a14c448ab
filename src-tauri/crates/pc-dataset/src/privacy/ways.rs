//! What is done with a find: kept, masked, removed, made coarser, or replaced by a stand-in. What each leaves is
//! not found again, so that masking twice is masking once. Deliberately absent: stand-ins, which are `stand_ins`'.

use std::collections::BTreeMap;

use pc_base::Language;
use serde::{Deserialize, Serialize};

use super::{Kind, Rules, Span};

/// A way with a find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Left as it is, and counted.
    Keep,
    /// Its shape stays: `138****1234`.
    #[default]
    Mask,
    /// Its kind's name in brackets takes its place.
    Remove,
    /// A city, a year, a network, a surname.
    Generalise,
    /// The same for the same original, of the same form, and never a real one's; secrets are removed instead.
    Pseudonym,
}

/// What is looked for and what is done with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    pub rules: Rules,
    /// Where `ways` says nothing.
    pub otherwise: Way,
    pub ways: BTreeMap<Kind, Way>,
    /// Removed finds are named in Chinese.
    pub chinese: bool,
}

impl Plan {
    /// The way with a kind.
    pub fn way(&self, kind: Kind) -> Way {
        match self.ways.get(&kind).copied().unwrap_or(self.otherwise) {
            Way::Pseudonym if kind.secret() => Way::Remove,
            way => way,
        }
    }

    /// Whether any kind gets stand-ins, so that key and register are needed.
    pub fn gives_stand_ins(&self) -> bool {
        Kind::ALL.iter().any(|kind| self.way(*kind) == Way::Pseudonym)
    }

    pub(super) fn label(&self, kind: Kind) -> String {
        let language = if self.chinese { Language::Chinese } else { Language::English };
        format!("[{}]", kind.label(language))
    }
}

/// Letters and digits but for the first and last few become `*`.
fn shape(text: &str, first: usize, last: usize) -> String {
    let all = text.chars().filter(|c| c.is_alphanumeric()).count();
    // Never more than half stays of what is short.
    let (first, last) = if first + last >= all { (first.min(all / 2), 0) } else { (first, last) };
    let mut at = 0;
    let mut masked = |c: char| {
        if !c.is_alphanumeric() {
            return c;
        }
        at += 1;
        if at <= first || at > all - last { c } else { '*' }
    };
    text.chars().map(&mut masked).collect()
}

pub(super) fn mask(span: &Span, text: &str) -> String {
    let digits = text.chars().filter(|c| c.is_alphanumeric()).count();
    match span.kind {
        Kind::ResidentId => shape(text, 3, 4),
        Kind::Mobile => shape(text, digits.saturating_sub(8), 4),
        Kind::Landline => shape(text, digits.saturating_sub(7), 2),
        Kind::BankCard | Kind::PaymentCard => shape(text, 6, 4),
        Kind::CreditCode => shape(text, 2, 4),
        Kind::Iban => shape(text, 4, 4),
        Kind::Passport | Kind::TravelPermit => shape(text, 1, 3),
        Kind::RegionalId | Kind::Name => shape(text, usize::from(digits > 1), 0),
        Kind::Plate => shape(text, 2, 1),
        Kind::Ssn => shape(text, 0, 4),
        Kind::Nino => shape(text, 0, 1),
        Kind::Mac | Kind::Ip => shape(text, 4.min(digits / 3), 0),
        Kind::Address if span.detail == "chinese" => shape(text, 3, 0),
        Kind::Address | Kind::Custom => shape(text, 0, 0),
        Kind::Email => {
            let (local, domain) = text.split_once('@').unwrap_or((text, ""));
            format!(
                "{}***@{domain}",
                local.chars().next().filter(|_| local.len() > 1).map(String::from).unwrap_or_default()
            )
        }
        // A secret's length says something, too.
        Kind::VendorKey => format!("{}****", text.chars().take(4).collect::<String>()),
        Kind::PrivateKey | Kind::Token | Kind::Password | Kind::Connection | Kind::Entropy => "****".into(),
    }
}

pub(super) fn generalise(span: &Span, text: &str) -> String {
    match (span.kind, span.detail) {
        (Kind::ResidentId, detail) => {
            let digits: String =
                text.chars().filter_map(|c| super::stand_ins::half(c).to_digit(10)).map(|d| d.to_string()).collect();
            if detail == "15" { format!("19{}", &digits[6..8]) } else { digits[6..10].to_owned() }
        }
        (Kind::Mobile, _) => shape(text, text.chars().filter(|c| c.is_alphanumeric()).count() - 8, 0),
        (Kind::Landline, _) => shape(text, 3, 0),
        (Kind::Address, "chinese") => match text.find('市') {
            Some(end) => text[..end + '市'.len_utf8()].to_owned(),
            None => shape(text, 2, 0),
        },
        (Kind::Address, _) => {
            text.rsplit(", ").find(|part| !part.bytes().any(|b| b.is_ascii_digit())).unwrap_or("*").to_owned()
        }
        (Kind::Name, "chinese") => format!("{}某", text.chars().next().unwrap_or('*')),
        (Kind::Name, _) => format!("{}*", text.chars().next().unwrap_or('*')),
        (Kind::Ip, "v4") => format!("{}.*", text.rsplit_once('.').map_or("*", |(net, _)| net)),
        (Kind::Ip, _) => format!("{}:*", text.split(':').take(3).collect::<Vec<_>>().join(":")),
        (Kind::Email, _) => format!("***@{}", text.split_once('@').map_or("", |(_, domain)| domain)),
        (Kind::Plate, _) => shape(text, 2, 0),
        _ => mask(span, text),
    }
}
