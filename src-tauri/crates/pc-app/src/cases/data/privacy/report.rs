//! The signed report about a masking: counts, places and hashes, never what was found. This console signs with a key of its own, which
//! is sealed below the master key like its other secrets. Deliberately absent: the form of the signature, which is a receipt's.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Secret, write_atomic};
use pc_dataset::privacy::{Kind, MaskReport, Place};
use pc_protocol::receipt::{Fault, PrivacyStatement as Statement, Receipt, Stated, StatedPlace};

use crate::api::{PrivacyStatement, VersionRow};
use crate::app::App;
use crate::receipts::{receipt_read, told};

/// Places that are stated; more are counted.
pub(super) const PLACES: usize = 1_000;
/// The name of the signing key among the console's secrets.
const KEY: &str = "privacy/signing-key";
/// Characters of a key of a row that is stated.
const STEP: usize = 40;
/// So many digits in a key may be somebody's number.
const DIGITS: usize = 5;

/// A signed report.
pub(super) struct Signed {
    receipt: Receipt,
    pub statement: PrivacyStatement,
}

/// One that is kept.
pub(super) struct Kept {
    pub statement: PrivacyStatement,
    pub path: PathBuf,
}

impl Signed {
    pub fn write(&self, path: &Path) -> Result<()> {
        write_atomic(path, &serde_json::to_vec_pretty(&self.receipt)?)
    }
}

impl App {
    /// States what a masking did, as of now.
    pub(super) fn statement_sign(&self, name: &str, done: &MaskReport) -> Result<Signed> {
        let named = |(kind, count): (&Kind, &u64)| (kind.name().to_owned(), *count);
        let ways = done.done.iter().map(|(kind, ways)| {
            let ways = ways.iter().map(|(way, count)| ((*way).to_owned(), *count)).collect();
            (kind.name().to_owned(), ways)
        });
        let statement = Statement {
            time: self.now(),
            name: name.to_owned(),
            input_sha256: done.found.sha256.clone(),
            input_bytes: done.found.bytes,
            output_sha256: done.output_sha256.clone(),
            output_bytes: done.output_bytes,
            rows: done.found.lines,
            found: done.found.counts.iter().map(named).collect(),
            done: ways.collect(),
            places: done.found.places.iter().map(place).collect(),
            places_total: done.found.counts.values().sum(),
            engine: format!("partner {}", env!("CARGO_PKG_VERSION")),
            ..Statement::new()
        };
        let receipt = Receipt::sign(&statement, self.signing_key()?.expose());
        let statement = shown(statement, &receipt);
        Ok(Signed { receipt, statement })
    }

    /// Signs, and keeps the report under the hash of what it is about, before there is a version of it.
    pub(super) fn statement_keep(&self, dataset: &str, name: &str, done: &MaskReport) -> Result<Kept> {
        let signed = self.statement_sign(name, done)?;
        let path = self.statement_path(dataset, &done.output_sha256)?;
        signed.write(&path)?;
        Ok(Kept { statement: signed.statement, path })
    }

    /// The kept report about a version, once it was found right, this console's, and about this very version.
    pub(super) fn statement_kept(&self, row: &VersionRow) -> Result<Option<Kept>> {
        let path = self.statement_path(&row.dataset, &row.sha256)?;
        if !path.is_file() {
            return Ok(None);
        }
        let receipt = receipt_read(&path)?;
        let fault = |fault: Fault| told(&fault, &path);
        let Stated::Privacy(statement) = receipt.stated().map_err(fault)? else {
            return Err(fault(Fault::Form("the statement")));
        };
        let own = Receipt::sign(&statement, self.signing_key()?.expose()).fingerprint;
        if receipt.fingerprint != own {
            return Err(fault(Fault::Signature));
        }
        if statement.output_sha256 != row.sha256 {
            return Err(fault(Fault::Form("output_sha256")));
        }
        Ok(Some(Kept { statement: shown(statement, &receipt), path }))
    }

    fn statement_path(&self, dataset: &str, sha256: &str) -> Result<PathBuf> {
        Ok(self.privacy_folder()?.join(format!("{dataset}-{sha256}.json")))
    }

    /// Made at the first report.
    fn signing_key(&self) -> Result<Secret<[u8; 32]>> {
        let keys = self.console_key()?;
        let kept = self.store().write(|tx| match tx.secret(&keys, KEY)? {
            Some(kept) => Ok(kept),
            None => {
                let fresh = Secret::new(hex::encode(rand::random::<[u8; 32]>()));
                tx.secret_put(&keys, KEY, &fresh)?;
                Ok(fresh)
            }
        })?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(kept.expose(), &mut bytes).context("a signing key has 32 bytes")?;
        Ok(Secret::new(bytes))
    }
}

fn shown(statement: Statement, receipt: &Receipt) -> PrivacyStatement {
    PrivacyStatement {
        time: statement.time,
        name: statement.name,
        input_sha256: statement.input_sha256,
        output_sha256: statement.output_sha256,
        rows: statement.rows,
        found: statement.found,
        done: statement.done,
        fingerprint: receipt.fingerprint.clone(),
    }
}

/// A row's keys are written by whoever wrote the row: one that is no plain word could be somebody's name or number.
fn place(place: &Place) -> StatedPlace {
    let step = |step: &str| {
        let (word, index) = step.find('[').map_or((step, ""), |at| step.split_at(at));
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) && word.len() <= STEP;
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let index = if index.chars().all(|c| c.is_ascii_digit() || matches!(c, '[' | ']')) { index } else { "" };
        format!("{}{index}", if plain && digits < DIGITS { word } else { "*" })
    };
    let at = place.at.split('.').map(step).collect::<Vec<_>>().join(".");
    StatedPlace { kind: place.kind.name().to_owned(), line: place.line, at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_dataset::privacy::Certainty;

    #[test]
    fn a_path_of_plain_words_is_stated_and_keys_that_may_be_somebodys_are_not() {
        let stated = |at: &str| {
            let found = Place {
                kind: Kind::Name,
                certainty: Certainty::Likely,
                detail: "",
                line: 1,
                at: at.to_owned(),
                start: 0,
                end: 1,
            };
            place(&found).at
        };
        assert_eq!(
            stated("messages[1].tool_calls[0].function.arguments.guest_name"),
            "messages[1].tool_calls[0].function.arguments.guest_name"
        );
        assert_eq!(stated("guests.张伟.phone"), "guests.*.phone");
        assert_eq!(stated("byNumber.13800138001"), "byNumber.*");
        assert_eq!(stated("a.li@qq.com[x"), "a.*.com");
    }
}
