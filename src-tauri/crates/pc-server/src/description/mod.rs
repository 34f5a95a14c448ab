//! What this cloud answers, as an OpenAPI 3.1 document: paths and statuses from the tables beside this file, shapes from
//! the wire's own types. A test holds the tables to the router. Deliberately absent: what a real cloud says of itself.

mod native;
mod openai;
mod operation;
mod vendor;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use operation::{Answer, Body, Kind, Operation, Parameter};

/// Where the document is; it needs no key.
pub const PATH: &str = "/api/v1/extensions/openapi.json";

/// The whole document.
pub(crate) fn document() -> Value {
    let mut generators = Generators::new();
    let mut paths = Map::new();
    for operation in all() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(operation, &mut generators);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Embedded cloud",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Model Studio's wire protocol, the OpenAI-compatible one, OpenAI's surface and the vendor's OpenAPI on this machine.",
        },
        "paths": paths,
        "components": {"securitySchemes": {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key of a workspace."},
            "admin": {"type": "http", "scheme": "bearer", "description": "The admin API key."},
            "signature": {
                "type": "apiKey", "in": "header", "name": "Authorization",
                "description": "ACS3-HMAC-SHA256 with an AccessKey pair; x-acs-* headers are signed.",
            },
        }},
    })
}

fn all() -> impl Iterator<Item = &'static Operation> {
    native::OPERATIONS.iter().chain(openai::OPERATIONS).chain(vendor::OPERATIONS)
}

/// What is sent and what is answered have shapes of their own: a field that may be left out is always answered.
struct Generators {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Generators {
    fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        Self {
            sent: settings.clone().for_deserialize().into_generator(),
            answered: settings.for_serialize().into_generator(),
        }
    }
}

fn described(operation: &Operation, generators: &mut Generators) -> Value {
    let mut parameters: Vec<Value> =
        operation.in_path().map(|name| parameter(name, "path", true, &Kind::Text)).collect();
    parameters.extend(operation.query.iter().map(|Parameter(name, kind)| parameter(name, "query", false, kind)));
    parameters.extend(operation.needed.iter().map(|Parameter(name, kind)| parameter(name, "query", true, kind)));
    let mut responses = Map::new();
    for (status, content) in answers(&operation.answer, generators) {
        responses.insert(status.to_owned(), json!({"description": "Done.", "content": content}));
    }
    for status in operation.refusals() {
        let content = json!({"application/json": {"schema": operation.api.error(&mut generators.answered)}});
        responses.insert(status.to_string(), json!({"description": "Refused.", "content": content}));
    }
    let mut described = json!({
        "summary": operation.summary,
        "tags": [operation.api.name()],
        "security": [{operation.api.security(): []}],
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(content) = content(&operation.body, generators) {
        described["requestBody"] = json!({"required": true, "content": content});
    }
    described
}

fn parameter(name: &str, place: &str, required: bool, kind: &Kind) -> Value {
    json!({"name": name, "in": place, "required": required, "schema": kind.schema()})
}

fn content(body: &Body, generators: &mut Generators) -> Option<Value> {
    let file = json!({"type": "string", "contentMediaType": "application/octet-stream"});
    match body {
        Body::None => None,
        Body::Json(schema) => Some(json!({"application/json": {"schema": schema(&mut generators.sent)}})),
        Body::Form(file_name, texts) => {
            let mut properties = Map::from_iter([((*file_name).to_owned(), file)]);
            properties.extend(texts.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))));
            let schema = json!({"type": "object", "properties": properties, "required": [file_name]});
            Some(json!({"multipart/form-data": {"schema": schema}}))
        }
        Body::Bytes => Some(json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})),
    }
}

fn answers(answer: &Answer, generators: &mut Generators) -> Vec<(&'static str, Value)> {
    let bytes = json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}});
    let event = json!({"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]});
    let events = json!({"schema": event});
    match answer {
        Answer::Json(schema) => {
            vec![("200", json!({"application/json": {"schema": schema(&mut generators.answered)}}))]
        }
        Answer::JsonOrEvents(schema) => {
            let whole = json!({"schema": schema(&mut generators.answered)});
            vec![("200", json!({"application/json": whole, "text/event-stream": events}))]
        }
        Answer::Events => vec![("200", json!({"text/event-stream": events}))],
        Answer::Bytes => vec![("200", bytes.clone()), ("206", bytes)],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The routers' own sources, each with the path that it is nested below.
    const ROUTERS: &[(&str, &[(&str, &str)])] = &[
        (include_str!("../routes/mod.rs"), &[("fn native()", "/api/v1"), ("fn compatible()", "/compatible-mode/v1")]),
        (include_str!("../routes/openai/mod.rs"), &[("fn router()", "/v1")]),
        (include_str!("../routes/openapi/mod.rs"), &[("fn router()", "")]),
    ];

    /// `METHOD path` of every `.route("path", get(…).post(…))` in a function's text.
    fn routed(source: &str, function: &str, below: &str) -> BTreeSet<String> {
        let text = &source[source.find(function).expect("the function is there")..];
        let text = &text[..text.find("\n}\n").expect("it ends")];
        let mut found = BTreeSet::new();
        for route in text.split(".route(").skip(1) {
            let mut parts = route.splitn(3, '"');
            let (path, handlers) = (parts.nth(1).expect("a path"), parts.next().expect("handlers"));
            for method in ["get", "post", "put", "delete"] {
                let named = |before: char| handlers.contains(&format!("{before}{method}("));
                if named(' ') || named('.') || named(':') {
                    found.insert(format!("{method} {below}{path}"));
                }
            }
        }
        found
    }

    #[test]
    fn every_route_is_described_and_every_description_is_a_route() {
        let mut routes = BTreeSet::new();
        for (source, functions) in ROUTERS {
            for (function, below) in *functions {
                routes.extend(routed(source, function, below));
            }
        }
        let described: BTreeSet<String> = all().map(|one| format!("{} {}", one.method, one.path)).collect();
        assert!(routes.len() > 60, "the sources were read: {routes:?}");
        assert_eq!(described, routes);
    }

    #[test]
    fn answers_have_the_shapes_of_the_wires_types() {
        let document = document();
        let answer = &document["paths"]["/api/v1/fine-tunes/{id}"]["get"]["responses"]["200"];
        let output = &answer["content"]["application/json"]["schema"]["properties"]["output"];
        assert_eq!(output["properties"]["job_id"]["type"], "string");
        let required = output["required"].as_array().unwrap();
        assert!(required.iter().any(|name| name == "status"), "what is always answered is required: {required:?}");
    }
}
