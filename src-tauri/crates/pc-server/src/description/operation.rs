//! What a table says of one operation.

use pc_protocol::{CompatibleErrorBody, NativeErrorBody, RpcErrorBody};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

/// One method of one path.
pub(super) struct Operation {
    pub api: Api,
    pub method: &'static str,
    pub path: &'static str,
    pub summary: &'static str,
    /// May be left out.
    pub query: &'static [Parameter],
    /// May not.
    pub needed: &'static [Parameter],
    pub body: Body,
    pub answer: Answer,
    /// Statuses of its own, beside those of every operation.
    pub refused: &'static [u16],
}

/// A query parameter.
pub(super) struct Parameter(pub &'static str, pub Kind);

/// What a parameter can be.
pub(super) enum Kind {
    Text,
    Word(&'static [&'static str]),
    Whole(i64, i64),
    Flag,
    Texts,
}

/// Which shapes errors have, and what opens the door.
#[derive(Clone, Copy)]
pub(super) enum Api {
    Native,
    Compatible,
    OpenAi,
    /// OpenAI's organization: an admin key.
    Organization,
    /// The vendor's OpenAPI, signed.
    Vendor,
    /// This cloud's own account calls: signed like the vendor's, refused like the native API.
    Account,
    /// For everybody on this machine.
    Open,
}

pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What is sent.
pub(super) enum Body {
    None,
    Json(Shape),
    /// The file's name in the form, and the text fields.
    Form(&'static str, &'static [&'static str]),
    Bytes,
}

/// What is answered.
pub(super) enum Answer {
    Json(Shape),
    /// One document, or events where they are asked for.
    JsonOrEvents(Shape),
    Events,
    /// All of it, or a range.
    Bytes,
}

/// The shape of a type.
pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// An operation that sends nothing.
pub(super) const fn plain(
    api: Api,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    answer: Answer,
) -> Operation {
    Operation { api, method, path, summary, query: &[], needed: &[], body: Body::None, answer, refused: &[] }
}

impl Operation {
    pub const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    pub const fn needed(self, needed: &'static [Parameter]) -> Self {
        Self { needed, ..self }
    }

    pub const fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    pub const fn refused(self, refused: &'static [u16]) -> Self {
        Self { refused, ..self }
    }

    /// Names in braces.
    pub fn in_path(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
    }

    /// Every status that may be answered in place of the wanted one. Of 5xx only a full disk and a model that cannot
    /// run are foreseen; 500 is a fault and is not described.
    pub fn refusals(&self) -> Vec<u16> {
        let mut all = vec![400, 401, 403, 404, 405, 408, 413, 429, 431];
        if self.method != "get" {
            all.extend([409, 422, 507]);
        }
        all.extend(self.refused);
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Api {
    pub fn name(self) -> &'static str {
        match self {
            Self::Native | Self::Account | Self::Open => "Model Studio",
            Self::Compatible => "OpenAI-compatible",
            Self::OpenAi | Self::Organization => "OpenAI",
            Self::Vendor => "OpenAPI",
        }
    }

    /// The scheme's name; nobody asks for a key where none is needed.
    pub fn security(self) -> &'static str {
        match self {
            Self::Native | Self::Compatible | Self::OpenAi | Self::Open => "key",
            Self::Organization => "admin",
            Self::Vendor | Self::Account => "signature",
        }
    }

    pub fn error(self, generator: &mut SchemaGenerator) -> Schema {
        match self {
            Self::Native | Self::Account | Self::Open => of::<NativeErrorBody>(generator),
            Self::Compatible | Self::OpenAi | Self::Organization => of::<CompatibleErrorBody>(generator),
            Self::Vendor => of::<RpcErrorBody>(generator),
        }
    }
}

impl Kind {
    pub fn schema(&self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Word(words) => json!({"type": "string", "enum": words}),
            Self::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
        }
    }
}
