//! Secrets: keys by the prefixes that their issuers chose, private keys, tokens, passwords where they are assigned, and
//! connection strings. Deliberately absent: asking an issuer whether a key is alive, which would send it away.

use super::context::Context;
use super::kinds::{Certainty, Kind, Span};

/// A prefix, the least and the greatest number of characters behind it, and whose it is.
pub(super) struct Prefix(pub &'static str, usize, usize, &'static str);

/// Prefixes from the issuers' own documentation.
pub(super) const PREFIXES: &[Prefix] = &[
    Prefix("AKIA", 16, 16, "aws"),
    Prefix("ASIA", 16, 16, "aws"),
    Prefix("LTAI", 12, 26, "alibaba"),
    Prefix("AKID", 32, 32, "tencent"),
    Prefix("sk-", 20, 200, "model_api"),
    Prefix("ghp_", 36, 255, "github"),
    Prefix("gho_", 36, 255, "github"),
    Prefix("ghu_", 36, 255, "github"),
    Prefix("ghs_", 36, 255, "github"),
    Prefix("ghr_", 36, 255, "github"),
    Prefix("github_pat_", 22, 255, "github"),
    Prefix("glpat-", 20, 64, "gitlab"),
    Prefix("xoxb-", 20, 200, "slack"),
    Prefix("xoxp-", 20, 200, "slack"),
    Prefix("xoxa-", 20, 200, "slack"),
    Prefix("xapp-", 20, 200, "slack"),
    Prefix("AIza", 35, 35, "google"),
    Prefix("ya29.", 20, 400, "google"),
    Prefix("GOCSPX-", 20, 40, "google"),
    Prefix("sk_live_", 16, 200, "stripe"),
    Prefix("rk_live_", 16, 200, "stripe"),
    Prefix("sk_test_", 16, 200, "stripe"),
    Prefix("whsec_", 24, 80, "stripe"),
    Prefix("npm_", 36, 36, "npm"),
    Prefix("pypi-", 60, 255, "pypi"),
    Prefix("hf_", 30, 40, "hugging_face"),
    Prefix("SG.", 60, 70, "sendgrid"),
    Prefix("dop_v1_", 64, 64, "digital_ocean"),
    Prefix("shpat_", 32, 32, "shopify"),
    Prefix("eyJ", 30, 8192, "jwt"),
];

/// Words of assignments; the text is compared without regard to ASCII case.
pub(super) const ASSIGNED: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "密码",
    "口令",
    "secret",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
    "access-key",
    "auth_token",
    "access_token",
    "private_token",
    "client_secret",
    "密钥",
    "token",
];

/// Beginnings of connection strings and of other things that are told by a whole word.
pub(super) const MARKS: &[&str] =
    &["-----BEGIN ", "://", "jdbc:", "AccountKey=", "SharedAccessKey=", "Bearer ", "bearer ", "Basic "];

fn token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// A key that begins with a prefix at the place.
pub(super) fn prefixed(context: &Context<'_>, at: usize, prefix: &Prefix) -> Option<Span> {
    let Prefix(text, least, most, detail) = *prefix;
    let bytes = context.bytes;
    if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'_' | b'-')) {
        return None;
    }
    let body = &bytes[at + text.len()..];
    let length = body.iter().take(most + 1).take_while(|byte| token_byte(**byte)).count();
    let length = body[..length].iter().rposition(|byte| !matches!(byte, b'.' | b'-')).map_or(0, |last| last + 1);
    let body = &body[..length];
    let mixed = body.iter().any(u8::is_ascii_digit) && varied(body);
    if !(least..=most).contains(&length) || !mixed {
        return None;
    }
    let (kind, sure) = match detail {
        "jwt" if body.iter().filter(|byte| **byte == b'.').count() == 2 => (Kind::Token, Certainty::Certain),
        "jwt" => return None,
        _ => (Kind::VendorKey, Certainty::Certain),
    };
    Some(Span::new(kind, (at, at + text.len() + length), sure, detail))
}

/// More than a handful of different characters: `sk-xxxxxxxxxxxxxxxxxxxx` is a place to fill in.
fn varied(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count() >= 7.min(bytes.len().div_ceil(2))
}

/// Bits a character, by Shannon's formula over the text itself.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = bytes.len() as f64;
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|p| -p * p.log2()).sum()
}

