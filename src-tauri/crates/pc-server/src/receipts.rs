//! Receipts: stated in the transaction that makes a file, and after its destruction. Each workspace signs with a key of its
//! own, sealed below its data key like the receipts themselves, because hashes of a small file tell what is in it.
//!
//! A deletion takes three steps: a transaction removes the rows and writes down what is to be destroyed; the sealed bytes
//! lose their header and their file, and what lay open of them is removed; then the deletion is stated. An end of the program
//! in between leaves a deletion that the next start carries out, so that nothing is stated that did not happen.

use std::io::Read as _;

use anyhow::Context as _;
use pc_base::Secret;
use pc_protocol::receipt::{Action, ChunkHashes, Receipt, Statement};
use pc_secrets::{open, seal};
use pc_store::cloud::{StoredFile, StoredReceipt, Tx};
use uuid::Uuid;

use crate::state::{State, owner_of};
use crate::training;

fn key_identity(workspace: &str) -> String {
    format!("{}/signing-key", owner_of(workspace))
}

fn receipt_identity(workspace: &str, receipt_id: &str) -> String {
    format!("{}/receipt/{receipt_id}", owner_of(workspace))
}

impl State {
    /// Adds a file with the receipt of its upload, in the caller's transaction. Its blob and pieces are there already.
    pub(crate) fn file_keep(&self, tx: &Tx<'_>, file: &StoredFile, chunks: Vec<String>) -> anyhow::Result<()> {
        tx.file_add(file)?;
        let statement = self.statement(tx, Action::Upload, file, chunks)?;
        self.issue(tx, Statement { api_key_id: file.api_key_id.clone(), ..statement })
    }

    fn statement(
        &self,
        tx: &Tx<'_>,
        action: Action,
        file: &StoredFile,
        chunks: Vec<String>,
    ) -> anyhow::Result<Statement> {
        let pieces = tx.pieces(&file.blob)?;
        let blob = pieces.first().map_or(&file.blob, |piece| &piece.blob);
        Ok(Statement {
            tenant: file.workspace_id.clone(),
            file_id: file.file_id.clone(),
            name: file.name.clone(),
            bytes: file.bytes,
            chunks,
            // A blob that was damaged can be destroyed all the same.
            key_id: self.blobs.key_id(blob).map(hex::encode).unwrap_or_default(),
            ..Statement::of(action, Uuid::new_v4().to_string())
        })
    }

    /// Signs a statement as of now and keeps it.
    fn issue(&self, tx: &Tx<'_>, mut statement: Statement) -> anyhow::Result<()> {
        statement.time = self.now_text();
        let receipt = Receipt::sign(&statement, self.signing_key(tx, &statement.tenant)?.expose());
        self.receipt_put(tx, &statement, true, &serde_json::to_vec(&receipt)?)
    }

    fn receipt_put(&self, tx: &Tx<'_>, statement: &Statement, issued: bool, plain: &[u8]) -> anyhow::Result<()> {
        let (workspace_id, receipt_id) = (statement.tenant.clone(), statement.receipt_id.clone());
        let sealed = seal(&self.key(&workspace_id)?, &receipt_identity(&workspace_id, &receipt_id), plain);
        tx.receipt_put(&StoredReceipt {
            receipt_id,
            workspace_id,
            file_id: statement.file_id.clone(),
            action: statement.action.as_str().to_owned(),
            issued,
            sealed,
            created_at: self.now_text(),
        })
    }

    /// The workspace's own; made at its first receipt.
    fn signing_key(&self, tx: &Tx<'_>, workspace: &str) -> anyhow::Result<Secret<[u8; 32]>> {
        let (keys, identity) = (self.key(workspace)?, key_identity(workspace));
        if tx.signing_key(workspace)?.is_none() {
            let fresh = Secret::new(rand::random::<[u8; 32]>());
            tx.signing_key_add(workspace, &seal(&keys, &identity, fresh.expose()), &self.now_text())?;
        }
        let sealed = tx.signing_key(workspace)?.context("it was kept just now")?;
        let plain = Secret::new(open(&keys, &identity, &sealed)?);
        Ok(Secret::new(plain.expose().as_slice().try_into().context("a signing key has 32 bytes")?))
    }

