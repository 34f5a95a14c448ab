//! Tables `proposal_batches` and `proposals`: rows that a model drafted and that wait for a person. Their texts are sealed below
//! the console's key, because they come from customers' documents. Deliberately absent: what the texts are made of.

use anyhow::bail;
use pc_base::{Code, coded};
use pc_secrets::{Keys, open, seal};

use crate::database::{first, rows, run};

use super::Tx;

/// Drafts of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProposalBatch {
    /// 0 until it is put.
    pub number: i64,
    /// The version whose rows were drafted from: its data set and number.
    pub parent: Option<(String, u32)>,
    /// What was drafted from, for people.
    pub source: String,
    /// Who drafted.
    pub model: String,
    /// `drafted` or `paraphrased`.
    pub how: String,
    /// RFC 3339.
    pub begun_at: String,
}

/// One draft.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// 0 until it is put. Never given twice.
    pub number: i64,
    pub batch: i64,
    /// `waiting`, `accepted` or `rejected`.
    pub state: String,
    pub edited: bool,
    /// RFC 3339.
    pub drafted_at: String,
    /// What is sealed: a text of the caller's.
    pub content: String,
}

const COLUMNS: &str = "number, batch, state, edited, drafted_at, sealed";

impl Tx<'_> {
    /// Notes a batch; its number.
    pub fn proposal_batch_put(&self, batch: &ProposalBatch) -> anyhow::Result<i64> {
        let sql = "INSERT INTO proposal_batches (dataset, version, source, model, how, begun_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (dataset, version) = batch.parent.clone().unzip();
        run(self.0, sql, (dataset, version, &batch.source, &batch.model, &batch.how, &batch.begun_at))?;
        Ok(self.0.last_insert_rowid())
    }

    /// A batch by its number.
    pub fn proposal_batch(&self, number: i64) -> anyhow::Result<Option<ProposalBatch>> {
        let sql =
            "SELECT number, dataset, version, source, model, how, begun_at FROM proposal_batches WHERE number = ?1";
        first(self.0, sql, [number], batch_of)
    }

    /// All batches, oldest first.
    pub fn proposal_batches(&self) -> anyhow::Result<Vec<ProposalBatch>> {
        let sql = "SELECT number, dataset, version, source, model, how, begun_at FROM proposal_batches ORDER BY number";
        rows(self.0, sql, [], batch_of)
    }

    /// Seals and keeps a draft; its number.
    pub fn proposal_put(&self, key: &impl Keys, row: &Proposal) -> anyhow::Result<i64> {
        let sql = "INSERT INTO proposals (batch, state, edited, drafted_at, sealed) VALUES (?1, ?2, ?3, ?4, ?5)";
        let sealed = seal(key, &identity(row.batch), row.content.as_bytes());
        run(self.0, sql, (row.batch, &row.state, row.edited, &row.drafted_at, sealed))?;
        Ok(self.0.last_insert_rowid())
    }

    /// Puts what a person decided in the place of what was there. [`Code::NotFound`] where the draft is gone.
    pub fn proposal_change(&self, key: &impl Keys, row: &Proposal) -> anyhow::Result<()> {
        let sealed = seal(key, &identity(row.batch), row.content.as_bytes());
        let sql = "UPDATE proposals SET state = ?2, edited = ?3, sealed = ?4 WHERE number = ?1";
        if run(self.0, sql, (row.number, &row.state, row.edited, sealed))? == 0 {
            bail!(coded(Code::NotFound).with("what", format!("draft {}", row.number)));
        }
        Ok(())
    }

    /// A draft by its number. `Code::SealedDamaged` when the key is not the one that sealed it.
    pub fn proposal(&self, key: &impl Keys, number: i64) -> anyhow::Result<Option<Proposal>> {
        let sql = format!("SELECT {COLUMNS} FROM proposals WHERE number = ?1");
        first(self.0, &sql, [number], read)?.map(|found| opened(key, found)).transpose()
    }

    /// Drafts of a batch, or all, as they were made.
    pub fn proposals(&self, key: &impl Keys, batch: Option<i64>) -> anyhow::Result<Vec<Proposal>> {
        let sql = format!("SELECT {COLUMNS} FROM proposals WHERE ?1 IS NULL OR batch = ?1 ORDER BY number");
        rows(self.0, &sql, [batch], read)?.into_iter().map(|found| opened(key, found)).collect()
    }

    /// How many there are in all.
    pub fn proposals_count(&self) -> anyhow::Result<u64> {
        Ok(first(self.0, "SELECT count(*) FROM proposals", [], |row| row.get(0))?.unwrap_or_default())
    }

    /// Removes a draft; its batch goes with the last one.
    pub fn proposal_remove(&self, number: i64) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM proposals WHERE number = ?1", [number])?;
        let sql = "DELETE FROM proposal_batches WHERE NOT EXISTS
            (SELECT 1 FROM proposals WHERE proposals.batch = proposal_batches.number)";
        run(self.0, sql, []).map(drop)
    }

    /// Removes a batch with all its drafts; whether there was one.
    pub fn proposal_batch_remove(&self, number: i64) -> anyhow::Result<bool> {
        run(self.0, "DELETE FROM proposals WHERE batch = ?1", [number])?;
        Ok(run(self.0, "DELETE FROM proposal_batches WHERE number = ?1", [number])? > 0)
    }
}

