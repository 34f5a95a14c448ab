//! What stands around a candidate: words before it, and whether it stands alone. Deliberately absent: candidates.

/// Bytes before a number in which its name is looked for: about thirteen Chinese characters.
const NEAR: usize = 40;
/// So many digits behind a word are the number that it speaks of.
const SPOKEN_FOR: usize = 4;

/// A text and its bytes.
pub(super) struct Context<'a> {
    pub text: &'a str,
    pub bytes: &'a [u8],
}

/// Words that make the number behind them something that is nobody's.
const OTHERWISE: &[&str] = &[
    "订单",
    "单号",
    "编号",
    "流水",
    "序列号",
    "工单",
    "运单",
    "快递",
    "货号",
    "型号",
    "批次",
    "版本",
    "时间戳",
    "条码",
    "SKU",
    "sku",
    "order",
    "Order",
    "ORDER",
    "serial",
    "Serial",
    "SN",
    "tracking",
    "Tracking",
    "invoice",
    "Invoice",
    "ticket",
    "Ticket",
    "timestamp",
    "Timestamp",
    "version",
    "Version",
    "batch",
    "Batch",
    "hash",
    "build",
    "Build",
    "发票号",
    "学号",
    "工号",
    "编码",
    "码：",
    "物流码",
    "追溯码",
    "料号",
    "批号",
    "合同",
    "积分",
    " code",
    "Code",
    "part n",
    "Part n",
    "item n",
];
/// Words that make it a person's again, when they stand between.
const PERSONAL: &[&str] = &[
    "电话",
    "手机",
    "联系",
    "身份证",
    "卡号",
    "phone",
    "Phone",
    "mobile",
    "Mobile",
    "call",
    "Call",
    "Tel",
    "card",
    "Card",
    "证件",
];

impl<'a> Context<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes() }
    }

    /// The bytes before a place, from a character's boundary on.
    pub fn left(&self, at: usize, length: usize) -> &'a str {
        let mut from = at.saturating_sub(length);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        &self.text[from..at]
    }

    /// Is one of the words near before the place, in the same clause?
    pub fn before(&self, at: usize, words: &[&str]) -> bool {
        let left = clause(self.left(at, NEAR));
        words.iter().any(|word| left.contains(word))
    }

    /// The number at the place is called an order's, a version's or such. A word speaks of the next number, not of a later one.
    pub fn numbered_otherwise(&self, at: usize) -> bool {
        let left = clause(self.left(at, NEAR));
        let last = |words: &[&str]| words.iter().filter_map(|word| left.rfind(word)).max();
        let otherwise = last(OTHERWISE);
        let said = |place: usize| left[place..].chars().filter(|c| c.is_numeric()).count() >= SPOKEN_FOR;
        otherwise > last(PERSONAL) && !otherwise.is_some_and(said)
    }

    /// Neither letters nor digits touch it, nor a token that goes on over a hyphen or a full stop.
    pub fn stands_alone(&self, (start, end): (usize, usize), inner: bool) -> bool {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let before = match self.bytes[..start] {
            [.., near, b'-' | b'.' | b'/' | b'=' | b'%'] if !inner => {
                near.is_ascii_alphanumeric() && {
                    // `phone=138…` is an assignment, and `电话-138…` a list.
                    self.bytes[start - 1] != b'='
                }
            }
            [.., near] => word(&near) && !(near == b'n' && self.bytes[..start].ends_with(b"\\n")),
            [] => false,
        };
        let after = match self.bytes[end..] {
            [b'-' | b'.' | b'/', far, ..] => {
                far.is_ascii_alphabetic() && self.bytes[end] != b'/' || far.is_ascii_digit()
            }
            [near, ..] => word(&near),
            [] => false,
        };
        let wide = |at: usize| super::numbers::digit(self.bytes, at).is_some();
        // Within a run, the neighbours are other groups: those beside the window decide about themselves.
        let after = after && !(matches!(self.bytes.get(end), Some(b'-' | b'.')) && inner);
        let wide_before = start >= 3 && self.bytes[start - 3] == 0xEF && wide(start - 3);
        !(before || after || wide(end) || wide_before)
    }

    /// The place of a `+` just before, or nothing.
    pub fn plus(&self, at: usize) -> Option<usize> {
        let left = &self.text[..at];
        ["+", "＋", "(+", "（+"]
            .iter()
            .find(|plus| left.ends_with(**plus))
            .map(|plus| at - plus.trim_start_matches(['(', '（']).len())
    }

    /// Bytes of an opening bracket just before.
    pub fn opening(&self, at: usize) -> usize {
        ["(", "（"].iter().find(|open| self.text[..at].ends_with(**open)).map_or(0, |open| open.len())
    }
}

/// The part behind the last mark that ends a clause.
fn clause(left: &str) -> &str {
    let ends = ['，', '。', '；', '！', '？', '\n', ';', ',', '!', '?', '、'];
    left.trim_end_matches(ends).rsplit(ends).next().unwrap_or(left)
}
