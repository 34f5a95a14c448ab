//! Aligned columns of text. A Chinese character is two columns wide on a terminal, so widths are counted, not characters.

use unicode_width::UnicodeWidthStr as _;

/// Between two columns.
const GAP: &str = "  ";

/// A heading and to which side its cells lean.
#[derive(Clone, Copy)]
pub struct Column<'a> {
    heading: &'a str,
    right: bool,
}

/// Text leans left.
pub fn text(heading: &str) -> Column<'_> {
    Column { heading, right: false }
}

/// Numbers lean right, so that their digits stand below each other.
pub fn number(heading: &str) -> Column<'_> {
    Column { heading, right: true }
}

/// Headings, a rule and the rows; nothing ends in spaces. A row that lacks cells has empty ones.
pub fn table(columns: &[Column<'_>], rows: &[Vec<String>]) -> String {
    let width = |at: usize, column: &Column<'_>| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        cells.chain([column.heading.width()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(at, column)| width(at, column)).collect();
    let line = |cell: &dyn Fn(usize) -> String| {
        let mut line = String::new();
        for (at, column) in columns.iter().enumerate() {
            let cell = cell(at);
            let space = " ".repeat(widths[at].saturating_sub(cell.width()));
            let padded = if column.right { space + &cell } else { cell + &space };
            line += if at == 0 { "" } else { GAP };
            line += &padded;
        }
        line.trim_end().to_owned()
    };
    let mut lines = Vec::with_capacity(rows.len() + 2);
    if columns.iter().any(|column| !column.heading.is_empty()) {
        lines.push(line(&|at| columns[at].heading.to_owned()));
        lines.push(line(&|at| "─".repeat(widths[at])));
    }
    // A line break inside a cell would break the table; a name may hold one.
    let flat = |cell: &String| cell.replace(['\n', '\r', '\t'], " ");
    lines.extend(rows.iter().map(|row| line(&|at| row.get(at).map(flat).unwrap_or_default())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_keep_the_columns_straight() {
        let rows = vec![vec!["酒店.jsonl".into(), "1,234".into()], vec!["a".into(), "5".into()]];
        let shown = table(&[text("名称"), number("行")], &rows);
        assert_eq!(
            shown, "名称           行\n──────────  ─────\n酒店.jsonl  1,234\na               5",
            "ten columns for 酒店.jsonl: two characters count double"
        );
        assert!(shown.lines().skip(1).all(|line| line.width() == 17), "every full line is as wide as the rule");
    }

    #[test]
    fn without_headings_there_is_no_rule_and_a_short_row_is_filled() {
        assert_eq!(table(&[text(""), text("")], &[vec!["a\nb".into()], vec!["c".into(), "d".into()]]), "a b\nc    d");
    }
}
