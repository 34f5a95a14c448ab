//! What can be found in a text: kinds of personal data and of secrets, with stable names and words. Deliberately absent: how.

use pc_base::Language;
use serde::{Deserialize, Serialize};

use crate::finding::FindingCode;

macro_rules! kinds {
    ($($kind:ident $name:literal $english:literal $chinese:literal $code:ident,)*) => {
        /// A kind of personal data or secret.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind { $($kind,)* }

        impl Kind {
            /// All kinds: people's first, then secrets, then the caller's own.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The stable name, such as `resident_id`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// A few words for a label.
            pub const fn label(self, language: Language) -> &'static str {
                match language {
                    Language::English => match self { $(Self::$kind => $english,)* },
                    Language::Chinese => match self { $(Self::$kind => $chinese,)* },
                }
            }

            /// The finding that says it.
            pub(crate) const fn code(self) -> FindingCode {
                match self { $(Self::$kind => FindingCode::$code,)* }
            }
        }
    };
}

kinds! {
    ResidentId "resident_id" "resident ID" "身份证号" PersonalResidentId,
    Mobile "mobile" "mobile number" "手机号" PersonalMobile,
    Landline "landline" "landline number" "固定电话" PersonalLandline,
    BankCard "bank_card" "bank card" "银行卡号" PersonalBankCard,
    PaymentCard "payment_card" "payment card" "国际卡号" PersonalPaymentCard,
    CreditCode "credit_code" "credit code" "信用代码" PersonalCreditCode,
    Passport "passport" "passport" "护照号" PersonalPassport,
    TravelPermit "travel_permit" "travel permit" "通行证号" PersonalTravelPermit,
    RegionalId "regional_id" "regional ID" "港澳台证件号" PersonalRegionalId,
    Plate "plate" "licence plate" "车牌号" PersonalPlate,
    Email "email" "e-mail" "邮箱" PersonalEmail,
    Address "address" "address" "地址" PersonalAddress,
    Name "name" "name" "人名" PersonalName,
    Ip "ip" "IP address" "网络地址" PersonalIp,
    Mac "mac" "MAC address" "物理地址" PersonalMac,
    Iban "iban" "IBAN" "国际银行账号" PersonalIban,
    Ssn "ssn" "social security number" "社会安全号" PersonalSsn,
    Nino "nino" "national insurance number" "国民保险号" PersonalNino,
    VendorKey "vendor_key" "key" "密钥" SecretVendorKey,
    PrivateKey "private_key" "private key" "私钥" SecretPrivateKey,
    Token "token" "token" "令牌" SecretToken,
    Password "password" "password" "密码" SecretPassword,
    Connection "connection" "connection string" "连接串" SecretConnection,
    Entropy "entropy" "secret" "秘密" SecretEntropy,
    Custom "custom" "own rule" "自定义" PersonalCustom,
}

impl Kind {
    /// Secrets are taken out; a stand-in for one would be of no use.
    pub const fn secret(self) -> bool {
        matches!(
            self,
            Self::VendorKey | Self::PrivateKey | Self::Token | Self::Password | Self::Connection | Self::Entropy
        )
    }
}

/// How sure a find is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The shape and the words around it.
    Possible,
    /// A shape that hardly anything else has.
    Likely,
    /// A check digit, or a prefix that its issuer reserved.
    Certain,
}

/// One find; `start..end` are bytes of the text, on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    pub certainty: Certainty,
    /// Which form of the kind, such as `hong_kong`; empty where there is one only.
    pub detail: &'static str,
    /// Place of the caller's own rule among [`super::Rules::own`].
    pub rule: Option<u16>,
}

impl Span {
    pub(super) fn new(kind: Kind, (start, end): (usize, usize), certainty: Certainty, detail: &'static str) -> Self {
        Self { kind, start, end, certainty, detail, rule: None }
    }
}
