//! Rules for single files and folders: purpose first, budgets, nothing that belongs to one machine.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::run::{command, output, root};

const FILE_LINES: usize = 600;
const COMPONENT_LINES: usize = 300;
const FUNCTION_LINES: usize = 100;
const FOLDER_FILES: usize = 20;

/// Files that may exceed a budget, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Every broken rule, as `path: what`.
pub fn broken() -> Result<Vec<String>> {
    let listed = output(&mut command("git", &["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut broken = Vec::new();
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for path in listed.lines().filter(|path| is_source(path)) {
        let Ok(text) = std::fs::read_to_string(root().join(path)) else { continue };
        if EXCEPTIONS.iter().any(|(known, _)| *known == path) {
            continue;
        }
        *folders.entry(path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default() += 1;
        broken.extend(judge(path, &text).into_iter().map(|what| format!("{path}: {what}")));
    }
    let full = folders.into_iter().filter(|(_, files)| *files > FOLDER_FILES);
    broken.extend(
        full.map(|(folder, files)| format!("{folder}: {files} files in one folder; {FOLDER_FILES} are allowed")),
    );
    Ok(broken)
}

fn is_source(path: &str) -> bool {
    let ending = Path::new(path).extension().and_then(|e| e.to_str()).unwrap_or_default();
    matches!(ending, "rs" | "ts" | "tsx") && !path.contains("/generated/") && !path.contains("node_modules")
}

fn judge(path: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let opening = if path.ends_with(".rs") { "//!" } else { "/** @file" };
    if !text.trim_start().starts_with(opening) {
        broken.push(format!("does not open with its purpose ({opening})"));
    }
    let lines = text.lines().count();
    let allowed = if path.ends_with(".tsx") { COMPONENT_LINES } else { FILE_LINES };
    if lines > allowed {
        broken.push(format!("{lines} lines; {allowed} are allowed"));
    }
    if path.ends_with(".rs") {
        broken.extend(long_functions(text));
    }
    broken
}

/// Functions by indentation: rustfmt puts a function's closing brace below its opening line.
fn long_functions(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut open: Option<(usize, usize, &str)> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if open.is_none() && is_function(trimmed) && !trimmed.ends_with('}') && !trimmed.ends_with(';') {
            open = Some((indent, number, trimmed));
        } else if let Some((at, start, head)) = open
            && indent == at
            && trimmed.starts_with('}')
        {
            if number - start > FUNCTION_LINES {
                broken.push(format!(
                    "`{}` has {} lines; {FUNCTION_LINES} are allowed",
                    head.trim_end_matches('{'),
                    number - start
                ));
            }
            open = None;
        }
    }
    broken
}

fn is_function(line: &str) -> bool {
    let words = ["pub", "pub(crate)", "pub(super)", "async", "const", "unsafe"];
    let mut rest = line;
    while let Some(next) = words.iter().find_map(|word| rest.strip_prefix(word)?.strip_prefix(' ')) {
        rest = next;
    }
    rest.starts_with("fn ")
}
