//! The window's own words, read from its catalogues, so that one flow runs in every language and a better wording breaks no
//! test.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One language's catalogue.
pub struct Words(Value);

impl Words {
    /// The catalogue of `en` or `zh`. It is TypeScript, so Node.js reads it: the text after `=` is an object literal, whose parts
    /// may be in files of their own that it imports.
    pub fn load(language: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../ui/src/i18n/{language}.ts"));
        let script = "const { readFileSync } = require('fs'); const { dirname, join } = require('path');\
            const read = (file) => { const text = readFileSync(file, 'utf8');\
                const imports = [...text.matchAll(/^import \\{ (\\w+) \\} from '(\\..+)';/gm)];\
                const parts = imports.map(([, , from]) => read(join(dirname(file), from + '.ts')));\
                const literal = text.slice(text.indexOf('= {') + 1, text.lastIndexOf('}') + 1);\
                return new Function(...imports.map(([, name]) => name), 'return ' + literal)(...parts); };\
            console.log(JSON.stringify(read(process.argv[1])));";
        let output = Command::new("node").args(["-e", script]).arg(&file).output().expect("Node.js can be started");
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        Self(serde_json::from_slice(&output.stdout).expect("a catalogue is an object"))
    }

    /// The words of a key such as `datasets.upload`.
    pub fn get(&self, key: &str) -> &str {
        let found = key.split('.').try_fold(&self.0, |at, part| at.get(part)).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("the catalogue has no words for {key}"))
    }

    /// As [`Self::get`], with the values that the words name.
    pub fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let fill = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{{{name}}}}}"), value);
        values.iter().fold(self.get(key).to_owned(), fill)
    }

    /// A name for [`crate::screen::Screen`] that has these words as a part.
    pub fn part(&self, key: &str) -> String {
        format!("~{}", self.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_catalogues_can_be_read_and_filled() {
        for language in ["en", "zh"] {
            let words = Words::load(language);
            assert!(!words.get("nav.datasets").is_empty());
            assert!(words.with("command.go", &[("page", "X")]).contains('X'), "the value is put in");
        }
    }
}