/// A value behind a word of assignment that ends at the place.
pub(super) fn assigned(context: &Context<'_>, at: usize, word: &str) -> Option<Span> {
    let rest = &context.text[at..];
    let mut bare = rest;
    // `"password": "…"`: a quote closes the key, and its own escape may stand before it.
    for close in ["\\\"", "\"", "'", "`"] {
        bare = bare.strip_prefix(close).unwrap_or(bare);
    }
    let bare = bare.trim_start_matches(' ');
    let signed = ["=>", ":=", "=", ":", "：", "是", "为", "is "].iter().find_map(|sign| bare.strip_prefix(*sign))?;
    let mut value = signed.trim_start_matches([' ', '\u{3000}', '：', ':']);
    for open in ["\\\"", "\"", "'", "`", "“", "「"] {
        value = value.strip_prefix(open).unwrap_or(value);
    }
    let start = at + rest.len() - value.len();
    let length: usize = value
        .bytes()
        .take(200)
        .take_while(|b| {
            (0x21..0x7F).contains(b)
                && !matches!(
                    b,
                    b'"' | b'\''
                        | b'\\'
                        | b'`'
                        | b','
                        | b';'
                        | b'<'
                        | b'>'
                        | b'['
                        | b']'
                        | b'{'
                        | b'}'
                        | b'('
                        | b')'
                        | b'&'
                )
        })
        .count();
    let value = value[..length].trim_end_matches(['.', '!', '?', ':']);
    let bytes = value.as_bytes();
    let weak = matches!(word, "token" | "secret" | "密钥");
    let digits = bytes.iter().any(u8::is_ascii_digit);
    let signs = bytes.iter().any(|byte| !byte.is_ascii_alphanumeric());
    let letters = bytes.iter().any(u8::is_ascii_alphabetic);
    let shaped = if weak || !word.contains("pass") && !matches!(word, "pwd" | "密码" | "口令") {
        bytes.len() >= 16 && digits && letters && entropy(bytes) > 3.0
    } else {
        bytes.len() >= 4
            && (digits || signs && letters)
            && !bytes.iter().all(|byte| matches!(byte, b'*' | b'.' | b'x' | b'X' | b'-' | b'_'))
    };
    let hidden = value.contains("***") || value.starts_with('$') || value.starts_with("http");
    let kind = if weak || bytes.len() >= 16 && !word.contains("pass") { Kind::Entropy } else { Kind::Password };
    (shaped && !hidden).then(|| Span::new(kind, (start, start + value.len()), Certainty::Possible, ""))
}

/// What a mark begins, or stands within.
pub(super) fn marked(context: &Context<'_>, at: usize, mark: &str) -> Option<Span> {
    let rest = &context.text[at + mark.len()..];
    match mark {
        "-----BEGIN " => private_key(context, at),
        "://" => login(context, at),
        "jdbc:" => jdbc(context, at),
        "AccountKey=" | "SharedAccessKey=" => {
            let length =
                rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')).count();
            let start = at + mark.len();
            (length >= 20).then(|| Span::new(Kind::Connection, (start, start + length), Certainty::Certain, "azure"))
        }
        _ => {
            let length = rest
                .bytes()
                .take(4096)
                .take_while(|b| token_byte(*b) || matches!(b, b'+' | b'/' | b'=' | b'~'))
                .count();
            let value = rest[..length].trim_end_matches(['.', '-']);
            let start = at + mark.len();
            let shaped =
                value.len() >= 16 && value.bytes().any(|b| b.is_ascii_digit()) && entropy(value.as_bytes()) > 3.0;
            shaped.then(|| Span::new(Kind::Token, (start, start + value.len()), Certainty::Likely, "bearer"))
        }
    }
}

/// Longest private key that is looked for, and longest address of a database: bounds on work, far above real ones.
const PEM_BYTES: usize = 16 << 10;
const ADDRESS_BYTES: usize = 2 << 10;

/// The beginning of a text, to a character's boundary.
fn within(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn private_key(context: &Context<'_>, at: usize) -> Option<Span> {
    let rest = within(&context.text[at..], PEM_BYTES);
    let head = rest.get(..rest.char_indices().nth(80).map_or(rest.len(), |(end, _)| end))?;
    head.find("PRIVATE KEY").filter(|place| *place < 40)?;
    // A key that is cut off is as bad as a whole one: what is there of it is taken.
    let end = rest.find("-----END ").and_then(|end| rest[end + 9..].find("-----").map(|more| end + 9 + more + 5));
    let end = end.unwrap_or_else(|| rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len()));
    Some(Span::new(Kind::PrivateKey, (at, at + end), Certainty::Certain, "pem"))
}

/// `scheme://user:password@host`: the user and the password.
fn login(context: &Context<'_>, at: usize) -> Option<Span> {
    let start = at + 3;
    let rest = &context.bytes[start..];
    let end =
        rest.iter().take(256).position(|b| matches!(b, b'@' | b' ' | b'"' | b'\'' | b'\n' | b'<' | b'>' | 0x80..))?;
    let text = context.text.get(start..start + end)?;
    let (user, password) = text.split_once(':')?;
    let slash = user.contains('/') || text.split('/').next().is_some_and(|host| !host.contains(':'));
    let hidden = password.is_empty() || password.contains("***") || password.starts_with('[');
    (rest[end] == b'@' && !slash && !hidden)
        .then(|| Span::new(Kind::Connection, (start + user.len() + 1, start + end), Certainty::Certain, "url"))
}

/// The password among the properties of a JDBC address.
fn jdbc(context: &Context<'_>, at: usize) -> Option<Span> {
    let rest = within(&context.text[at..], ADDRESS_BYTES);
    let line = &rest[..rest.find([' ', '\n', '"', '\'']).unwrap_or(rest.len())];
    let place = ["password=", "pwd=", "PASSWORD=", "Password="]
        .iter()
        .find_map(|key| line.find(key).map(|place| place + key.len()))?;
    let value = &line[place..];
    let value = &value[..value.find(['&', ';', '\\', '，', '。', '*']).unwrap_or(value.len())];
    (value.len() >= 2)
        .then(|| Span::new(Kind::Connection, (at + place, at + place + value.len()), Certainty::Certain, "jdbc"))
}
