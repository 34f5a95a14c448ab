//! Chat templates: Jinja as Transformers runs it, so that a published template renders the same text here.
//!
//! A template is untrusted: it runs with bounded fuel and cannot reach anything but what it is given.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use jiff::Zoned;
use minijinja::value::{Kwargs, Value as Jinja};
use minijinja::{Environment, Error, ErrorKind};
use pc_base::{Code, coded};
use serde_json::Value;

use crate::{json_text, python};

/// Bytes that a template's own text may have; the longest published ones have 20,000.
const MAX_SOURCE: usize = 1 << 20;

/// Bytes that one rendering may write.
const MAX_TEXT: usize = 64 << 20;

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
    /// Read once, when it is rendered first: a row of a data set is rendered several times.
    compiled: Arc<OnceLock<Environment<'static>>>,
}

impl ChatTemplate {
    /// `tokens` holds `bos_token`, `eos_token` and their like.
    pub fn new(source: &str, tokens: serde_json::Map<String, Value>) -> Self {
        Self { source: source.to_owned(), tokens, compiled: Arc::default() }
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
        let compiled = self.compiled(refused)?;
        let mut context = self.tokens.clone();
        context.extend(options.variables.clone());
        context.insert("messages".into(), Value::Array(messages.to_vec()));
        context.insert("add_generation_prompt".into(), options.add_generation_prompt.into());
        context.insert("tools".into(), options.tools.clone().unwrap_or(Value::Null));
        context.insert("documents".into(), Value::Null);
        let template = compiled.get_template("chat").map_err(refused)?;
        let mut text = Bounded(Vec::new());
        template.render_captured_to(Jinja::from_serialize(&context), &mut text).map_err(refused)?;
        Ok(String::from_utf8(text.0)?)
    }

    fn compiled(&self, refused: impl Fn(Error) -> anyhow::Error) -> Result<&Environment<'static>> {
        if let Some(compiled) = self.compiled.get() {
            return Ok(compiled);
        }
        if self.source.len() > MAX_SOURCE {
            return Err(coded(Code::TemplateInvalid).with("why", "it is longer than 1 MiB").into());
        }
        // Jinja reads every kind of line end as one newline.
        let source = without_generation_marks(&self.source.replace("\r\n", "\n").replace('\r', "\n"));
        let mut environment = environment();
        environment.add_template_owned("chat", source).map_err(refused)?;
        Ok(self.compiled.get_or_init(|| environment))
    }
}

/// Takes text up to [`MAX_TEXT`], then refuses.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_TEXT {
            return Err(io::Error::other("the text grows beyond 64 MiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
    environment.set_unknown_method_callback(python::method);
    environment.add_filter("tojson", json_text::tojson);
    environment.add_filter("trim", python::trim);
    environment.add_filter("length", python::length);
    environment.add_filter("count", python::length);
    environment.add_test("sequence", python::is_sequence);
    environment.add_test("iterable", python::is_iterable);
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
/// An empty comment in the mark's place keeps its white-space control. Comments that speak of the mark stay as they are.
fn without_generation_marks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        if let Some(comment) = rest[..start].find("{#") {
            let end = rest[comment..].find("#}").map_or(rest.len(), |end| comment + end + 2);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = tag.find("%}").filter(|end| *end >= 2) else {
            out.push_str("{%");
            rest = &tag[2..];
            continue;
        };
        let inner = &tag[2..end];
        let (open, close) = (inner.starts_with(['-', '+']), inner.ends_with(['-', '+']) && inner.len() > 1);
        let word = inner[usize::from(open)..inner.len() - usize::from(close)].trim();
        if matches!(word, "generation" | "endgeneration") {
            out.extend([
                "{#",
                if open { &inner[..1] } else { "" },
                if close { &inner[inner.len() - 1..] } else { "" },
                "#}",
            ]);
            rest = &tag[end + 2..];
        } else {
            out.push_str("{%");
            rest = &tag[2..];
        }
    }
    out.push_str(rest);
    out
}
