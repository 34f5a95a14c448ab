//! What can be told of a statement before a server sees it. The server is the judge of what reads and what writes; here only
//! what it would not mind: in MySQL some statements that are not queries answer with rows. Deliberately absent: a parser.

use anyhow::Result;
use pc_base::{Code, coded};

/// First words of the statements that only ask.
const QUERIES: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE"];

/// Refuses what cannot be sent at all.
pub(crate) fn sendable(sql: &str) -> Result<()> {
    if sql.contains('\0') {
        return Err(coded(Code::SourceQueryInvalid).with("why", "U+0000").into());
    }
    if first_word(sql).is_none() {
        return Err(not_a_query(sql).into());
    }
    Ok(())
}

/// Refuses what does not begin like a query.
pub(crate) fn query(sql: &str) -> Result<()> {
    let asks = first_word(sql).is_some_and(|word| QUERIES.iter().any(|known| known.eq_ignore_ascii_case(word)));
    if asks { Ok(()) } else { Err(not_a_query(sql).into()) }
}

/// The refusal of a statement that is not a query, with its first word.
pub(crate) fn not_a_query(sql: &str) -> pc_base::Coded {
    let word: String = first_word(sql).unwrap_or_default().chars().take(40).collect();
    coded(Code::SourceNotAQuery).with("found", word.to_uppercase())
}

/// The first word after blanks, comments and opening brackets, as MySQL reads them: comments do not nest, and an executable
/// one is not a word.
fn first_word(sql: &str) -> Option<&str> {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        if let Some(comment) = rest.strip_prefix("--").or_else(|| rest.strip_prefix('#')) {
            rest = comment.split_once('\n')?.1;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            if comment.starts_with('!') || comment.starts_with("M!") {
                return None;
            }
            rest = comment.split_once("*/")?.1;
        } else {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            return Some(&rest[..end]).filter(|word| !word.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_like_a_query_passes() {
        for sql in [
            "select 1",
            "  (\n(SELECT 1) UNION (SELECT 2))",
            "-- note\n/* a */ With x as (select 1) select * from x",
            "# note\nVALUES (1)",
            "table t",
        ] {
            query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        for sql in
            ["", "--", "/* open", "INSERT INTO t VALUES (1)", "selected", "/*!50000 SELECT */ 1", "/*M! x */ SELECT 1"]
        {
            query(sql).expect_err(sql);
        }
    }

    #[test]
    fn the_refusal_names_the_word() {
        let error = query("/* x */ delete from t").unwrap_err();
        assert!(error.to_string().contains("DELETE"), "{error}");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_a_server_sees_it() {
        assert!(sendable("SELECT 'a\0b'").is_err(), "no protocol carries this character in a statement");
        assert!(sendable(" ;").is_err(), "an empty statement asks nothing");
        assert!(sendable("SELECT 1").is_ok());
    }
}
