//! The documents of what a path names: itself, or those below a folder or in an archive. Deliberately absent: what they say.

use std::path::Path;

use crate::read::{Input, inputs_ending};

/// What a document's name may end in, to be taken out of a folder or an archive.
const ENDINGS: &[&str] = &["md", "markdown", "txt", "html", "htm", "xhtml", "pdf", "docx"];

/// A document on the disk or in an archive.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) input: Input,
    name: String,
}

impl Document {
    /// One file, whatever its name ends in.
    pub fn file(path: &Path) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self { input: Input::File(path.to_owned()), name }
    }

    /// Its name for people: below a folder or in an archive with its place there, and never a path of this machine.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// All documents, in the order of their names. `Code::SourceEmpty` where a folder or an archive has none, and the codes of
/// archives that cannot be trusted.
pub fn documents(path: &Path) -> anyhow::Result<Vec<Document>> {
    let named = |input: Input| match input {
        Input::File(file) if file == path => Document::file(path),
        Input::File(file) => {
            let below = file.strip_prefix(path).unwrap_or(&file);
            let parts = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>();
            Document { name: parts.join("/"), input: Input::File(file) }
        }
        Input::Member { ref name, .. } => Document { name: name.clone(), input },
    };
    Ok(inputs_ending(path, ENDINGS)?.into_iter().map(named).collect())
}
