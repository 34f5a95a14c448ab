//! Cells out into CSV, so that a spreadsheet shows what they say and runs nothing of it. Every cell is quoted, and one that a
//! spreadsheet would take for a formula has an apostrophe put before it, as OWASP's page on CSV injection advises.

use std::io::{self, Write};

/// What a formula may begin with; the last four are the full-width forms that East Asian input methods write.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Writes rows of cells, UTF-8, commas, CRLF (RFC 4180).
pub struct CsvWriter<W> {
    out: W,
}

impl<W: Write> CsvWriter<W> {
    /// Begins; `mark` puts the byte order mark there by which Excel knows UTF-8.
    pub fn new(mut out: W, mark: bool) -> io::Result<Self> {
        if mark {
            out.write_all(b"\xEF\xBB\xBF")?;
        }
        Ok(Self { out })
    }

    /// Writes one row.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) -> io::Result<()> {
        for (at, cell) in cells.iter().enumerate() {
            let cell = cell.as_ref();
            self.out.write_all(if at == 0 { b"\"" } else { b",\"" })?;
            if cell.starts_with(FORMULA) {
                self.out.write_all(b"'")?;
            }
            self.out.write_all(cell.replace('"', "\"\"").as_bytes())?;
            self.out.write_all(b"\"")?;
        }
        self.out.write_all(b"\r\n")
    }

    /// Flushes, and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
