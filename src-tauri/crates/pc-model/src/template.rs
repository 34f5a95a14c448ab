//! Chat templates: Jinja as Transformers runs it, so that a published template renders the same text here.
//!
//! A template is untrusted: it runs with bounded fuel and cannot reach anything but what it is given.

use anyhow::Result;
use jiff::Zoned;
use minijinja::value::{Kwargs, Value as Jinja};
use minijinja::{Environment, Error, ErrorKind};
use pc_base::{Code, coded};
use serde_json::Value;

use crate::python;

/// Instructions that one rendering may take: thousands of turns fit, an endless loop does not.
const FUEL: u64 = 20_000_000;

/// What a rendering is given beside the messages.
#[derive(Clone, Debug, Default)]
pub struct RenderOptions {
    /// End with the opening of an assistant's turn.
    pub add_generation_prompt: bool,
    /// Tool definitions, as the wire has them.
    pub tools: Option<Value>,
    /// Further variables, such as `enable_thinking`.
    pub variables: serde_json::Map<String, Value>,
}

/// A template with the special tokens that it may write.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    source: String,
    tokens: serde_json::Map<String, Value>,
}

impl ChatTemplate {
    /// `tokens` holds `bos_token`, `eos_token` and their like.
    pub fn new(source: &str, tokens: serde_json::Map<String, Value>) -> Self {
        Self { source: source.to_owned(), tokens }
    }

    /// The template's own text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The special tokens that it may write.
    pub fn tokens(&self) -> &serde_json::Map<String, Value> {
        &self.tokens
    }

    /// Renders messages in their wire shape.
    pub fn render(&self, messages: &[Value], options: &RenderOptions) -> Result<String> {
        let refused = |error: Error| {
            let why = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
            anyhow::Error::new(error).context(coded(Code::TemplateInvalid).with("why", why))
        };
        let source = without_generation_marks(&self.source);
        let mut environment = environment();
        environment.add_template("chat", &source).map_err(refused)?;
        let mut context = self.tokens.clone();
        context.extend(options.variables.clone());
        context.insert("messages".into(), Value::Array(messages.to_vec()));
        context.insert("add_generation_prompt".into(), options.add_generation_prompt.into());
        context.insert("tools".into(), options.tools.clone().unwrap_or(Value::Null));
        context.insert("documents".into(), Value::Null);
        let template = environment.get_template("chat").map_err(refused)?;
        template.render(Jinja::from_serialize(&context)).map_err(refused)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(false);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(python::format);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("tojson", python::tojson);
    environment.add_filter("string", |value: Jinja| python::text(&value));
    environment.add_function("raise_exception", |message: String| -> Result<Jinja, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_function("strftime_now", |format: String, _: Kwargs| -> Result<String, Error> {
        jiff::fmt::strtime::format(&format, &Zoned::now())
            .map_err(|e| Error::new(ErrorKind::InvalidOperation, e.to_string()))
    });
    environment
}

/// Transformers marks the assistant's text with `{% generation %}` for its own loss mask; the text is the same without.
fn without_generation_marks(source: &str) -> String {
    let mut out = source.to_owned();
    for mark in ["generation", "endgeneration"] {
        for (open, close) in [("{%-", "-%}"), ("{%-", "%}"), ("{%", "-%}"), ("{%", "%}")] {
            // An empty comment keeps the mark's white-space control.
            let comment = format!("{}{}", open.replace('%', "#"), close.replace('%', "#"));
            out = out.replace(&format!("{open} {mark} {close}"), &comment);
        }
    }
    out
}