fn identity(batch: i64) -> String {
    format!("console/proposal/{batch}")
}

fn batch_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<ProposalBatch> {
    let parent = Option::zip(row.get(1)?, row.get(2)?);
    let (source, model, how, begun_at) = (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
    Ok(ProposalBatch { number: row.get(0)?, parent, source, model, how, begun_at })
}

type Sealed = (Proposal, Vec<u8>);

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Sealed> {
    let (state, edited, drafted_at) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let found = Proposal { number: row.get(0)?, batch: row.get(1)?, state, edited, drafted_at, content: String::new() };
    Ok((found, row.get(5)?))
}

fn opened(key: &impl Keys, (mut row, sealed): Sealed) -> anyhow::Result<Proposal> {
    row.content = String::from_utf8(open(key, &identity(row.batch), &sealed)?)?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_secrets::DataKey;

    fn draft(batch: i64, content: &str) -> Proposal {
        let (state, drafted_at) = ("waiting".into(), "2026-01-01T00:00:00Z".into());
        Proposal { batch, state, drafted_at, content: content.into(), ..Proposal::default() }
    }

    #[test]
    fn a_draft_is_sealed_judged_and_goes_and_its_number_never_comes_back() {
        let (dir, store) = super::super::empty();
        let key = DataKey::generate();
        let wanted = ProposalBatch { source: "a.pdf".into(), how: "drafted".into(), ..ProposalBatch::default() };
        let batch = store.write(|tx| tx.proposal_batch_put(&wanted)).unwrap();
        let put = |content: &str| store.write(|tx| tx.proposal_put(&key, &draft(batch, content))).unwrap();
        let (one, two) = (put("客房押金五百元"), put("second"));
        let file = std::fs::read(dir.path().join("console.db-wal")).unwrap();
        let hidden = "客房押金五百元".as_bytes();
        assert!(!file.windows(hidden.len()).any(|part| part == hidden), "the disk does not show what it says");
        assert!(store.read(|tx| tx.proposal(&DataKey::generate(), one)).is_err(), "another key opens nothing");

        let judged = Proposal { number: one, state: "accepted".into(), edited: true, ..draft(batch, "changed") };
        store.write(|tx| tx.proposal_change(&key, &judged)).unwrap();
        assert_eq!(store.read(|tx| tx.proposal(&key, one)).unwrap(), Some(judged.clone()));
        let all = store.read(|tx| tx.proposals(&key, None)).unwrap();
        assert_eq!(all.iter().map(|row| row.number).collect::<Vec<_>>(), [one, two]);
        store.write(|tx| tx.proposal_remove(two)).unwrap();
        assert!(put("third") > two, "a number names one draft for ever");
        let gone = store.write(|tx| tx.proposal_change(&key, &Proposal { number: two, ..judged.clone() }));
        assert_eq!(pc_base::Failure::of(&gone.unwrap_err(), pc_base::Language::English).code, "not_found");
    }

    #[test]
    fn a_batch_knows_its_parent_and_goes_with_its_last_draft_or_at_once() {
        let (_dir, store) = super::super::empty();
        let key = DataKey::generate();
        let wanted = ProposalBatch { parent: Some(("set".into(), 3)), ..ProposalBatch::default() };
        let (one, two) =
            store.write(|tx| Ok((tx.proposal_batch_put(&wanted)?, tx.proposal_batch_put(&wanted)?))).unwrap();
        let number = store.write(|tx| tx.proposal_put(&key, &draft(one, "x"))).unwrap();
        store.write(|tx| tx.proposal_put(&key, &draft(two, "y"))).unwrap();
        let found = store.read(|tx| tx.proposal_batch(one)).unwrap().unwrap();
        assert_eq!((found.parent, found.number), (wanted.parent.clone(), one));
        store.write(|tx| tx.proposal_remove(number)).unwrap();
        let left = store.read(|tx| tx.proposal_batches()).unwrap();
        assert_eq!(left.iter().map(|batch| batch.number).collect::<Vec<_>>(), [two]);
        assert!(store.write(|tx| tx.proposal_batch_remove(two)).unwrap());
        assert!(!store.write(|tx| tx.proposal_batch_remove(two)).unwrap());
        assert_eq!(store.read(|tx| tx.proposals_count()).unwrap(), 0);
    }
}
