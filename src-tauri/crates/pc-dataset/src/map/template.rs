//! Texts with holes for columns.

use pc_base::{Code, Coded, coded};

use super::{column, text_of};
use crate::Record;

/// A text in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Hole { column: String, may_be_empty: bool },
}

impl Template {
    /// Understands a text. [`Code::RecipeTemplateInvalid`] with the 1-based character.
    pub fn parse(text: &str) -> Result<Self, Coded> {
        let wrong = |at: usize| {
            let column = text[..at].chars().count() + 1;
            coded(Code::RecipeTemplateInvalid).with("template", text).with("column", column)
        };
        let (mut pieces, mut words, mut at) = (Vec::new(), String::new(), 0);
        while let Some(found) = text[at..].find(['{', '}']) {
            let brace = at + found;
            words.push_str(&text[at..brace]);
            let rest = &text[brace..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                words.push_str(&rest[..1]);
                at = brace + 2;
                continue;
            }
            let name = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
            let name =
                name.filter(|name| !name.trim().is_empty() && !name.contains('{')).ok_or_else(|| wrong(brace))?;
            at = brace + name.len() + 2;
            if !words.is_empty() {
                pieces.push(Piece::Words(std::mem::take(&mut words)));
            }
            let (column, may_be_empty) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
            pieces.push(Piece::Hole { column: column.to_owned(), may_be_empty });
        }
        words.push_str(&text[at..]);
        if !words.is_empty() {
            pieces.push(Piece::Words(words));
        }
        Ok(Self(pieces))
    }

    /// The text that is exactly one column. One whose name ends with a question mark can only be named as one that may be empty.
    pub fn of_column(name: &str, may_be_empty: bool) -> String {
        format!("{{{name}{}}}", if may_be_empty || name.ends_with('?') { "?" } else { "" })
    }

    /// Whether a column can be named at all.
    pub fn can_name(name: &str) -> bool {
        !name.trim().is_empty() && !name.contains(['{', '}'])
    }

    /// All columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|piece| if let Piece::Hole { column, .. } = piece { Some(column.as_str()) } else { None })
    }

    /// Columns that every row must have.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Hole { column, may_be_empty: false } => Some(column.as_str()),
            _ => None,
        })
    }

    /// The text for a row, its values trimmed unless spaces are kept. [`Code::RowCellEmpty`], [`Code::RowColumnMissing`].
    pub fn fill(&self, record: &Record, keep_spaces: bool) -> Result<String, Coded> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => text.push_str(words),
                Piece::Hole { column: name, may_be_empty: true } => {
                    let value = record.get(name).map(text_of).unwrap_or_default();
                    text.push_str(if keep_spaces { &value } else { value.trim() });
                }
                Piece::Hole { column: name, may_be_empty: false } => {
                    let value = text_of(column(record, name)?);
                    if value.trim().is_empty() {
                        return Err(coded(Code::RowCellEmpty).with("column", name));
                    }
                    text.push_str(if keep_spaces { &value } else { value.trim() });
                }
            }
        }
        Ok(if keep_spaces { text } else { text.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn record(cells: &[(&str, &str)]) -> Record {
        Record {
            at: 3,
            names: cells.iter().map(|(name, _)| (*name).to_owned()).collect(),
            values: cells.iter().map(|(_, value)| Value::from(*value)).collect(),
        }
    }

    #[test]
    fn holes_are_filled_and_braces_can_be_written() {
        let template = Template::parse("{{json}} {问题}\n{补充?}").expect("it is right");
        let row = record(&[("问题", " 几点退房？ "), ("补充", "")]);
        assert_eq!(template.fill(&row, false).ok().as_deref(), Some("{json} 几点退房？"), "the empty end is trimmed");
        assert_eq!(template.fill(&row, true).ok().as_deref(), Some("{json}  几点退房？ \n"));
        assert_eq!(template.required().collect::<Vec<_>>(), ["问题"]);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place_or_its_column() {
        for (text, column) in [("a{", "2"), ("字}", "2"), ("{}", "1"), ("{a{b}", "1")] {
            let error = Template::parse(text).expect_err("it is wrong");
            assert_eq!((error.code, error.values["column"].as_str()), (Code::RecipeTemplateInvalid, column), "{text}");
        }
        let template = Template::parse("{a}{b}").expect("it is right");
        let code = |row: &Record| template.fill(row, false).expect_err("something is missing").code;
        assert_eq!(code(&record(&[("a", "1"), ("b", " ")])), Code::RowCellEmpty);
        assert_eq!(code(&record(&[("a", "1")])), Code::RowColumnMissing);
    }
}