    /// What was sealed of a receipt, or of a deletion that is due.
    fn receipt_plain(&self, row: &StoredReceipt) -> anyhow::Result<Vec<u8>> {
        let identity = receipt_identity(&row.workspace_id, &row.receipt_id);
        open(&self.key(&row.workspace_id)?, &identity, &row.sealed)
    }

    /// A kept receipt.
    pub(crate) fn receipt_of(&self, row: &StoredReceipt) -> anyhow::Result<Receipt> {
        serde_json::from_slice(&self.receipt_plain(row)?).context("a kept receipt has another form")
    }

    /// Destroys a workspace's file and states it; `api_key_id` asked for it. False where there is none of this id.
    pub(crate) fn file_destroy(&self, workspace: &str, file_id: &str, api_key_id: &str) -> anyhow::Result<bool> {
        let Some(file) = self.store.read(|tx| tx.file(workspace, file_id))? else { return Ok(false) };
        let chunks = self.chunks_known(&file);
        let due = self.store.write(|tx| {
            let statement = self.statement(tx, Action::Deletion, &file, chunks)?;
            let statement = Statement { api_key_id: api_key_id.to_owned(), ..statement };
            // Somebody else may have been quicker.
            if !tx.file_remove(workspace, file_id)? {
                return Ok(None);
            }
            let mut blobs = tx.pieces_remove(&file.blob)?;
            if blobs.is_empty() {
                blobs.push(file.blob.clone());
            }
            self.receipt_put(tx, &statement, false, &serde_json::to_vec(&statement)?)?;
            Ok(Some((statement, blobs)))
        })?;
        let Some((statement, blobs)) = due else { return Ok(false) };
        blobs.iter().try_for_each(|blob| self.blobs.destroy(blob))?;
        self.destroyed(statement)?;
        Ok(true)
    }

    /// The last step of a deletion whose sealed bytes are gone.
    fn destroyed(&self, statement: Statement) -> anyhow::Result<()> {
        training::close_copies(self, &statement.tenant, &statement.file_id)?;
        self.store.write(|tx| self.issue(tx, statement))
    }

    /// At a start, once whatever no row names has been destroyed: states the deletions that an end of the program cut off.
    pub(crate) fn deletions_finish(&self) -> anyhow::Result<()> {
        for row in self.store.read(|tx| tx.receipts_due())? {
            let statement =
                serde_json::from_slice(&self.receipt_plain(&row)?).context("a deletion has another form")?;
            self.destroyed(statement)?;
        }
        Ok(())
    }

    /// The hashes of a file; none where it cannot be read any more, because a deletion must not fail for that. The statement
    /// then names the file, its length and its tenant, which is what is known.
    fn chunks_known(&self, file: &StoredFile) -> Vec<String> {
        self.chunks_of(file).unwrap_or_else(|error| {
            tracing::warn!(
                error = format!("{error:#}"),
                "a file that is deleted cannot be read; its hashes stay unknown"
            );
            Vec::new()
        })
    }

    /// The hashes of a file: from the receipt of its upload, or from its bytes where it is older than receipts.
    fn chunks_of(&self, file: &StoredFile) -> anyhow::Result<Vec<String>> {
        let kept = self.store.read(|tx| tx.receipts(&file.workspace_id, &file.file_id))?;
        if let Some(row) = kept.iter().find(|row| row.action == Action::Upload.as_str()) {
            let statement: Statement = serde_json::from_str(&self.receipt_of(row)?.statement)?;
            return Ok(statement.chunks);
        }
        let (mut contents, mut hashes) = (self.contents(file)?, ChunkHashes::default());
        let mut buffer = vec![0; 1 << 18];
        loop {
            match contents.read(&mut buffer)? {
                0 => return Ok(hashes.finish()),
                read => hashes.update(&buffer[..read]),
            }
        }
    }
}
